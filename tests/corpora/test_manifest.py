import numpy as np
import pytest
import soundfile

from lib.corpora.audio import BadAudio, read_audio
from lib.corpora.manifest import COLUMNS, BadManifest, read_manifest

GOOD = [["a", "a.wav", "train"], ["b", "b.wav", "dev"], ["c", "c.wav", "test"]]


def write(folder, rows, columns=COLUMNS, name="own.tsv", **change):
    folder.mkdir(exist_ok=True)
    lines = ["\t".join(columns)]
    for row in rows:
        full = dict(zip(COLUMNS, [*row, "mdw", "fra", "mwana", "l'enfant", "s1", "0.5"], strict=True)) | change.get(row[0], {})
        lines.append("\t".join(full[column] for column in columns))
        path = folder / row[1]
        if not path.exists() and path.suffix == ".wav":
            soundfile.write(path, np.random.default_rng(1).standard_normal(8000) * 0.1, 16000)
    (folder / name).write_text("\n".join(lines), encoding="utf-8")
    return folder / name


def test_good_manifest(tmp_path):
    corpus = read_manifest(write(tmp_path / "m", GOOD), "mdw", "fra")
    assert [u.split for u in corpus.utterances] == ["train", "dev", "test"] and not corpus.dropped
    assert corpus.utterances[0].texts == {"mdw": "mwana", "fra": "l'enfant"} and not corpus.synthetic


@pytest.mark.parametrize(
    "fields, reason",
    [
        ({"translation": ""}, "translation is empty"),
        ({"split": "valid"}, "split is 'valid'"),
        ({"seconds": "9"}, "lasts 0.500"),
        ({"seconds": "long"}, "not a number"),
        ({"audio": "../elsewhere.wav"}, "outside the manifest's folder"),
        ({"audio": "none.wav"}, "cannot be opened"),
        ({"id": "a"}, "earlier line"),
    ],
)
def test_bad_line_is_named_counted_and_left_out_or_refused(tmp_path, fields, reason):
    path = write(tmp_path / "m", [*GOOD, ["x", "x.wav", "train"]], x=fields)
    (dropped,) = read_manifest(path, "mdw", "fra").dropped
    assert reason in dropped.reason and "line 5" in dropped.reason
    with pytest.raises(BadManifest, match="line 5"):
        read_manifest(path, "mdw", "fra", on_bad="refuse")


def test_corrupt_and_empty_audio(tmp_path):
    folder = tmp_path / "m"
    folder.mkdir()
    (folder / "x.wav").write_bytes(b"RIFF nothing like it")
    soundfile.write(folder / "y.wav", np.zeros(0), 16000)
    path = write(folder, [*GOOD, ["x", "x.wav", "train"], ["y", "y.wav", "train"]])
    reasons = [d.reason for d in read_manifest(path, "mdw", "fra").dropped]
    assert len(reasons) == 2 and "x.wav" in reasons[0] and "empty" in reasons[1]
    for name in ("x.wav", "y.wav", "z.wav"):
        with pytest.raises(BadAudio, match=name):
            read_audio(folder / name)


def test_whole_file_is_unusable(tmp_path):
    with pytest.raises(BadManifest, match="not readable"):
        read_manifest(tmp_path / "none.tsv", "mdw", "fra")
    with pytest.raises(BadManifest, match="lacks the column seconds"):
        read_manifest(write(tmp_path / "m", GOOD, columns=COLUMNS[:-1]), "mdw", "fra")
    with pytest.raises(BadManifest, match="no usable mdw-eng line.*it has mdw-fra"):
        read_manifest(write(tmp_path / "n", GOOD), "mdw", "eng")
    with pytest.raises(BadManifest, match="no test line"):
        read_manifest(write(tmp_path / "o", GOOD[:2]), "mdw", "fra")


def test_byte_order_mark_and_quotes_are_harmless(tmp_path):
    path = write(tmp_path / "m", GOOD, a={"translation": 'il dit "oui'})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    corpus = read_manifest(path, "mdw", "fra")
    assert corpus.utterances[0].texts["fra"] == 'il dit "oui' and len(corpus.utterances) == 3


def test_stereo_and_other_rates_are_heard(tmp_path):
    tone = np.sin(np.arange(8000) * 2 * np.pi * 440 / 8000)
    soundfile.write(tmp_path / "s.wav", np.stack([tone, np.zeros(8000)], 1), 8000)
    samples = read_audio(tmp_path / "s.wav")
    assert samples.shape == (16000,) and np.abs(samples).max() == pytest.approx(0.5, abs=0.05)


def test_mboshi(shared_data):
    corpus = read_manifest(shared_data / "mboshi.tsv", "mdw", "fra")
    assert {s: len(corpus.split(s)) for s in ("train", "dev", "test")} == {"train": 630, "dev": 70, "test": 250}
    assert corpus.hours() == pytest.approx(0.836, abs=0.001) and not corpus.dropped
