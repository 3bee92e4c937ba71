"""The lists and unpacked archives of MLCommons, and lhotse's recipe on the same tree."""

import json

import pytest
from lhotse.recipes.peoples_speech import prepare_peoples_speech

from lib.corpora.sources.peoples_speech import PARTS, read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone


def tree(folder, parts=tuple(PARTS)):
    """Two recordings a part, of one and of two clips."""
    for part in parts:
        lines = []
        for recording, clips in (("meeting_DOT_mp3", 1), ("talk_DOT_mp3", 2)):
            names = [f"{recording}_{number:05}.flac" for number in range(clips)]
            for name in names:
                tone(folder / part / name)
            row = {
                "audio_document_id": f"{recording}.mp3",
                "identifier": recording,
                "text_document_id": f"{recording}.srt",
                "training_data": {
                    "duration_ms": [500] * clips,
                    "label": [f" {part} {name} " for name in names],
                    "name": [f"./{name}" for name in names],
                },
            }
            lines.append(json.dumps(row) + "\n")
        (folder / f"{part}.json").write_text("".join(lines), encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert len({u.id for u in utterances}) == 18
    third = utterances[2]
    assert third.id == "clean-talk_DOT_mp3_00001"
    assert third.origin == "train/clean.json:2"
    assert third.audio.exists()
    assert (third.seconds, third.start) == (0.5, None)
    assert (third.speaker, third.language) == ("", "eng")
    assert third.texts == {"eng": "train/clean talk_DOT_mp3_00001.flac"}


def test_splits_and_licences_of_parts(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert {u.id.partition("-")[0]: (u.split, u.licence) for u in utterances} == {
        "clean": ("train", "CC-BY-4.0"),
        "clean_sa": ("train", ""),
        "dirty": ("train", "CC-BY-4.0"),
        "dirty_sa": ("train", ""),
        "validation": ("dev", ""),
        "test": ("test", ""),
    }


def test_only_english_is_spoken(tmp_path):
    assert list(read(tree(tmp_path, ["test/test"]), spoken="deu")) == []


def test_broken_lines_are_dropped(tmp_path):
    path = tree(tmp_path, ["train/clean"]) / "train" / "clean.json"
    uneven = {"duration_ms": [1], "label": ["one", "two"], "name": ["a.flac"]}
    number = {"duration_ms": [1], "label": [1], "name": ["a.flac"]}
    huge = {"duration_ms": [10**400], "label": ["one"], "name": ["a.flac"]}
    rows = [json.dumps({"training_data": data}) for data in (uneven, number, huge)]
    path.write_text("\n".join((path.read_text()[:-9], *rows, "[" * 100_000)) + "\n")
    utterances, findings = separate(read(tmp_path))
    origins = [f"train/clean.json:{line}" for line in range(2, 7)]
    assert summaries(findings) == [("list", origin, "dropped") for origin in origins]
    assert [u.id for u in utterances] == ["clean-meeting_DOT_mp3_00000"]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="train/clean"):
        list(read(tmp_path))


def test_packed_part(tmp_path):
    tree(tmp_path, ["test/test"])
    for clip in (tmp_path / "test" / "test").glob("*.flac"):
        clip.rename(clip.with_suffix(".tar"))
    with pytest.raises(NotObtained, match="unpack the .tar archives of test/test"):
        list(read(tmp_path))


def test_lhotse_reads_the_same(tmp_path):
    manifests = prepare_peoples_speech(tree(tmp_path), num_jobs=1)
    theirs = [
        (part, s.id, s.text.strip(), s.duration)
        for part in PARTS
        for s in manifests[part]["supervisions"]
    ]
    ours = []
    for u in read(tmp_path):
        part, _, clip = u.id.partition("-")
        ours.append((f"{u.origin.partition('/')[0]}/{part}", clip, u.texts["eng"], u.seconds))
    assert ours == theirs
