"""A folder of one's own with a manifest: TSV, JSON lines, lhotse's cuts."""

import json
import math

import numpy as np
import pytest
import soundfile

from lib.corpora.audio import BadAudio, read_audio
from lib.corpora.sources.own import BadManifest, read
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


def test_only_audio_and_language_are_needed_and_a_split_is_drawn_by_speaker(tmp_path):
    lines = "\n".join(f"{n}.wav\teng\tspeaker{n % 40}" for n in range(400))
    (tmp_path / "m.tsv").write_text(f"audio\tsource\tspeaker\n{lines}\n")
    found = list(read(tmp_path / "m.tsv"))
    assert found[3].id == "3" and math.isnan(found[3].seconds) and found[3].texts == {}
    homes = {}
    assert all(homes.setdefault(u.speaker, u.split) == u.split for u in found) and set(homes.values()) == {"train", "dev", "test"}


@pytest.mark.parametrize(
    "fields, what",
    [
        ({"source": "french"}, "source is 'french'"),
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
    assert [u.id for u in read(tmp_path / "m.jsonl", written="eng") if not isinstance(u, Finding)] == ["b"]


def test_lhotse_cuts_as_lhotse_writes_them(tmp_path):
    from lhotse import CutSet, MonoCut, Recording, SupervisionSegment

    tone(tmp_path / "talk.wav", seconds=4.0)
    recording = Recording.from_file(tmp_path / "talk.wav")
    custom = {"split": "test", "texts": {"deu": "ja"}}
    said = SupervisionSegment("s1", "talk", start=0.5, duration=1.0, text="yes", language="eng", speaker="x", custom=custom)
    CutSet.from_cuts([MonoCut("c1", 1.0, 2.0, 0, [said], recording=recording)]).to_file(tmp_path / "cuts.jsonl.gz")
    (found,) = read(tmp_path / "cuts.jsonl.gz")
    assert (found.id, found.start, found.seconds, found.split) == ("s1", 1.5, 1.0, "test")
    assert found.texts == {"deu": "ja", "eng": "yes"} and len(read_audio(found.sound)) == 16000


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
