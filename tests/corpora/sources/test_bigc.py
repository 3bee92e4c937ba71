"""A clone of csikasote/bigc, with rows as its test.jsonl has them."""

import json

import pytest

from lib.corpora.sources.bigc import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

CLIP = "15_7474_3_152_02_211030-180248_bem_8cc_elicit_1"


def row(part="test", **changes):
    given = {
        "pair_id": 15.0, "image": "15_7474_3", "sentence_id": 2, "image_id": "1007129816.jpg", "audio_id": f"{CLIP}_{part}.wav",
        "speaker_id": 152, "gender": "female", "duration": 0.5, "sample_rate": 16000, "audio_format": "vnd.wave",
        "recording_lang": "bem", "native_lang": "bem", "bem_transcription": "Nafwala na amakalashi ku menso. \n",
        "en_translation": " He is wearing glasses as well", "img_path": "1007129816.jpg",
    }  # fmt: skip
    return json.dumps(given | changes)


def tree(folder, *more):
    for part in ("train", "valid", "test"):
        path = folder / "data" / "bem" / "splits" / f"{part}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join((row(part), *(more if part == "train" else ()))) + "\n", encoding="utf-8")
        tone(folder / "data" / "bem" / "audio" / f"{CLIP}_{part}.wav")
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path)))
    assert [(u.id, u.split) for u in said] == [
        (f"{CLIP}_{p}", s) for p, s in (("train", "train"), ("valid", "dev"), ("test", "test"))
    ]
    clip = said[2]
    assert (
        clip.texts == {"bem": "Nafwala na amakalashi ku menso.", "eng": "He is wearing glasses as well"} and clip.audio.exists()
    )
    assert (clip.language, clip.speaker, clip.seconds, clip.start, clip.licence) == ("bem", "152", 0.5, None, "")
    assert clip.origin == "data/bem/splits/test.jsonl:1"


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="eng")) == [] and len(list(read(tmp_path, "bem", "eng"))) == 3
    assert {tuple(u.texts) for u in read(tmp_path, written="fra")} == {("bem",)}


def test_broken_lines(tmp_path):
    more = (
        row(en_translation="NOT PLAYING"),
        row(duration=None),
        '{"audio_id": ',
        '["a list"]',
        row(audio_id="b.wav", en_translation=None),
    )
    found = list(read(tree(tmp_path, *more)))
    lists = [(f.step, f.origin, f.outcome) for f in found if isinstance(f, Finding)]
    train = "data/bem/splits/train.jsonl"
    assert lists == [("text", f"{train}:2", "dropped"), *(("line", f"{train}:{n}", "dropped") for n in (3, 4, 5))]
    assert [u.texts["eng"] for u in found if isinstance(u, Utterance) and u.id == "b"] == [""]  # which curation reports


def test_missing_folder_says_what_it_must_be(tmp_path):
    with pytest.raises(NotObtained, match="clone of csikasote/bigc"):
        list(read(tmp_path))
