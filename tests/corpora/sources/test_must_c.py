"""An archive of MuST-C, and lhotse's recipe on the same tree."""

import pytest
from lhotse import load_manifest
from lhotse.recipes.must_c import prepare_must_c

from lib.corpora.sources.must_c import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

CUTS = [("ted_1", 0.0, 0.4), ("ted_1", 0.5, 0.25), ("ted_2", 0.1, 0.3)]


def tree(folder, target="de"):
    for part in ("train", "dev", "tst-COMMON", "tst-HE"):
        home = folder / f"en-{target}" / "data" / part
        (home / "txt").mkdir(parents=True)
        cuts = [
            f"- {{duration: {long:.6f}, offset: {start:.6f}, rW: 9, uW: 0, speaker_id: spk.{talk[4:]}, wav: {talk}.wav}}\n"
            for talk, start, long in CUTS
        ]
        (home / "txt" / f"{part}.yaml").write_text("".join(cuts))
        for code in ("en", target):
            lines = [f"{part} {code} {number} \n" for number in range(len(CUTS))]
            (home / "txt" / f"{part}.{code}").write_text("".join(lines), encoding="utf-8")
        for talk in ("ted_1", "ted_2"):
            tone(home / "wav" / f"{talk}.wav", seconds=1.0)
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path)))
    assert [u.split for u in said] == ["train"] * 3 + ["dev"] * 3 + ["test"] * 3 and not any("tst-HE" in u.origin for u in said)
    second = said[7]
    assert second.id == "en-de-ted_1-seg-1" and second.origin == "en-de/data/tst-COMMON/txt/tst-COMMON.yaml:2"
    assert (second.start, second.seconds, second.speaker, second.language) == (0.5, 0.25, "spk.1", "eng")
    assert second.texts == {"eng": "tst-COMMON en 1", "deu": "tst-COMMON de 1"} and second.audio.exists() and second.licence == ""


def test_targets_chosen_and_unknown(tmp_path):
    tree(tree(tree(tmp_path, "zh"), "de"), "ro")
    assert {u.id.split("-")[1] for u in read(tmp_path) if isinstance(u, Utterance)} == {"de", "zh"}
    assert ["'ro'" in f.what for f in read(tmp_path) if isinstance(f, Finding)] == [True]
    assert {tuple(u.texts) for u in read(tmp_path, "eng", "zho") if isinstance(u, Utterance)} == {("eng", "zho")}
    assert list(read(tmp_path, spoken="deu")) == []
    (tmp_path / "MUSTC_v1.0_en-fr.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack MUSTC_v1.0_en-fr.tar.gz"):
        list(read(tmp_path, written="fra"))


def test_broken_lines(tmp_path):
    txt = tree(tmp_path) / "en-de" / "data" / "train" / "txt"
    lines = (txt / "train.yaml").read_text().splitlines()
    (txt / "train.yaml").write_text("\n".join([lines[0], "- {duration: long, offset: 0.5", lines[2]]) + "\n")
    (tmp_path / "en-de/data/dev/txt/dev.de").write_text("too short\n")
    found = [(f.step, f.origin, f.outcome) for f in read(tmp_path) if isinstance(f, Finding)]
    assert found == [
        ("cut", "en-de/data/train/txt/train.yaml:2", "dropped"),
        *[("parallel lines", f"en-de/data/dev/txt/dev.yaml:{line}", "dropped") for line in (1, 2, 3)],
    ]
    assert [u.texts["deu"] for u in read(tmp_path) if isinstance(u, Utterance) and u.split == "train"] == [
        "train de 0",
        "train de 2",
    ]


def test_line_that_is_not_utf8_takes_only_itself_away(tmp_path):
    (tree(tmp_path) / "en-de/data/dev/txt/dev.de").write_bytes(b"eins\n\xff\ndrei\n")
    (found,) = [entry for entry in read(tmp_path) if isinstance(entry, Finding)]
    assert found.step == "encoding" and found.origin == "en-de/data/dev/txt/dev.de:2"
    assert [u.texts["deu"] for u in read(tmp_path) if isinstance(u, Utterance) and u.split == "dev"] == ["eins", "drei"]


def test_blank_lines_at_the_end_and_a_last_line_that_is_not_utf8_lose_no_others(tmp_path):
    text = tree(tmp_path) / "en-de/data/dev/txt/dev.de"
    text.write_bytes(b"eins\nzwei\ndrei\n\n\n")
    assert sum(u.split == "dev" for u in read(tmp_path) if isinstance(u, Utterance)) == 3
    text.write_bytes(b"eins\nzwei\n\xff\n")
    found = list(read(tmp_path))
    assert sum(u.split == "dev" for u in found if isinstance(u, Utterance)) == 2
    assert [f.step for f in found if isinstance(f, Finding)] == ["encoding"]


def test_lhotse_reads_the_same(tmp_path):
    prepare_must_c(tree(tmp_path), tmp_path, tgt_lang="de", num_jobs=1)
    theirs = []
    for part in ("train", "dev", "tst-COMMON"):
        for s in load_manifest(tmp_path / f"must_c_supervisions_en-de_{part}.jsonl.gz"):
            theirs.append((f"en-de-{s.id}", s.start, s.duration, s.speaker, s.text))
    assert [(u.id, u.start, u.seconds, u.speaker, u.texts["deu"]) for u in read(tmp_path)] == theirs
