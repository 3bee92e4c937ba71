"""The archive v1.1 of Europarl-ST, its audio as published and converted."""

import shutil
import subprocess

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.europarl_st import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

SPEAKERS = {
    "es.20080924.31.3-243": "http://purl.org/linkedpolitics/EUmember_21918",
    "es.20080924.4.3-018": "EUmember_7",
}
SEGMENTS = [
    "es.20080924.31.3-243 0.00 0.40",
    "es.20080924.31.3-243 0.50 0.75",
    "es.20080924.4.3-018 0.10 0.30",
]


def tree(folder, source="es", target="en"):
    home = folder / "v1.1" / source
    for part in ("train", "dev", "test", "train-noisy"):
        files = {
            "speeches.lst": SPEAKERS,
            "speakers.lst": SPEAKERS.values(),
            "segments.lst": SEGMENTS,
            f"segments.{source}": [f"{part} {source} {n}" for n in range(3)],
            f"segments.{target}": [f"{part} {target} {n}" for n in range(3)],
        }
        (home / target / part).mkdir(parents=True)
        for name, lines in files.items():
            content = "".join(f"{line}\n" for line in lines)
            (home / target / part / name).write_text(content, encoding="utf-8")
    tone(home / "audios" / "es.20080924.31.3-243.wav", seconds=1.0)
    (home / "audios" / "es.20080924.4.3-018.m4a").touch()
    return folder


def test_published_layout(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert [u.split for u in utterances] == ["train"] * 3 + ["dev"] * 3 + ["test"] * 3
    second, third = utterances[1:3]
    assert second.id == "es-en-es.20080924.31.3-243_1"
    assert (second.start, second.seconds, second.language) == (0.5, 0.25, "spa")
    assert second.texts == {"spa": "train es 1", "eng": "train en 1"}
    assert second.origin == "v1.1/es/en/train/segments.lst:2"
    assert [second.speaker, third.speaker] == list(SPEAKERS.values())
    assert second.licence == ""


def test_converted_audio_is_preferred(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert [u.audio.suffix for u in utterances[1:3]] == [".wav", ".m4a"]
    assert all(u.audio.exists() for u in utterances)


def test_languages_chosen_and_unknown(tmp_path):
    tree(tree(tree(tmp_path), target="de"), target="pl")
    utterances, (unknown,) = separate(read(tmp_path))
    assert {u.id[:5] for u in utterances} == {"es-en", "es-de"}
    assert "'pl'" in unknown.problem
    chosen, _ = separate(read(tmp_path, "spa", "deu"))
    assert {tuple(u.texts) for u in chosen} == {("spa", "deu")}


def test_missing_language(tmp_path):
    with pytest.raises(NotObtained, match=r"v1.1/deu/\*/\*/segments.lst"):
        list(read(tree(tmp_path), spoken="deu"))


def part(folder, name):
    return tree(folder) / "v1.1" / "es" / "en" / name


def test_broken_segment_is_dropped(tmp_path):
    lines = [SEGMENTS[0], "es.20080924.31.3-243 0.5", SEGMENTS[2]]
    (part(tmp_path, "train") / "segments.lst").write_text("\n".join(lines) + "\n")
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("cut", "v1.1/es/en/train/segments.lst:2", "dropped")]
    assert sum(u.split == "train" for u in utterances) == 2


def test_a_speech_whose_name_no_file_can_have_is_left_to_curation(tmp_path):
    lines = [f"{'x' * 300} 0.1 0.2", *SEGMENTS[1:]]
    (part(tmp_path, "train") / "segments.lst").write_text("\n".join(lines) + "\n")
    assert next(iter(read(tmp_path))).audio.name == f"{'x' * 300}.m4a"


def test_texts_of_another_length_are_dropped(tmp_path):
    (part(tmp_path, "dev") / "segments.en").write_text("too short\n")
    utterances, findings = separate(read(tmp_path))
    origins = [f"v1.1/es/en/dev/segments.lst:{line}" for line in (1, 2, 3)]
    assert summaries(findings) == [("parallel lines", origin, "dropped") for origin in origins]
    assert "dev" not in {u.split for u in utterances}


def test_without_speakers_the_sentences_are_kept(tmp_path):
    (part(tmp_path, "test") / "speakers.lst").write_text("EUmember_1\n")
    utterances, findings = separate(read(tmp_path))
    origins = [f"v1.1/es/en/test/speeches.lst:{line}" for line in (1, 2)]
    assert summaries(findings) == [("parallel lines", origin, "noted") for origin in origins]
    assert [u.speaker for u in utterances if u.split == "test"] == [""] * 3


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="must hold the unpacked v1.1/"):
        list(read(tmp_path))


def test_packed_archive(tmp_path):
    (tmp_path / "v1.1.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack .*/v1.1.tar.gz"):
        list(read(tmp_path))


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_command_of_the_card_converts_the_audio(tmp_path):
    home = tree(tmp_path) / "v1.1" / "es" / "audios"
    source, published = home / "es.20080924.31.3-243.wav", home / "es.20080924.4.3-018.m4a"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-i", source, published], check=True)
    command = read_card("europarl_st").obtain.partition("```\n")[2].partition("```")[0]
    subprocess.run(["bash", "-ec", command], cwd=tmp_path, check=True)
    assert not published.exists()
    assert {u.audio.suffix for u in read(tmp_path)} == {".wav"}
