"""Lhotse cuts as a manifest."""

import gzip

import pytest

from lib.corpora.audio import read_audio
from lib.corpora.sources.own import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.manifests import write_jsonl
from tests.corpora.sources.trees import separate, summaries, tone


def write_cuts(folder):
    from lhotse import CutSet, MonoCut, Recording, SupervisionSegment

    recording = Recording.from_file(tone(folder / "talk.wav", seconds=4.0))
    supervision = SupervisionSegment(
        id="s1",
        recording_id="talk",
        start=0.5,
        duration=1.0,
        text="yes",
        language="eng",
        speaker="x",
        custom={"split": "test", "texts": {"deu": "ja"}},
    )
    cut = MonoCut("c1", 1.0, 2.0, 0, [supervision], recording=recording)
    CutSet.from_cuts([cut]).to_file(folder / "cuts.jsonl.gz")
    return folder / "cuts.jsonl.gz"


def test_lhotse_cuts_as_lhotse_writes_them(tmp_path):
    (utterance,) = read(write_cuts(tmp_path))
    assert (utterance.id, utterance.split) == ("s1", "test")
    assert (utterance.start, utterance.seconds) == (1.5, 1.0)
    assert utterance.texts == {"deu": "ja", "eng": "yes"}
    assert len(read_audio(utterance.sound)) == 16000


def test_lhotse_cuts_without_compression(tmp_path):
    path = write_cuts(tmp_path)
    (tmp_path / "cuts.jsonl").write_bytes(gzip.decompress(path.read_bytes()))
    (compressed,), (plain,) = read(path), read(tmp_path / "cuts.jsonl")
    assert plain.texts == compressed.texts


CUT = {
    "type": "MonoCut",
    "id": "c",
    "start": 0,
    "recording": {"sources": [{"source": "a.wav"}], "duration": 2.0},
    "supervisions": [{"id": "s", "start": 0, "duration": 1.0, "language": "eng"}],
}


@pytest.mark.parametrize(
    "changes",
    [
        {"start": "x"},
        {"recording": {"sources": [], "duration": 2.0}},
        {"recording": {"duration": 2.0}},
        {"recording": ["a.wav"]},
        {"supervisions": ["s"]},
        {"supervisions": [{"id": "s"}]},
        {"supervisions": 3},
        {"type": "MixedCut"},
    ],
    ids=str,
)
def test_broken_cuts_are_dropped(tmp_path, changes):
    without_start = {key: value for key, value in CUT.items() if key != "start"}
    path = write_jsonl(tmp_path, CUT, CUT | changes, without_start)
    (good,), findings = separate(read(path))
    assert good.id == "s"
    dropped = [finding for finding in findings if finding.outcome == "dropped"]
    assert summaries(dropped) == [("line", f"m.jsonl:{n}", "dropped") for n in (2, 3)]


def test_damaged_gzip(tmp_path):
    path = write_cuts(tmp_path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(NotObtained, match="cuts.jsonl.gz is damaged"):
        list(read(path))
