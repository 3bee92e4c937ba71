"""Every utterance by itself: files, lengths and ids; and the file of findings."""

import csv
import math

from lib.corpora.audio_stats import AudioStatsCache, Header
from lib.corpora.curation.examination import FindingsWriter
from lib.corpora.curation.rules import Rules
from lib.utterance import Finding
from tests.corpora.curation.corpora import ANY_LANGUAGE, curated, steps, utterance
from tests.corpora.curation.planted import voice


def test_findings_with_tabs_and_line_breaks_stay_on_one_line(tmp_path):
    finding = Finding(step="line", origin="a.tsv:1", problem="has\ta tab\n", remedy="none")
    with FindingsWriter(tmp_path / "new") as writer:
        writer.write([finding])
    with open(tmp_path / "new" / "findings.tsv", newline="") as file:
        (row,) = csv.DictReader(file, delimiter="\t")
    assert row["problem"] == "has a tab "


def test_repeated_id_is_dropped(tmp_path):
    listed = [utterance(tmp_path, "a", origin="m.tsv:2"), utterance(tmp_path, "a")]
    corpus = curated(tmp_path, listed)
    assert steps(corpus) == {"a": "identifier"}
    assert [u.origin for u in corpus.store] == ["m.tsv:2"]


def test_unknown_length_is_not_made_up(tmp_path):
    corpus = curated(tmp_path, [utterance(tmp_path, "a", seconds=math.nan)])
    assert steps(corpus) == {"a": "length"}


def test_length_is_read_from_the_file(tmp_path):
    voice(tmp_path / "a.wav", 1.5, 150.0)
    listed = [utterance(tmp_path, "a", seconds=math.nan)]
    corpus = curated(tmp_path, listed, Rules(audio="header", check_language=False))
    assert corpus.store[0].seconds == 1.5


def test_streamed_wav_is_complete(tmp_path):
    voice(tmp_path / "a.wav", 1.0, 150.0)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    size = data.index(b"data") + 4
    data[size : size + 4] = b"\xff\xff\xff\xff"  # written by ffmpeg into a pipe
    (tmp_path / "a.wav").write_bytes(data)
    corpus = curated(tmp_path, [utterance(tmp_path, "a", seconds=1.0)], ANY_LANGUAGE)
    assert steps(corpus) == {}


def test_truncated_wav_is_dropped(tmp_path):
    voice(tmp_path / "a.wav", 2.0, 160.0)
    (tmp_path / "a.wav").write_bytes((tmp_path / "a.wav").read_bytes()[:-30000])
    corpus = curated(tmp_path, [utterance(tmp_path, "a", seconds=math.nan)], ANY_LANGUAGE)
    assert steps(corpus) == {"a": "file"}


def test_file_that_could_not_be_read_is_tried_again(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"not yet")
    listed = [utterance(tmp_path, "a", seconds=1.0)]
    assert steps(curated(tmp_path, listed, ANY_LANGUAGE)) == {"a": "file"}
    voice(tmp_path / "a.wav", 1.0, 150.0)
    assert steps(curated(tmp_path, listed, ANY_LANGUAGE)) == {}


def test_audio_far_over_the_limit_is_not_decoded(tmp_path, monkeypatch):
    header = Header(seconds=301.0, declared_seconds=301.0, sampling_rate=16000, channels=1)
    monkeypatch.setattr(AudioStatsCache, "headers", lambda self, paths: [header] * len(paths))
    listed = [utterance(tmp_path, "a", seconds=301.0, split="test")]
    corpus = curated(tmp_path, listed, ANY_LANGUAGE)
    problems = [finding.problem for finding in corpus.findings("noted")]
    assert problems == [
        "301.0 s is longer than 30 s",
        "301 s is over 10 x `max_seconds`: not decoded",
    ]
