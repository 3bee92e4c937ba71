"""The LDC's package beside a clone of kevinduh/iwslt22-dialect, and lhotse's recipe on the same tree."""

import numpy as np
import pytest
import soundfile
from lhotse.recipes.iwslt22_ta import prepare_iwslt22_ta

from lib.corpora.audio import read_audio
from lib.corpora.sources.iwslt_aeb import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance

DATA = "LDC2022E01_IWSLT22_Tunisian_Arabic_Shared_Task_Training_Data/data"
SIDES = {"train": "20170601_110003_13355_A", "dev": "20170601_110003_13355_B", "test1": "20170602_120000_13360_A"}
ROWS = [("0.100", "0.4", "13355_s1", "O/ باهي"), ("0.5", "0.823", "13355_s1", "إي"), ("1.0", "1.5", "13355_s1", "لا")]


def tree(folder):
    lists = folder / "iwslt22-dialect"
    lists.mkdir()
    (lists / "exclude-utterance.txt").write_text(f"{SIDES['train']} 1.0 1.5\n")
    for part, side in SIDES.items():
        (lists / f"{part}.file_id.txt").write_text(f"{side}\n")
        sound = folder / DATA / "audio" / "ta" / f"{side}.sph"
        for kind, end in (("transcripts", "aeb"), ("translations", "eng")):
            path = folder / DATA / kind / "ta" / f"{side}.{end}.tsv"
            path.parent.mkdir(parents=True, exist_ok=True)
            lines = [(*row[:3], row[3] if end == "aeb" else f"{part}: Right, (({row[0]}))") for row in ROWS]
            path.write_text("".join("\t".join(line) + "\n" for line in lines), encoding="utf-8")
        sound.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(sound, 0.1 * np.ones(16000), 8000, format="NIST", subtype="PCM_16")
    return folder


def test_published_layout(tmp_path):
    found = list(read(tree(tmp_path)))
    said = [entry for entry in found if isinstance(entry, Utterance)]
    second = said[1]
    assert second.id == f"{SIDES['train']}_0.5" and second.texts == {"aeb": "إي", "eng": "train: Right, ((0.5))"}
    assert (second.start, second.seconds, second.speaker, second.licence) == (0.5, 0.323, "13355_s1", "")
    assert second.origin == f"{DATA}/transcripts/ta/{SIDES['train']}.aeb.tsv:2"
    assert [u.split for u in said] == ["train"] * 2 + ["dev"] * 3 + ["test"] * 3
    (left_out,) = [entry for entry in found if isinstance(entry, Finding)]
    assert (left_out.id, left_out.outcome) == (f"{SIDES['train']}_1.0", "dropped") and left_out.origin.endswith("aeb.tsv:3")
    assert len(read_audio(second.sound)) == pytest.approx(0.323 * 16000, abs=16)  # the LDC's format, 8 kHz, a part of it


def test_languages_chosen(tmp_path):
    tree(tmp_path)
    assert list(read(tmp_path, spoken="ara")) == []
    assert {tuple(u.texts) for u in read(tmp_path, "aeb", "fra") if isinstance(u, Utterance)} == {("aeb",)}


def test_broken_lines(tmp_path):
    home = tree(tmp_path) / DATA
    (home / f"transcripts/ta/{SIDES['dev']}.aeb.tsv").write_text("here\t0.4\ts\ta\n0.5\t0.8\ts\n0.6\t0.8\ts\tb\n")
    (home / f"translations/ta/{SIDES['test1']}.eng.tsv").unlink()
    found = [(f.step, f.origin.rpartition("/")[2]) for f in read(tmp_path) if isinstance(f, Finding)][1:]
    dev = SIDES["dev"]
    assert found == [
        ("cut", f"{dev}.aeb.tsv:1"), ("columns", f"{dev}.aeb.tsv:2"), *(("parallel lines", f"{dev}.eng.tsv:{n}") for n in (1, 2, 3)),
        ("file", "test1.file_id.txt:1"),
    ]  # fmt: skip
    assert [u.texts for u in read(tmp_path) if isinstance(u, Utterance) and u.split == "dev"] == [{"aeb": "b"}]


def test_missing_folder_says_what_it_must_be(tmp_path):
    with pytest.raises(NotObtained, match="clone of kevinduh/iwslt22-dialect"):
        list(read(tmp_path))
    (tmp_path / "LDC2022E01.tgz").touch()
    with pytest.raises(NotObtained, match="unpack LDC2022E01.tgz"):
        list(read(tmp_path))


class Untouched:
    """Stands in for lhotse's `normalize_text`, a switch that its code then calls as the function of the same name."""

    def __bool__(self):
        return False

    def __call__(self, text, kind):
        return text


def test_lhotse_reads_the_same(tmp_path):
    manifests = prepare_iwslt22_ta(
        tree(tmp_path) / DATA.partition("/")[0], tmp_path / "iwslt22-dialect", normalize_text=Untouched()
    )
    theirs = [
        (part, s.recording_id, s.start, s.duration, s.speaker, s.text, s.custom["translated_text"]["eng"])
        for part in ("train", "dev", "test1")
        for s in manifests[part]["supervisions"]
    ]
    parts = {"train": "train", "dev": "dev", "test": "test1"}
    ours = [u for u in read(tmp_path) if isinstance(u, Utterance)]
    assert [(parts[u.split], u.audio.stem, u.start, u.seconds, u.speaker, *u.texts.values()) for u in ours] == theirs
