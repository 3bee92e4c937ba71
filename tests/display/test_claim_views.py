import pandas as pd
import pytest

from lib.display import claim_views
from lib.scoring.claims import Claim, Measured
from tests.display.outputs import MARKUP, is_escaped


def claim_row(claim="GMU-1", verdict="held", measured=2.0, statement="direct beats the cascade"):
    return {
        "claim": claim,
        "paper": "2505.21781",
        "statement": statement,
        "predicted_low": 1,
        "predicted_high": 100,
        "measured": measured,
        "low": None if measured is None else measured - 1,
        "high": None if measured is None else measured + 1,
        "seeds": 3,
        "verdict": verdict,
        "notebook": "11",
        "run": "11",
        "published": "best in 6 of 9",
    }


@pytest.fixture
def frame():
    return pd.DataFrame([claim_row(), claim_row("GMU-2", "not run", None)])


def test_a_claim_has_its_prediction_and_interval(frame):
    assert "<td>1.00 to 100.00</td>" in claim_views.claims(frame).body


def test_a_measured_claim_has_its_interval(frame):
    assert "<td>1.00 to 3.00</td>" in claim_views.claims(frame).body


def test_a_claim_that_was_not_measured_has_none(frame):
    assert "nan" not in claim_views.claims(frame).body


def test_a_claim_has_the_published_figure(frame):
    assert "best in 6 of 9" in claim_views.claims(frame).body


def test_statements_are_escaped():
    frame = pd.DataFrame([claim_row(statement=MARKUP)])
    assert is_escaped(claim_views.claims(frame).body)


def test_no_claims_are_no_rows():
    assert "no rows" in claim_views.claims(pd.DataFrame()).body


@pytest.fixture
def answers():
    claims = [
        Claim(
            id=f"GMU-{number}",
            paper="2505.21781",
            statement="direct beats the cascade",
            predicted_low=1,
            predicted_high=100,
        )
        for number in (1, 2)
    ]
    measured = Measured(value=2.0, low=1.0, high=3.0, seeds=3, description="mean of est→eng +2.0")
    return claim_views.study_claims([(claims[0], measured), (claims[1], None)]).body


def test_a_study_claim_has_its_interval(answers):
    assert "<td>+2.0 (+1.0 to +3.0)</td>" in answers


def test_a_study_claim_has_its_verdict(answers):
    assert "<td>held</td><td>mean of est→eng +2.0</td>" in answers


def test_a_study_claim_without_runs_was_not_run(answers):
    assert answers.count("<td>not run</td>") == 1


def test_calibration_counts_verdicts(frame):
    body = claim_views.calibration(frame).body
    assert "<td>held</td><td class='number'>1</td>" in body


def test_calibration_counts_what_was_not_measured(frame):
    assert "1 predictions measured, 1 not yet" in claim_views.calibration(frame).body
