"""The output of voxpopuli.get_asr_data, and lhotse's recipe on the same annotations."""

import csv
import gzip
import math

import pytest
from lhotse.recipes.voxpopuli import prepare_voxpopuli

from lib.corpora.sources.reading import NotObtained
from lib.corpora.sources.voxpopuli import read
from tests.corpora.sources.trees import separate, summaries, tone

SESSION = "20170403-0900-PLENARY-17"
COLUMNS = (
    "id_ original_text normed_text speaker_id split start_time end_time gender session_id"
).split()
SEGMENT = "it_20170403-20:18:14"
ANNOTATIONS = [
    [f"{SEGMENT}_4", 'È "fondamentale".', "è fondamentale", "2734", "train", "0", "1"],
    [f"{SEGMENT}_5", "", "grazie", "None", "train", "1", "2"],
    [f"{SEGMENT}_6", "Signora Presidente,", "signora presidente", "2735", "dev", "2", "3"],
    [f"{SEGMENT}_7", "Signor Presidente,", "signor presidente", "2736", "test", "3", "4"],
    [f"{SEGMENT}_8", "Scarto", "scarto", "2736", "invalid", "4", "5"],
]
LISTED = "id raw_text normalized_text speaker_id split gender is_gold_transcript accent".split()


def tree(folder, language="it"):
    """Write what get_asr_data.py leaves."""
    home = folder / "transcribed_data" / language
    home.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        rows = [LISTED]
        for segment, raw, normalized, speaker, its_split, *_ in ANNOTATIONS:
            if its_split == split:
                name = f"{SESSION}-{segment}"
                rows.append([name, raw, normalized, speaker, split, "male", "False", "None"])
                tone(home / "2017" / f"{name}.ogg")
        lines = ["\t".join(row) + "\n" for row in rows]
        (home / f"asr_{split}.tsv").write_text("".join(lines), encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    utterances, _ = separate(read(tree(tmp_path)))
    assert [(u.split, u.texts["ita"]) for u in utterances] == [
        ("train", 'È "fondamentale".'),
        ("train", "grazie"),
        ("dev", "Signora Presidente,"),
        ("test", "Signor Presidente,"),
    ]
    assert [u.speaker for u in utterances] == ["2734", "", "2735", "2736"]
    assert {(u.language, u.gender) for u in utterances} == {("ita", "male")}
    assert all(u.audio.exists() for u in utterances)
    assert utterances[0].id == f"{SESSION}-{SEGMENT}_4"
    assert utterances[0].start is None
    assert math.isnan(utterances[0].seconds)
    assert utterances[1].origin == "transcribed_data/it/asr_train.tsv:3"
    assert utterances[1].licence == ""


def test_normalized_text_is_noted(tmp_path):
    _, findings = separate(read(tree(tmp_path)))
    assert summaries(findings) == [("raw text", "transcribed_data/it/asr_train.tsv:3", "noted")]


def test_broken_line_is_dropped(tmp_path):
    path = tree(tmp_path) / "transcribed_data/it/asr_test.tsv"
    with open(path, "a", encoding="utf-8") as file:
        file.write("x\ta tab\tin the text\tmore\t1\ttest\tmale\tFalse\tNone\n")
    _, findings = separate(read(tmp_path))
    assert summaries(findings)[1:] == [("columns", "transcribed_data/it/asr_test.tsv:3", "dropped")]


def test_unknown_language_is_noted_if_all_are_read(tmp_path):
    tree(tree(tmp_path, "it"), "en_accented")
    noted = ("language", "transcribed_data/en_accented", "noted")
    assert noted in summaries(separate(read(tmp_path))[1])
    assert noted not in summaries(separate(read(tmp_path, spoken="ita"))[1])


def test_missing_language_is_named(tmp_path):
    with pytest.raises(NotObtained, match="transcribed_data/de/asr"):
        list(read(tree(tmp_path), spoken="deu"))


def test_lhotse_reads_the_same(tmp_path):
    original = tmp_path / "raw_audios" / "it" / "2017" / f"{SESSION}_original.ogg"
    tone(original, seconds=5)
    with gzip.open(tmp_path / "asr_it.tsv.gz", "wt", encoding="utf-8") as file:
        rows = [[*row, "male", SESSION] for row in ANNOTATIONS]
        csv.writer(file, delimiter="|").writerows([COLUMNS, *rows])
    manifests = prepare_voxpopuli(tmp_path, tmp_path, lang="it", num_jobs=1)
    theirs = [
        (split, s.speaker, s.custom["orig_text"] or s.text)
        for split in ("train", "dev", "test")
        for s in manifests[split]["supervisions"]
    ]
    utterances, _ = separate(read(tree(tmp_path)))
    assert [(u.split, u.speaker or "None", u.texts["ita"]) for u in utterances] == theirs
