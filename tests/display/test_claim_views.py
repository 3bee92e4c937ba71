import pandas as pd
import pytest

from lib.display import claim_views
from lib.scoring.claims import DATA, Claim, Measured
from tests.display.outputs import MARKUP, estimate, is_escaped

HASH = "0123456789abcdef0123456789abcdef01234567"


def claim_row(claim="GMU-1", verdict="held", measured=2.0, **changes):
    """A row of claims.csv."""
    return {
        "claim": claim,
        "paper": "2505.21781",
        "statement": "direct beats the cascade",
        "pair": "",
        "about": "training",
        "predicted_low": 1,
        "predicted_high": 100,
        "measured": measured,
        "low": None if measured is None else measured - 1,
        "high": None if measured is None else measured + 1,
        "seeds": 3,
        "verdict": verdict,
        "magnitude": "",
        "general_verdict": "",
        "registration": "before the run",
        "problem": "",
        "prediction_commit": HASH,
        "prediction_time": "2026-01-01T12:00:00+00:00",
        "notebook": "11",
        "run": "11",
        "published": "best in 6 of 9",
    } | changes


def claims(*rows):
    return claim_views.claims(pd.DataFrame(rows)).body


def test_a_prediction_has_its_range():
    body = claim_views.prediction(claim_row()).body
    assert "predicted: 1.00 to 100.00" in body


def test_a_prediction_has_its_commit_and_time():
    body = claim_views.prediction(claim_row()).body
    assert "(in commit 0123456789, 2026-01-01T12:00:00+00:00)" in body


@pytest.mark.parametrize("commit", ["not committed", "no git"])
def test_a_prediction_without_a_commit_says_so(commit):
    row = claim_row(prediction_commit=commit, prediction_time="")
    assert f"100.00 ({commit})" in claim_views.prediction(row).body


def test_a_prediction_has_the_published_figure():
    assert "published: best in 6 of 9" in claim_views.prediction(claim_row()).body


def test_a_prediction_without_a_published_figure_has_no_line_for_it():
    assert "published" not in claim_views.prediction(claim_row(published="")).body


def test_a_prediction_has_its_pair():
    body = claim_views.prediction(claim_row(pair="est→eng")).body
    assert "est→eng: direct beats the cascade" in body


def test_a_prediction_has_its_power():
    assert "<br>sees 2.0</p>" in claim_views.prediction(claim_row(), "sees 2.0").body


@pytest.mark.parametrize("column", ["claim", "statement", "pair", "published"])
def test_a_prediction_is_escaped(column):
    assert is_escaped(claim_views.prediction(claim_row(**{column: MARKUP})).body)


def test_the_commit_of_a_prediction_is_escaped():
    row = claim_row(prediction_commit=MARKUP, prediction_time="")
    assert is_escaped(claim_views.prediction(row).body)


def test_the_power_of_a_prediction_is_escaped():
    assert is_escaped(claim_views.prediction(claim_row(), MARKUP).body)


def test_a_judgement_has_its_verdict_and_numbers():
    text = "measured 2.00 (1.00 to 3.00), predicted 1.00 to 100.00."
    assert claim_views.judgement(claim_row()).body == f"<p><b>GMU-1: held</b>: {text}</p>"


def test_a_judgement_has_its_magnitude():
    body = claim_views.judgement(claim_row(magnitude="compatible")).body
    assert "; against the paper's figure: compatible." in body


def test_a_judgement_without_a_measurement_says_so():
    body = claim_views.judgement(claim_row(verdict="not run", measured=None)).body
    assert "GMU-1: not run</b>: nothing measured," in body


def test_a_judgement_is_escaped():
    assert is_escaped(claim_views.judgement(claim_row(MARKUP)).body)


@pytest.fixture
def body():
    return claims(claim_row(), claim_row("GMU-2", "not run", None))


def test_a_claim_has_its_prediction(body):
    assert "<td>1.00 to 100.00</td>" in body


def test_a_measured_claim_has_its_interval(body):
    assert "<td>1.00 to 3.00</td>" in body


def test_a_claim_that_was_not_measured_has_none(body):
    assert "nan" not in body


def test_a_claim_has_the_published_figure(body):
    assert "best in 6 of 9" in body


def test_a_claim_has_the_registration_of_its_prediction():
    assert "<td>post hoc</td>" in claims(claim_row(registration="post hoc"))


def test_a_problem_stands_in_place_of_the_registration():
    body = claims(claim_row(problem="edited: the verdict"))
    assert ("<td>edited: the verdict</td>" in body, "before the run" in body) == (True, False)


def test_rows_of_an_earlier_version_are_shown():
    added = ("pair", "about", "magnitude", "general_verdict", "registration")
    earlier = claim_row(**dict.fromkeys(added), problem="recorded by an earlier version")
    body = claims(earlier)
    assert ("<td>recorded by an earlier version</td>" in body, "nan" in body) == (True, False)


@pytest.mark.parametrize("column", ["statement", "pair", "published", "problem", "verdict"])
def test_claims_are_escaped(column):
    assert is_escaped(claims(claim_row(**{column: MARKUP})))


def test_no_claims_are_no_rows():
    assert "no rows" in claims()


