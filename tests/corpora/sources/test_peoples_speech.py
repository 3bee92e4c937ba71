"""The lists and unpacked archives of MLCommons, and lhotse's recipe on the same tree."""

import json

import pytest
from lhotse.recipes.peoples_speech import prepare_peoples_speech

from lib.corpora.sources.peoples_speech import PARTS, read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone


def tree(folder, parts=tuple(PARTS)):
    """Two recordings a part, of one and of two clips."""
    for part in parts:
        lines = []
        for recording, clips in (("meeting_DOT_mp3", 1), ("talk_DOT_mp3", 2)):
            names = [f"{recording}_{number:05}.flac" for number in range(clips)]
            for name in names:
                tone(folder / part / name)
            texts = [f" {part} {name} " for name in names]
            data = {"duration_ms": [500] * clips, "label": texts, "name": [f"./{name}" for name in names]}
            ids = {"audio_document_id": f"{recording}.mp3", "identifier": recording, "text_document_id": f"{recording}.srt"}
            lines.append(json.dumps(ids | {"training_data": data}) + "\n")
        (folder / f"{part}.json").write_text("".join(lines), encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path)))
    assert len(said) == 18 and len({u.id for u in said}) == 18
    assert said[2].id == "clean-talk_DOT_mp3_00001" and said[2].origin == "train/clean.json:2" and said[2].audio.exists()
    assert said[2].seconds == 0.5 and said[2].start is None and said[2].speaker == "" and said[2].language == "eng"
    assert said[2].texts == {"eng": "train/clean talk_DOT_mp3_00001.flac"}
    licences = {u.id.partition("-")[0]: (u.split, u.licence) for u in said}
    assert licences["clean"] == licences["dirty"] == ("train", "CC-BY-4.0")
    assert licences["clean_sa"] == licences["dirty_sa"] == ("train", "")
    assert licences["validation"] == ("dev", "") and licences["test"] == ("test", "")


def test_one_part_with_broken_lines(tmp_path):
    tree(tmp_path, ["train/clean"])
    path = tmp_path / "train" / "clean.json"
    short = '{"training_data": {"duration_ms": [1], "label": ["one", "two"], "name": ["a.flac"]}}'
    path.write_text(path.read_text()[:-9] + "\n" + short + "\n")
    found = list(read(tmp_path))
    broken = [entry for entry in found if isinstance(entry, Finding)]
    assert [(f.step, f.origin, f.outcome) for f in broken] == [("list", f"train/clean.json:{n}", "dropped") for n in (2, 3)]
    assert [u.id for u in found if isinstance(u, Utterance)] == ["clean-meeting_DOT_mp3_00000"]
    assert list(read(tmp_path, spoken="deu")) == []


def test_missing_says_what_to_do(tmp_path):
    with pytest.raises(NotObtained, match="train/clean"):
        list(read(tmp_path))
    tree(tmp_path, ["test/test"])
    for clip in (tmp_path / "test" / "test").glob("*.flac"):
        clip.rename(clip.with_suffix(".tar"))
    with pytest.raises(NotObtained, match="unpack the .tar archives of test/test"):
        list(read(tmp_path))


def test_lhotse_reads_the_same(tmp_path):
    peer = prepare_peoples_speech(tree(tmp_path), num_jobs=1)
    theirs = [(part, s.id, s.text.strip(), s.duration) for part in PARTS for s in peer[part]["supervisions"]]
    ours = []
    for u in read(tmp_path):
        name, _, clip = u.id.partition("-")
        ours.append((f"{u.origin.partition('/')[0]}/{name}", clip, u.texts["eng"], u.seconds))
    assert ours == theirs
