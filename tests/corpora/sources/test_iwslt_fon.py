"""The layout that a participant of IWSLT 2025 reads."""

import pytest

from lib.corpora.sources.iwslt_fon import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

HEADER = "ID,utterance,filename,duration\n"


def tree(folder, train='7,"Bonjour, ça va ? ",clip_7.wav,0.5\n'):
    (folder / "train.csv").write_text(HEADER + train, encoding="utf-8")
    (folder / "valid.csv").write_text(HEADER + '7,"Il dit ""oui""",clip_7.wav,0.5\n', encoding="utf-8")
    for part in ("train", "valid"):
        tone(folder / part / "clip_7.wav")
    return folder


def test_layout(tmp_path):
    first, second = read(tree(tmp_path))
    assert (first.id, first.split, first.language, first.texts) == ("train-7", "train", "fon", {"fra": "Bonjour, ça va ?"})
    assert (second.id, second.split, second.texts) == ("valid-7", "test", {"fra": 'Il dit "oui"'})
    assert (second.seconds, second.start, second.speaker, second.licence) == (0.5, None, "", "")
    assert second.origin == "valid.csv:2" and second.audio.exists() and second.audio != first.audio


def test_dev_is_a_tenth_of_train_and_a_sentence_stays_on_one_side(tmp_path):
    rows = [f"{number},phrase {number % 50},{number}.wav,1.0\n" for number in range(100)]
    said = [u for u in read(tree(tmp_path, "".join(rows))) if u.split != "test"]
    homes = {split: {u.texts["fra"] for u in said if u.split == split} for split in ("train", "dev")}
    assert 1 <= len(homes["dev"]) <= 12 and not homes["dev"] & homes["train"] and len(said) == 100


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="fra")) == list(read(tmp_path, written="eng")) == []
    assert len(list(read(tmp_path, "fon", "fra"))) == 2


def test_broken_lines(tmp_path):
    train = '1,"a quote left open,1.wav,1.0\n2,a, comma,2.wav,1.0\n3,trois,3.wav,long\n4,quatre,4.wav,1.0\n'
    found = [entry for entry in read(tree(tmp_path, train)) if "train" in entry.origin]
    assert [(f.step, f.origin, f.outcome) for f in found if isinstance(f, Finding)] == [
        ("columns", f"train.csv:{number}", "dropped") for number in (2, 3, 4)
    ]
    assert [u.id for u in found if isinstance(u, Utterance)] == ["train-4"]


def test_what_is_missing_says_what_to_do(tmp_path):
    with pytest.raises(NotObtained, match="train.csv or valid.csv"):
        list(read(tmp_path))
    (tmp_path / "train.csv").write_text("ID,text,filename,duration\n")
    with pytest.raises(ValueError, match="lacks one of the columns .* it has ID, text"):
        list(read(tmp_path))
