"""A clone of csikasote/bigc, with rows as in its test.jsonl."""

import json

import pytest

from lib.corpora.sources.bigc import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

CLIP = "15_7474_3_152_02_211030-180248_bem_8cc_elicit_1"
TRAIN = "data/bem/splits/train.jsonl"


def row(part="test", **changes):
    given = {
        "pair_id": 15.0,
        "image": "15_7474_3",
        "sentence_id": 2,
        "image_id": "1007129816.jpg",
        "audio_id": f"{CLIP}_{part}.wav",
        "speaker_id": 152,
        "gender": "female",
        "duration": 0.5,
        "sample_rate": 16000,
        "audio_format": "vnd.wave",
        "recording_lang": "bem",
        "native_lang": "bem",
        "bem_transcription": "Nafwala na amakalashi ku menso. \n",
        "en_translation": " He is wearing glasses as well",
        "img_path": "1007129816.jpg",
    }
    return json.dumps(given | changes)


def tree(folder, *train_rows):
    for part in ("train", "valid", "test"):
        path = folder / "data" / "bem" / "splits" / f"{part}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = (row(part), *(train_rows if part == "train" else ()))
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        tone(folder / "data" / "bem" / "audio" / f"{CLIP}_{part}.wav")
    return folder


def test_published_layout(tmp_path):
    utterances = list(read(tree(tmp_path)))
    splits = {"train": "train", "valid": "dev", "test": "test"}
    found = [(u.id, u.split) for u in utterances]
    assert found == [(f"{CLIP}_{part}", split) for part, split in splits.items()]
    clip = utterances[2]
    assert clip.texts["bem"] == "Nafwala na amakalashi ku menso."
    assert clip.texts["eng"] == "He is wearing glasses as well"
    assert clip.audio.exists()
    assert (clip.language, clip.speaker, clip.licence) == ("bem", "152", "")
    assert clip.gender == "female"
    assert (clip.seconds, clip.start) == (0.5, None)
    assert clip.origin == "data/bem/splits/test.jsonl:1"


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="eng")) == []
    assert len(list(read(tmp_path, "bem", "eng"))) == 3
    assert {tuple(u.texts) for u in read(tmp_path, written="fra")} == {("bem",)}


@pytest.mark.parametrize(
    "broken",
    [
        row(duration=None),
        '{"audio_id": ',
        '["a list"]',
        row(bem_transcription=7),
        row(duration=10**30),
        row(bem_transcription="\ud800"),
        "[" * 100_000,
    ],
)
def test_broken_line_is_dropped(tmp_path, broken):
    _, findings = separate(read(tree(tmp_path, broken)))
    assert summaries(findings) == [("line", f"{TRAIN}:2", "dropped")]


def test_inaudible_clip_is_dropped(tmp_path):
    _, findings = separate(read(tree(tmp_path, row(en_translation="NOT PLAYING"))))
    assert summaries(findings) == [("text", f"{TRAIN}:2", "dropped")]


def test_empty_translation_is_left_to_curation(tmp_path):
    tree(tmp_path, row(audio_id="b.wav", en_translation=None))
    assert [u.texts["eng"] for u in read(tmp_path) if u.id == "b"] == [""]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="clone of csikasote/bigc"):
        list(read(tmp_path))
