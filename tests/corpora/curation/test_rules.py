"""Rules, and the outcome of a step."""

import pytest

from lib.corpora.curation.rules import OPEN_LICENCES, Rules, outcome_of, parse_licences


@pytest.mark.parametrize(
    "wrong, message",
    [
        ({"shared_speakers": "keep"}, "shared_speakers is 'keep'; use 'note' or 'drop'"),
        ({"audio": "some"}, "audio is 'some'; use 'samples', 'header' or 'none'"),
        ({"max_seconds": 0.05}, "min_seconds is 0.1 and max_seconds 0.05"),
        ({"min_seconds": -1.0}, "min_seconds is -1.0"),
    ],
)
def test_impossible_rules_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        Rules(**wrong)


@pytest.mark.parametrize(
    "names, licences",
    [("", ()), ("open", OPEN_LICENCES), ("CC0-1.0, MIT", ("CC0-1.0", "MIT"))],
)
def test_licences_of_a_notebook_parameter(names, licences):
    assert parse_licences(names) == licences


@pytest.mark.parametrize(
    "step, split, outcome",
    [
        ("sound", "train", "dropped"),
        ("sound", "test", "noted"),
        ("licence", "train", "dropped"),
        ("licence", "test", "dropped"),
    ],
)
def test_steps_about_quality_keep_dev_and_test(step, split, outcome):
    assert outcome_of(step, split) == outcome