@pytest.fixture
def answers():
    asked = [
        Claim(
            id=f"GMU-{number}",
            paper="2505.21781",
            statement="direct beats the cascade",
            predicted_low=1,
            predicted_high=100,
            published_low=3.5,
            published_high=4.5,
        )
        for number in (1, 2)
    ]
    measured = Measured(
        value=2.0,
        low=1.0,
        high=3.0,
        seeds=3,
        pairs=2,
        description="mean of est→eng +2.0",
        general=estimate(2.0, half_width=4.0),
    )
    return claim_views.study_claims([(asked[0], measured), (asked[1], None)]).body


def test_a_study_claim_has_its_interval(answers):
    assert "<td>+2.0 (+1.0 to +3.0)</td>" in answers


def test_a_study_claim_has_its_verdict_and_magnitude(answers):
    assert "<td>held</td><td>below</td>" in answers


def test_a_study_claim_has_its_interval_for_pairs_in_general(answers):
    assert "<td>+2.0 (-2.0 to +6.0)</td><td>mean of est→eng +2.0</td>" in answers


def test_a_study_claim_without_runs_was_not_run(answers):
    assert answers.count("<td>not run</td>") == 1


def calibration(*rows):
    """The rows of the table: registration, whose claims, and the numbers."""
    found = pd.read_html(claim_views.calibration(pd.DataFrame(rows)).body)
    return found[0].values.tolist()


def test_calibration_counts_verdicts():
    verdicts = ("held", "held", "failed", "inconclusive", "one seed")
    rows = [claim_row(verdict=verdict) for verdict in verdicts]
    assert calibration(*rows) == [["before the run", "of a paper", 5, 2, 1, 1, 1]]


def test_claims_of_papers_and_of_the_workbook_are_counted_apart():
    own = claim_row(paper="this workbook", verdict="failed")
    assert calibration(claim_row(), own) == [
        ["before the run", "of a paper", 1, 1, 0, 0, 0],
        ["before the run", "the workbook's", 1, 0, 1, 0, 0],
    ]


@pytest.mark.parametrize("registration", ["post hoc", "not committed", "no git"])
def test_what_was_not_predicted_before_is_counted_apart(registration):
    assert calibration(claim_row(), claim_row(registration=registration)) == [
        ["before the run", "of a paper", 1, 1, 0, 0, 0],
        [registration, "of a paper", 1, 1, 0, 0, 0],
    ]


def test_checks_without_chance_are_not_counted():
    assert len(calibration(claim_row(), claim_row(about=DATA, registration="post hoc"))) == 1


def test_what_was_not_measured_is_not_counted():
    unmeasured = claim_row("GMU-2", "not run", None, registration="")
    assert len(calibration(claim_row(), unmeasured)) == 1


def test_rows_without_a_registration_are_not_counted():
    earlier = claim_row(registration=None, about=None)
    assert len(calibration(claim_row(), earlier)) == 1


@pytest.mark.parametrize("row", [claim_row(about=DATA), claim_row("GMU-2", "not run", None)])
def test_nothing_to_count_is_said(row):
    assert "No prediction is measured yet" in claim_views.calibration(pd.DataFrame([row])).body


def ledger(*rows):
    return claim_views.ledger(pd.DataFrame(rows)).body


def test_the_ledger_has_a_table_for_each_paper_with_its_verdicts():
    body = ledger(claim_row(), claim_row("GMU-2", "failed"), claim_row("X", paper="this workbook"))
    assert "<h3>arXiv 2505.21781: 1 held, 1 failed</h3>" in body
    assert "<h3>this workbook: 1 held</h3>" in body


def test_the_ledger_has_what_was_published_predicted_and_measured():
    body = ledger(claim_row(magnitude="above", general_verdict="inconclusive"))
    for text in (
        "paper: best in 6 of 9",
        "<td>1 to 100</td>",
        "<td>2.00 (1.00 to 3.00)</td>",
        "<td>held; magnitude: above; in general: inconclusive</td>",
    ):
        assert text in body


def test_a_record_with_a_problem_is_in_the_ledger_and_not_counted():
    body = ledger(claim_row(), claim_row(verdict="failed", problem="edited: the verdict"))
    assert "edited: the verdict" in body and "2505.21781: 1 held</h3>" in body


def test_what_was_not_measured_is_listed_with_its_reason():
    missing = claim_row("GMU-U1", "not run", None, reason="no table", predicted_low=None)
    frame = pd.DataFrame([claim_row(reason=""), missing])
    body = claim_views.not_measured(frame).body
    assert ("no table" in body, "GMU-1" in body) == (True, False)
    assert "GMU-U1" not in claim_views.ledger(frame).body


@pytest.mark.parametrize(
    "column", ["statement", "pair", "published", "problem", "verdict", "paper", "notebook"]
)
def test_the_ledger_is_escaped(column):
    assert is_escaped(ledger(claim_row(**{column: MARKUP})))


@pytest.mark.parametrize("column", ["statement", "published", "reason", "paper"])
def test_what_was_not_measured_is_escaped(column):
    row = claim_row("X", "not run", None, reason="") | {column: MARKUP}
    assert is_escaped(claim_views.not_measured(pd.DataFrame([row])).body)


def test_an_empty_ledger_says_so():
    assert "No claim is measured yet" in ledger(claim_row(measured=None, verdict="not run"))
