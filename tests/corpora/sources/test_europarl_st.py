"""The archive v1.1 of Europarl-ST, its sound as published and converted."""

import shutil
import subprocess

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.europarl_st import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

SPEECHES = {"es.20080924.31.3-243": "http://purl.org/linkedpolitics/EUmember_21918", "es.20080924.4.3-018": "EUmember_7"}
CUTS = ["es.20080924.31.3-243 0.00 0.40", "es.20080924.31.3-243 0.50 0.75", "es.20080924.4.3-018 0.10 0.30"]


def tree(folder, source="es", target="en"):
    home = folder / "v1.1" / source
    for part in ("train", "dev", "test", "train-noisy"):
        texts = {f"segments.{code}": [f"{part} {code} {n}" for n in range(3)] for code in (source, target)}
        for name, lines in {"speeches.lst": SPEECHES, "speakers.lst": SPEECHES.values(), "segments.lst": CUTS, **texts}.items():
            path = home / target / part / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    tone(home / "audios" / "es.20080924.31.3-243.wav", seconds=1.0)
    (home / "audios" / "es.20080924.4.3-018.m4a").touch()
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path)))
    assert [u.split for u in said] == ["train"] * 3 + ["dev"] * 3 + ["test"] * 3 and said[1].id == "es-en-es.20080924.31.3-243_1"
    assert (said[1].start, said[1].seconds, said[1].language) == (0.5, 0.25, "spa")
    assert said[1].texts == {"spa": "train es 1", "eng": "train en 1"} and said[1].origin == "v1.1/es/en/train/segments.lst:2"
    assert [u.speaker for u in said[1:3]] == list(SPEECHES.values()) and said[1].licence == ""
    assert [u.audio.suffix for u in said[1:3]] == [".wav", ".m4a"] and all(u.audio.exists() for u in said)


def test_languages_chosen_and_unknown(tmp_path):
    tree(tree(tree(tmp_path), target="de"), target="pl")
    assert {u.id[:5] for u in read(tmp_path) if isinstance(u, Utterance)} == {"es-en", "es-de"}
    assert ["'pl'" in f.what for f in read(tmp_path) if isinstance(f, Finding)] == [True]
    assert {tuple(u.texts) for u in read(tmp_path, "spa", "deu") if isinstance(u, Utterance)} == {("spa", "deu")}
    with pytest.raises(NotObtained, match=r"v1.1/deu/\*/\*/segments.lst"):
        list(read(tmp_path, spoken="deu"))


def test_broken_lines(tmp_path):
    home = tree(tmp_path) / "v1.1" / "es" / "en"
    (home / "train" / "segments.lst").write_text("\n".join([CUTS[0], "es.20080924.31.3-243 0.5", CUTS[2]]) + "\n")
    (home / "dev" / "segments.en").write_text("too short\n")
    (home / "test" / "speakers.lst").write_text("EUmember_1\n")
    found = list(read(tmp_path))
    assert [(f.step, f.origin, f.outcome) for f in found if isinstance(f, Finding)] == [
        ("cut", "v1.1/es/en/train/segments.lst:2", "dropped"),
        *[("parallel lines", f"v1.1/es/en/dev/segments.lst:{line}", "dropped") for line in (1, 2, 3)],
        *[("parallel lines", f"v1.1/es/en/test/speeches.lst:{line}", "noted") for line in (1, 2)],
    ]
    said = [(u.split, u.speaker != "") for u in found if isinstance(u, Utterance)]
    assert said == [("train", True)] * 2 + [("test", False)] * 3


def test_missing_folder_says_what_it_must_be(tmp_path):
    with pytest.raises(NotObtained, match="must hold the unpacked v1.1/"):
        list(read(tmp_path))
    (tmp_path / "v1.1.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack v1.1.tar.gz"):
        list(read(tmp_path))


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_command_of_the_card_converts_the_sound(tmp_path):
    home = tree(tmp_path) / "v1.1" / "es" / "audios"
    source, published = home / "es.20080924.31.3-243.wav", home / "es.20080924.4.3-018.m4a"
    subprocess.run(["ffmpeg", "-loglevel", "error", "-y", "-i", source, published], check=True)
    command = read_card("europarl_st").obtain.partition("```\n")[2].partition("```")[0]
    subprocess.run(["bash", "-ec", command], cwd=tmp_path, check=True)
    assert not published.exists() and {u.audio.suffix for u in read(tmp_path)} == {".wav"}
