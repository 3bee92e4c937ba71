"""Transcripts as translations; other decodings are in test_trained.py."""

import pytest

from lib.systems.zero_resource.decodings import transcribed

pytestmark = pytest.mark.slow  # it trains


def test_transcripts_as_translations_are_a_baseline(zero_outputs):
    rows = zero_outputs("multi-task")
    said = {(r.source, r.id): r.hypothesis for r in rows if r.task == "ASR"}
    found = transcribed(rows)
    assert len(found) == sum(r.task == "ST" for r in rows)
    assert all(r.hypothesis == said[r.source, r.id] for r in found)
    assert {r.system for r in found} == {"baseline"}
    assert all(r.target == "eng" for r in found)
