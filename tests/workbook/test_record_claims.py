"""Claims in a run's record: predicted before, measured once, and never moved."""

from dataclasses import replace

import pytest

from lib.scoring.claims import SYSTEM
from lib.workbook.claim_rows import predicted_row
from lib.workbook.ledger import claims
from lib.workbook.manifest_reader import damage
from lib.workbook.predictions import committed
from tests.workbook.cases import CLAIM, measured, read_record, use_claims
from tests.workbook.test_hypotheses import ROW


def claim_row(run):
    """The only row of claims in a record on disk."""
    (row,) = read_record(run)["claims"]
    return row


def test_a_prediction_is_recorded(run):
    run.predict("GMU-2", source="est", target="eng")
    assert claim_row(run) == predicted_row(CLAIM, source="est", target="eng")


def test_a_prediction_is_shown_with_its_commit(run):
    assert committed("GMU-2")[0][:10] in run.predict("GMU-2").body


def test_a_prediction_may_be_repeated(run):
    run.predict("GMU-2")
    run.predict("GMU-2")
    assert len(read_record(run)["claims"]) == 1


def test_a_prediction_without_a_measurement_may_change(run, monkeypatch):
    run.predict("GMU-2")
    use_claims(monkeypatch, replace(CLAIM, predicted_low=0))
    run.predict("GMU-2")
    assert claim_row(run)["predicted_low"] == 0


def test_a_measurement_survives_the_same_prediction(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    run.predict("GMU-2")
    assert claim_row(run)["verdict"] == "held"


def test_a_measurement_is_judged(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    assert claim_row(run)["verdict"] == "held"


def test_a_verdict_is_shown(run):
    run.predict("GMU-2")
    assert "GMU-2: held" in run.judge("GMU-2", measured()).body


def test_an_unknown_claim_is_refused(run):
    with pytest.raises(KeyError, match="no system has a claim 'X-1'; the claims are GMU-2"):
        run.predict("X-1")


def test_what_was_not_predicted_is_not_judged(run):
    with pytest.raises(ValueError, match="GMU-2 was not predicted"):
        run.judge("GMU-2", measured())


def test_no_other_pair_after_the_measurement(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    with pytest.raises(ValueError, match="its prediction stands"):
        run.predict("GMU-2", source="que", target="spa")


def test_a_range_is_not_moved_after_the_measurement(run, monkeypatch):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    use_claims(monkeypatch, replace(CLAIM, predicted_low=0))
    with pytest.raises(ValueError, match="its prediction stands"):
        run.predict("GMU-2")


def test_a_range_is_not_moved_between_prediction_and_measurement(run, monkeypatch):
    run.predict("GMU-2")
    use_claims(monkeypatch, replace(CLAIM, predicted_low=0))
    with pytest.raises(ValueError, match="was changed after it was recorded"):
        run.judge("GMU-2", measured())


def test_a_second_number_is_refused(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    with pytest.raises(ValueError, match="judged already"):
        run.judge("GMU-2", measured(2.5))


def test_a_refused_number_leaves_the_record(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    before = claim_row(run)
    with pytest.raises(ValueError):
        run.judge("GMU-2", measured(2.5))
    assert claim_row(run) == before


def test_the_same_number_may_be_judged_again(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    run.judge("GMU-2", measured())
    assert claim_row(run)["measured"] == 2.0


@pytest.mark.parametrize(
    ("since", "registration"),
    [("", "before the run"), ("2026-01-01T00:00:00+00:00", "post hoc")],
    ids=["this run", "an earlier run"],
)
def test_a_prediction_is_held_against_the_first_run(run, since, registration):
    run.predict("GMU-2")
    run.manifest["started"] = "2026-01-03T00:00:00+00:00"
    run.manifest["claims"][0]["prediction_time"] = "2026-01-02T00:00:00+00:00"
    run.judge("GMU-2", measured(), since)
    assert claim_row(run)["registration"] == registration


def test_outputs_are_measured_and_judged(run, monkeypatch):
    use_claims(monkeypatch, replace(CLAIM, about=SYSTEM, predicted_high=100))
    reference = "good morning to all of you"
    right = replace(ROW, reference=reference, hypothesis=reference)
    wrong = replace(right, system="baseline", strategy="silence", hypothesis="nothing")
    run.predict("GMU-2")
    run.judge_outputs("GMU-2", [right, wrong])
    row = claim_row(run)
    assert (row["measured"], row["verdict"]) == (pytest.approx(100.0), "held")


def test_a_record_that_was_edited_on_disk_is_found(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    path = run.folder / "manifest.json"
    path.write_text(path.read_text().replace('"predicted_low": 1.0', '"predicted_low": 0.0'))
    assert claims("smoke").empty
    assert "was changed after it was written" in damage("smoke")[0]


def test_what_a_record_predicts_is_held_against_its_own_hash(run):
    """Who seals the record again, too."""
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    run.manifest["claims"][0]["predicted_low"] = 0.0
    run.count()
    assert claims("smoke")["problem"].str.startswith("edited").tolist() == [True]


def test_a_record_that_nobody_edited_has_no_problem(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    assert claims("smoke")["problem"].tolist() == [""]
