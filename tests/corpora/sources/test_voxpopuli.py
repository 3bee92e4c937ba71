"""What voxpopuli.get_asr_data writes, and lhotse's recipe on the same annotations."""

import csv
import gzip
import math

import pytest
from lhotse.recipes.voxpopuli import prepare_voxpopuli

from lib.corpora.sources.reading import NotObtained
from lib.corpora.sources.voxpopuli import read
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

SESSION = "20170403-0900-PLENARY-17"
COLUMNS = ["id_", "original_text", "normed_text", "speaker_id", "split", "start_time", "end_time", "gender", "session_id"]
ANNOTATIONS = [
    ["it_20170403-20:18:14_4", 'Questo è "fondamentale".', "questo è fondamentale", "2734", "train", "0", "1"],
    ["it_20170403-20:18:14_5", "", "grazie", "None", "train", "1", "2"],
    ["it_20170403-20:18:14_6", "Signora Presidente,", "signora presidente", "2735", "dev", "2", "3"],
    ["it_20170403-20:18:14_7", "Signor Presidente,", "signor presidente", "2736", "test", "3", "4"],
    ["it_20170403-20:18:14_8", "Scarto", "scarto", "2736", "invalid", "4", "5"],
]


def tree(folder, language="it"):
    """The files that get_asr_data.py leaves, from annotations as it downloads them."""
    home = folder / "transcribed_data" / language
    home.mkdir(parents=True)
    for split in ("train", "dev", "test"):
        lines = ["id\traw_text\tnormalized_text\tspeaker_id\tsplit\tgender\tis_gold_transcript\taccent"]
        for end, raw, normal, speaker, its, *_ in ANNOTATIONS:
            if its == split:
                lines.append("\t".join([f"{SESSION}-{end}", raw, normal, speaker, its, "male", "False", "None"]))
                tone(home / "2017" / f"{SESSION}-{end}.ogg")
        (home / f"asr_{split}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    found = list(read(tree(tmp_path)))
    said = [entry for entry in found if isinstance(entry, Utterance)]
    assert [(u.split, u.speaker) for u in said] == [("train", "2734"), ("train", ""), ("dev", "2735"), ("test", "2736")]
    assert {u.language for u in said} == {"ita"} and all(u.audio.exists() for u in said)
    assert said[0].id == f"{SESSION}-it_20170403-20:18:14_4" and said[0].start is None
    texts = ['Questo è "fondamentale".', "grazie", "Signora Presidente,", "Signor Presidente,"]
    assert [u.texts for u in said] == [{"ita": text} for text in texts]
    assert said[1].origin == "transcribed_data/it/asr_train.tsv:3" and math.isnan(said[1].seconds) and said[1].licence == ""
    (bare,) = [entry for entry in found if isinstance(entry, Finding)]
    assert (bare.step, bare.origin, bare.outcome) == ("raw text", "transcribed_data/it/asr_train.tsv:3", "noted")


def test_chosen_language_broken_line_and_unknown_language(tmp_path):
    tree(tree(tmp_path, "it"), "en_accented")
    with open(tmp_path / "transcribed_data/it/asr_test.tsv", "a", encoding="utf-8") as file:
        file.write("x\ta tab\tin the text\tmore\t1\ttest\tmale\tFalse\tNone\n")
    steps = {entry.step: entry for entry in read(tmp_path) if isinstance(entry, Finding)}
    assert steps["columns"].origin == "transcribed_data/it/asr_test.tsv:3" and steps["columns"].outcome == "dropped"
    assert steps["language"].outcome == "noted" and "en_accented" in steps["language"].what
    assert "language" not in {entry.step for entry in read(tmp_path, spoken="ita") if isinstance(entry, Finding)}
    with pytest.raises(NotObtained, match="transcribed_data/de/asr"):
        list(read(tmp_path, spoken="deu"))


def test_lhotse_reads_the_same(tmp_path):
    tone(tmp_path / "raw_audios" / "it" / "2017" / f"{SESSION}_original.ogg", seconds=5)
    with gzip.open(tmp_path / "asr_it.tsv.gz", "wt", encoding="utf-8") as file:
        csv.writer(file, delimiter="|").writerows([COLUMNS, *([*row, "male", SESSION] for row in ANNOTATIONS)])
    peer = prepare_voxpopuli(tmp_path, tmp_path, lang="it", num_jobs=1)
    cuts = [(split, cut) for split in ("train", "dev", "test") for cut in peer[split]["supervisions"]]
    theirs = [(split, cut.speaker, cut.custom["orig_text"] or cut.text) for split, cut in cuts]
    ours = [(u.split, u.speaker or "None", u.texts["ita"]) for u in read(tree(tmp_path)) if isinstance(u, Utterance)]
    assert ours == theirs
