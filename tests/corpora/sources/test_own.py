"""A folder of one's own with a manifest: TSV, JSON lines, lhotse's cuts."""

import gzip
import json
import math

import numpy as np
import pytest
import soundfile

from lib.corpora.audio import BadAudio, read_audio
from lib.corpora.sources.own import BadManifest, read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding
from tests.corpora.sources.trees import tone

COLUMNS = "id audio split source target transcript translation speaker seconds licence question answer start".split()
GOOD = {
    "id": "a", "audio": "a.wav", "split": "train", "source": "mdw", "target": "fra", "transcript": "mwana",
    "translation": "l'enfant", "speaker": "s1", "seconds": "0.5", "licence": "CC0-1.0",
}  # fmt: skip


def write(folder, *rows, columns=COLUMNS):
    folder.mkdir(exist_ok=True)
    lines = ["\t".join(columns)] + ["\t".join((GOOD | row).get(column, "") for column in columns) for row in rows]
    (folder / "own.tsv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "own.tsv"


def test_tsv(tmp_path):
    (found,) = read(write(tmp_path, {"question": "qui", "answer": "l'enfant|un enfant", "start": "1.5"}))
    assert (found.id, found.language, found.speaker, found.split, found.seconds) == ("a", "mdw", "s1", "train", 0.5)
    assert found.texts == {"mdw": "mwana", "fra": "l'enfant"} and found.audio == tmp_path / "a.wav"
    assert (found.question, found.answers) == ("qui", ("l'enfant", "un enfant"))
    assert (found.start, found.licence, found.origin) == (1.5, "CC0-1.0", "own.tsv:2")
    assert str(found.sound) == f"{tmp_path}/a.wav#t=1.500,2.000"


def test_only_audio_and_language_are_needed_and_a_split_is_drawn_by_what_is_said(tmp_path):
    lines = "\n".join(f"{n}.wav\teng\tme\tsentence {n % 40}" for n in range(400))
    (tmp_path / "m.tsv").write_text(f"audio\tsource\tspeaker\ttranscript\n{lines}\n")
    *found, told = read(tmp_path / "m.tsv")
    assert found[3].id == "3" and math.isnan(found[3].seconds) and found[3].speaker == "me"
    homes = {}
    assert all(homes.setdefault(u.texts["eng"], u.split) == u.split for u in found)
    assert set(homes.values()) == {"train", "dev", "test"}
    assert told.outcome == "noted" and "400 lines name no split" in told.what


def test_without_ids_parts_folders_and_questions_are_told_apart(tmp_path):
    rows = [
        {"audio": "talk.wav", "start": 0, "seconds": 2}, {"audio": "talk.wav", "start": 2, "seconds": 2},
        {"audio": "ann/1.wav"}, {"audio": "bob/1.wav"}, {"audio": "a.wav", "question": "who?"}, {"audio": "a.wav", "question": "what?"},
    ]  # fmt: skip
    (tmp_path / "m.jsonl").write_text("\n".join(json.dumps(row | {"source": "eng", "split": "validation"}) for row in rows))
    found = list(read(tmp_path / "m.jsonl"))
    assert len({u.id for u in found}) == 6 and {u.split for u in found} == {"dev"}


@pytest.mark.parametrize(
    "row",
    [
        {"texts": {"en": "hi"}}, {"transcript": "half \ud83d"}, {"source": ["eng"]}, {"seconds": [2]}, {"seconds": float("inf")},
        {"audio": "a\u0000"}, {"split": "eval"}, {"translation": "sans cible", "target": ""}, {"texts": "eng"},
    ],
    ids=str,
)  # fmt: skip
def test_strange_json_is_a_finding_and_not_a_crash(tmp_path, row):
    (tmp_path / "m.jsonl").write_text(json.dumps({"audio": "a.wav", "source": "eng", "split": "train"} | row) + "\n")
    (found,) = read(tmp_path / "m.jsonl")
    assert isinstance(found, Finding) and found.origin == "m.jsonl:1" and found.outcome == "dropped"


def test_columns_that_are_not_read_and_tables_that_are_none_are_named(tmp_path):
    _, told = read(write(tmp_path, {}, columns=[*COLUMNS, "transcipt"]))
    assert told.outcome == "noted" and "transcipt is not read" in told.what
    (tmp_path / "m.csv").write_text("audio,source\na.wav,eng\n")
    with pytest.raises(BadManifest, match="save a table as text with tabs"):
        list(read(tmp_path / "m.csv"))


def test_lines_of_another_pair_are_not_read_and_those_without_the_target_are_curations(tmp_path):
    rows = [{"target": "fra"}, {"target": "spa"}, {"target": "", "translation": ""}]
    found = list(read(write(tmp_path, *rows), "mdw", "fra"))
    assert [set(u.texts) for u in found] == [{"mdw", "fra"}, {"mdw"}]


@pytest.mark.parametrize(
    "fields, what",
    [
        ({"source": "french"}, "the language 'french' is not known"),
        ({"seconds": "long"}, "not a number"),
        ({"audio": ""}, "audio is empty"),
        ({"start": "2", "seconds": ""}, "start but no seconds"),
        ({"translation": "a\tb"}, "14 fields, not 13"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(tmp_path, fields, what):
    good, bad = read(write(tmp_path, {}, fields))
    assert good.id == "a" and isinstance(bad, Finding)
    assert what in bad.what and bad.origin == "own.tsv:3" and bad.outcome == "dropped" and bad.remedy


def test_json_lines(tmp_path):
    rows = [GOOD, {"audio": "b.wav", "source": "fra", "texts": {"fra": "oui", "eng": "yes"}, "split": "dev"}]
    (tmp_path / "m.jsonl").write_text("\n".join(json.dumps(row) for row in rows) + "\n{oops\n[1]\n")
    first, second, broken, strange = read(tmp_path / "m.jsonl")
    assert first.texts == {"mdw": "mwana", "fra": "l'enfant"} and second.texts == {"fra": "oui", "eng": "yes"}
    assert broken.origin == "m.jsonl:3" and "not JSON" in broken.what and strange.origin == "m.jsonl:4"


def test_lhotse_cuts_as_lhotse_writes_them(tmp_path):
    from lhotse import CutSet, MonoCut, Recording, SupervisionSegment

    tone(tmp_path / "talk.wav", seconds=4.0)
    recording = Recording.from_file(tmp_path / "talk.wav")
    custom = {"split": "test", "texts": {"deu": "ja"}}
    said = SupervisionSegment("s1", "talk", start=0.5, duration=1.0, text="yes", language="eng", speaker="x", custom=custom)
    CutSet.from_cuts([MonoCut("c1", 1.0, 2.0, 0, [said], recording=recording)]).to_file(tmp_path / "cuts.jsonl.gz")
    (found,) = read(tmp_path / "cuts.jsonl.gz")
    (tmp_path / "cuts.jsonl").write_bytes(gzip.decompress((tmp_path / "cuts.jsonl.gz").read_bytes()))
    assert list(read(tmp_path / "cuts.jsonl"))[0].texts == found.texts
    assert (found.id, found.start, found.seconds, found.split) == ("s1", 1.5, 1.0, "test")
    assert found.texts == {"deu": "ja", "eng": "yes"} and len(read_audio(found.sound)) == 16000
    (tmp_path / "half.jsonl.gz").write_bytes((tmp_path / "cuts.jsonl.gz").read_bytes()[:-20])
    with pytest.raises(NotObtained, match="half.jsonl.gz is damaged"):
        list(read(tmp_path / "half.jsonl.gz"))


def test_a_manifest_that_is_none(tmp_path):
    with pytest.raises(BadManifest, match="is not there"):
        list(read(tmp_path / "none.tsv"))
    with pytest.raises(BadManifest, match="lacks the column source.*A manifest has the columns audio, source"):
        list(read(write(tmp_path, {}, columns=["audio"])))
    with pytest.raises(BadManifest, match=r"is a folder; give the path of its manifest, such as .*own\.tsv"):
        list(read(tmp_path))


def test_other_rates_channels_and_parts(tmp_path):
    tone(tmp_path / "s.wav", seconds=1.0, rate=8000, channels=2)
    samples = read_audio(tmp_path / "s.wav")
    assert samples.shape == (16000,) and samples.dtype == np.float32
    part = read_audio(f"{tmp_path}/s.wav#t=0.250,0.750")
    assert part.shape == (8000,) and np.abs(part[100:-100] - samples[4100:11900]).max() < 0.01
    with pytest.raises(BadAudio, match="holds no samples"):
        read_audio(f"{tmp_path}/s.wav#t=1.500,2.000")


def test_audio_that_cannot_be_read(tmp_path):
    (tmp_path / "x.wav").write_bytes(b"RIFF nothing like it")
    soundfile.write(tmp_path / "y.wav", np.zeros(0), 16000)
    for name in ("x.wav", "y.wav", "z.wav"):
        with pytest.raises(BadAudio, match=name):
            read_audio(tmp_path / name)


def test_the_hour_of_mboshi_by_its_manifest(shared_data):
    found = list(read(shared_data / "mboshi.tsv", "mdw", "fra"))
    assert sum(u.seconds for u in found) / 3600 == pytest.approx(0.836, abs=0.001)
