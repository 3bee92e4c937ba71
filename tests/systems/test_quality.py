from copy import copy
from dataclasses import replace
from math import isfinite

import pytest

from lib.systems.quality import output_quality
from tests.scoring.cases import make_rows

PAIR = ("que", "spa")


@pytest.fixture
def rows(experiment):
    """The references of the test set as outputs."""
    clips = experiment.corpus.split("test", "que")
    made = make_rows("one", 1, 0.0, pair=PAIR, texts=[u.texts["spa"] for u in clips])
    return [
        replace(row, id=clip.id, transcript=clip.texts["que"])
        for row, clip in zip(made, clips, strict=True)
    ]


def test_rows_of_two_directions_are_refused(experiment, rows):
    with pytest.raises(ValueError, match="for one direction, .*; 2 directions are given"):
        output_quality(experiment, [*rows, replace(rows[0], target="eng")])


def test_rows_without_a_transcript_are_refused(experiment, rows):
    with pytest.raises(ValueError, match="or rows without a transcript"):
        output_quality(experiment, [*rows, replace(rows[0], transcript="")])


def test_recordings_have_no_model(experiment, rows):
    own = copy(experiment)
    own.corpus = replace(experiment.corpus, synthetic=False)
    assert output_quality(own, rows) is None


@pytest.mark.slow  # it trains a COMETKiwi
class TestKiwi:
    def test_every_output_has_a_finite_score(self, experiment, rows):
        found = output_quality(experiment, rows)
        assert found.metric == "COMETKiwi" and found.name
        assert len(found.scores) == len(rows) and all(map(isfinite, found.scores))

    def test_the_model_is_found_again(self, experiment, rows):
        told, own = [], copy(experiment)
        own.progress = lambda *call: told.append(call)
        first = output_quality(experiment, rows)
        assert output_quality(own, rows) == first
        assert told == []

    def test_the_order_of_rows_decides_nothing(self, experiment, rows):
        found = output_quality(experiment, rows)
        other = output_quality(experiment, rows[::-1])
        assert other.scores[::-1] == pytest.approx(found.scores, abs=1e-3)
