"""The LDC's package beside a clone of kevinduh/iwslt22-dialect, and lhotse's recipe on it."""

import numpy as np
import pytest
import soundfile
from lhotse.recipes.iwslt22_ta import prepare_iwslt22_ta

from lib.corpora.audio import read_audio
from lib.corpora.sources.iwslt_aeb import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries

DATA = "LDC2022E01_IWSLT22_Tunisian_Arabic_Shared_Task_Training_Data/data"
SIDES = {
    "train": "20170601_110003_13355_A",
    "dev": "20170601_110003_13355_B",
    "test1": "20170602_120000_13360_A",
}
ROWS = [
    ("0.100", "0.4", "13355_s1", "O/ باهي"),
    ("0.5", "0.823", "13355_s1", "إي"),
    ("1.0", "1.5", "13355_s1", "لا"),
]


def tree(folder):
    lists = folder / "iwslt22-dialect"
    lists.mkdir()
    (lists / "exclude-utterance.txt").write_text(f"{SIDES['train']} 1.0 1.5\n")
    for part, side in SIDES.items():
        (lists / f"{part}.file_id.txt").write_text(f"{side}\n")
        for kind, suffix in (("transcripts", "aeb"), ("translations", "eng")):
            path = folder / DATA / kind / "ta" / f"{side}.{suffix}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = []
            for start, end, speaker, text in ROWS:
                text = text if suffix == "aeb" else f"{part}: Right, (({start}))"
                lines.append("\t".join((start, end, speaker, text)) + "\n")
            path.write_text("".join(lines), encoding="utf-8")
        audio = folder / DATA / "audio" / "ta" / f"{side}.sph"
        audio.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(audio, 0.1 * np.ones(16000), 8000, format="NIST", subtype="PCM_16")
    return folder


def test_published_layout(tmp_path):
    utterances, _ = separate(read(tree(tmp_path)))
    assert [u.split for u in utterances] == ["train"] * 2 + ["dev"] * 3 + ["test"] * 3
    second = utterances[1]
    assert second.id == f"{SIDES['train']}_0.5"
    assert second.texts == {"aeb": "إي", "eng": "train: Right, ((0.5))"}
    assert (second.start, second.seconds) == (0.5, 0.323)
    assert (second.speaker, second.licence) == ("13355_s1", "")
    assert second.origin == f"{DATA}/transcripts/ta/{SIDES['train']}.aeb.tsv:2"


def test_faulty_utterances_of_the_shared_task_are_dropped(tmp_path):
    _, (faulty,) = separate(read(tree(tmp_path)))
    assert (faulty.id, faulty.outcome) == (f"{SIDES['train']}_1.0", "dropped")
    assert faulty.origin.endswith("aeb.tsv:3")


def test_sphere_file_at_8_khz_is_decoded(tmp_path):
    utterances, _ = separate(read(tree(tmp_path)))
    assert len(read_audio(utterances[1].sound)) == pytest.approx(0.323 * 16000, abs=16)


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="ara")) == []
    chosen, _ = separate(read(tmp_path, "aeb", "fra"))
    assert {tuple(u.texts) for u in chosen} == {("aeb",)}


def test_broken_lines(tmp_path):
    home, dev = tree(tmp_path) / DATA, SIDES["dev"]
    broken = "here\t0.4\ts\ta\n0.5\t0.8\ts\n0.6\t0.8\ts\tb\n"
    (home / f"transcripts/ta/{dev}.aeb.tsv").write_text(broken)
    utterances, findings = separate(read(tmp_path))
    found = [(step, origin.rpartition("/")[2]) for step, origin, _ in summaries(findings)]
    assert found[1:] == [
        ("cut", f"{dev}.aeb.tsv:1"),
        ("columns", f"{dev}.aeb.tsv:2"),
        *(("parallel lines", f"{dev}.eng.tsv:{number}") for number in (1, 2, 3)),
    ]
    assert [u.texts for u in utterances if u.split == "dev"] == [{"aeb": "b"}]


def test_listed_file_without_translations_is_dropped(tmp_path):
    (tree(tmp_path) / DATA / f"translations/ta/{SIDES['test1']}.eng.tsv").unlink()
    _, findings = separate(read(tmp_path))
    assert summaries(findings)[1:] == [("file", "iwslt22-dialect/test1.file_id.txt:1", "dropped")]


def test_missing_package_is_named(tmp_path):
    with pytest.raises(NotObtained, match="clone of kevinduh/iwslt22-dialect"):
        list(read(tmp_path))


def test_packed_package(tmp_path):
    (tmp_path / "LDC2022E01.tgz").touch()
    with pytest.raises(NotObtained, match="unpack .*/LDC2022E01.tgz"):
        list(read(tmp_path))


class KeepText:
    """lhotse's `normalize_text` is a switch that its code then calls as a function."""

    def __bool__(self):
        return False

    def __call__(self, text, kind):
        return text


def test_lhotse_reads_the_same(tmp_path):
    package, lists = tree(tmp_path) / DATA.partition("/")[0], tmp_path / "iwslt22-dialect"
    manifests = prepare_iwslt22_ta(package, lists, normalize_text=KeepText())
    theirs = [
        (s.recording_id, s.start, s.duration, s.speaker, s.text, s.custom["translated_text"]["eng"])
        for part in ("train", "dev", "test1")
        for s in manifests[part]["supervisions"]
    ]
    utterances, _ = separate(read(tmp_path))
    ours = [(u.audio.stem, u.start, u.seconds, u.speaker, *u.texts.values()) for u in utterances]
    assert ours == theirs
