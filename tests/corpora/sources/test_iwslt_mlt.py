"""The layout that the card asks for: the release's own could not be seen."""

import pytest

from lib.corpora.sources.iwslt_mlt import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone


def tree(folder):
    for part in ("train", "dev"):
        tone(folder / part / "wav" / f"{part}_talk.wav", seconds=3.0)
        (folder / part / "txt").mkdir()
        (folder / part / "stamped.tsv").write_text(f"wav/{part}_talk.wav\t1.5\t2.25\n")
        for code, text in (("mlt", "Bonġu"), ("eng", "Good morning")):
            path = folder / part / "txt" / f"{part}.{code}"
            path.write_text(f"{text}, {part}\n", encoding="utf-8")
    return folder


def test_layout_of_the_card(tmp_path):
    first, second = read(tree(tmp_path))
    assert (first.split, second.split) == ("train", "test")
    assert second.texts == {"mlt": "Bonġu, dev", "eng": "Good morning, dev"}
    assert (second.id, second.language) == ("dev_talk_1.5", "mlt")
    assert (second.start, second.seconds) == (1.5, 0.75)
    assert second.audio.exists()
    assert second.origin == "dev/stamped.tsv:1"
    assert (second.speaker, second.licence) == ("", "")


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="eng")) == []
    assert {tuple(u.texts) for u in read(tmp_path, "mlt", "fra")} == {("mlt",)}


def test_broken_line_is_dropped(tmp_path):
    (tree(tmp_path) / "train" / "stamped.tsv").write_text("wav/train_talk.wav\t1.5\n")
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("cut", "train/stamped.tsv:1", "dropped")]
    assert [u.split for u in utterances] == ["test"]


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="stamped.tsv"):
        list(read(tmp_path))
