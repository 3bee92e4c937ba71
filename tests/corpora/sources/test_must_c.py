"""An archive of MuST-C, and lhotse's recipe on the same tree."""

import pytest
from lhotse import load_manifest
from lhotse.recipes.must_c import prepare_must_c

from lib.corpora.sources.must_c import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

SEGMENTS = [("ted_1", 0.0, 0.4), ("ted_1", 0.5, 0.25), ("ted_2", 0.1, 0.3)]


def tree(folder, target="de"):
    for part in ("train", "dev", "tst-COMMON", "tst-HE"):
        home = folder / f"en-{target}" / "data" / part
        (home / "txt").mkdir(parents=True)
        lines = [
            f"- {{duration: {seconds:.6f}, offset: {start:.6f}, rW: 9, uW: 0, "
            f"speaker_id: spk.{talk[4:]}, wav: {talk}.wav}}\n"
            for talk, start, seconds in SEGMENTS
        ]
        (home / "txt" / f"{part}.yaml").write_text("".join(lines))
        for code in ("en", target):
            texts = [f"{part} {code} {number} \n" for number in range(len(SEGMENTS))]
            (home / "txt" / f"{part}.{code}").write_text("".join(texts), encoding="utf-8")
        for talk in ("ted_1", "ted_2"):
            tone(home / "wav" / f"{talk}.wav", seconds=1.0)
    return folder


def test_published_layout(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert [u.split for u in utterances] == ["train"] * 3 + ["dev"] * 3 + ["test"] * 3
    second = utterances[7]
    assert second.id == "en-de-ted_1-seg-1"
    assert second.origin == "en-de/data/tst-COMMON/txt/tst-COMMON.yaml:2"
    assert (second.start, second.seconds) == (0.5, 0.25)
    assert (second.speaker, second.language, second.licence) == ("spk.1", "eng", "")
    assert second.texts == {"eng": "tst-COMMON en 1", "deu": "tst-COMMON de 1"}
    assert second.audio.exists()


def test_targets_chosen_and_unknown(tmp_path):
    tree(tree(tree(tmp_path, "zh"), "de"), "ro")
    utterances, (unknown,) = separate(read(tmp_path))
    assert {u.id.split("-")[1] for u in utterances} == {"de", "zh"}
    assert "'ro'" in unknown.problem
    chosen, _ = separate(read(tmp_path, "eng", "zho"))
    assert {tuple(u.texts) for u in chosen} == {("eng", "zho")}
    assert list(read(tmp_path, spoken="deu")) == []


def test_packed_target(tmp_path):
    (tmp_path / "MUSTC_v1.0_en-fr.tar.gz").touch()
    with pytest.raises(NotObtained, match="unpack .*/MUSTC_v1.0_en-fr.tar.gz"):
        list(read(tmp_path, written="fra"))


def test_broken_segment_is_dropped(tmp_path):
    path = tree(tmp_path) / "en-de/data/train/txt/train.yaml"
    first, _, third = path.read_text().splitlines()
    path.write_text("\n".join([first, "- {duration: long, offset: 0.5", third]) + "\n")
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("cut", "en-de/data/train/txt/train.yaml:2", "dropped")]
    texts = [u.texts["deu"] for u in utterances if u.split == "train"]
    assert texts == ["train de 0", "train de 2"]


def test_translations_of_another_length_are_dropped(tmp_path):
    (tree(tmp_path) / "en-de/data/dev/txt/dev.de").write_text("too short\n")
    _, findings = separate(read(tmp_path))
    origins = [f"en-de/data/dev/txt/dev.yaml:{line}" for line in (1, 2, 3)]
    assert summaries(findings) == [("parallel lines", origin, "dropped") for origin in origins]


def test_line_that_is_not_utf8_is_dropped_alone(tmp_path):
    (tree(tmp_path) / "en-de/data/dev/txt/dev.de").write_bytes(b"eins\n\xff\ndrei\n")
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("encoding", "en-de/data/dev/txt/dev.de:2", "dropped")]
    assert [u.texts["deu"] for u in utterances if u.split == "dev"] == ["eins", "drei"]


def test_lhotse_reads_the_same(tmp_path):
    prepare_must_c(tree(tmp_path), tmp_path, tgt_lang="de", num_jobs=1)
    theirs = []
    for part in ("train", "dev", "tst-COMMON"):
        for s in load_manifest(tmp_path / f"must_c_supervisions_en-de_{part}.jsonl.gz"):
            theirs.append((f"en-de-{s.id}", s.start, s.duration, s.speaker, s.text))
    ours = [(u.id, u.start, u.seconds, u.speaker, u.texts["deu"]) for u in read(tmp_path)]
    assert ours == theirs
