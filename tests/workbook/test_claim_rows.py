from dataclasses import replace

import pytest

from lib.scoring.claims import DATA, SYSTEM
from lib.scoring.estimates import Components, Estimate
from lib.scoring.power import Variances
from lib.workbook.claim_rows import differs, judged_row, predicted_row
from lib.workbook.ledger import CLAIMS
from lib.workbook.predictions import committed
from tests.workbook.cases import CLAIM, measured

STARTED = "2026-01-02T00:00:00+00:00"
COMPONENTS = Components(items=1.0, seed_items=0.25, training=0.123456)
VARIANCES = Variances(one=COMPONENTS, mean=COMPONENTS, pairs=1, items=60)
GENERAL = Estimate(
    metric="BLEU",
    value=2.0,
    standard_error=1.0,
    degrees_of_freedom=1e9,
    values=(2.0, 2.0),
    n=60,
    unit="speaker(12)",
    components=COMPONENTS,
)


def judged(found, claim=CLAIM, since=STARTED, **changes):
    """The row of a claim after its measurement."""
    return judged_row(predicted_row(claim) | changes, claim, found, since)


def test_a_row_has_the_columns_of_claims_csv():
    added = {"notebook", "run", "commit", "started", "problem", "reason"}
    assert set(predicted_row(CLAIM)) == set(CLAIMS) - added


def test_a_judged_row_has_no_further_columns():
    found = measured(general=GENERAL, variances=VARIANCES)
    assert judged(found).keys() == predicted_row(CLAIM).keys()


def test_a_row_names_the_pair():
    assert predicted_row(CLAIM, source="est", target="eng")["pair"] == "est→eng"


def test_a_row_without_a_pair_is_about_all():
    assert predicted_row(CLAIM)["pair"] == ""


def test_a_prediction_is_not_judged():
    assert predicted_row(CLAIM)["verdict"] == "not run"


def test_a_prediction_has_its_commit():
    row = predicted_row(CLAIM)
    assert (row["prediction_commit"], row["prediction_time"]) == committed(CLAIM.id)


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        ((2, 1, 3), "held"),
        ((2, -1, 3), "inconclusive"),
        ((4, 3, 6), "inconclusive"),
        ((7, 6, 8), "failed"),
        ((-2, -3, -1), "failed"),
    ],
)
def test_the_verdict_is_computed(numbers, verdict):
    assert judged(measured(*numbers))["verdict"] == verdict


def test_a_claim_about_training_needs_several_seeds():
    assert judged(measured(seeds=1))["verdict"] == "one seed"


@pytest.mark.parametrize("about", [SYSTEM, DATA])
def test_other_claims_need_one_seed(about):
    assert judged(measured(seeds=1), replace(CLAIM, about=about))["verdict"] == "held"


def test_a_number_is_exact():
    row = judged(2, replace(CLAIM, about=DATA))
    assert (row["measured"], row["low"], row["high"], row["verdict"]) == (2, 2, 2, "held")


def test_numbers_are_rounded():
    assert judged(2.123456)["measured"] == 2.1235


def test_the_verdict_is_of_the_numbers_in_the_row():
    row = judged(measured(2, 0.99999, 3))
    assert (row["low"], row["verdict"]) == (1.0, "held")


@pytest.mark.parametrize("found", [float("nan"), measured(*[float("nan")] * 3)])
def test_what_could_not_be_measured_is_empty(found):
    row = judged(found)
    assert (row["measured"], row["verdict"], row["magnitude"]) == (None, "not run", "")


@pytest.mark.parametrize(
    ("numbers", "magnitude"),
    [((2, 1, 3), "below"), ((4, 3, 5), "compatible"), ((6, 5, 7), "above")],
)
def test_the_magnitude_is_against_the_published_figure(numbers, magnitude):
    assert judged(measured(*numbers))["magnitude"] == magnitude


def test_without_a_published_figure_there_is_no_magnitude():
    assert judged(measured(), replace(CLAIM, published_low=None))["magnitude"] == ""


def test_the_number_of_seeds_is_kept():
    assert judged(measured(seeds=3))["seeds"] == 3


def test_a_number_counts_as_one_seed():
    assert judged(2)["seeds"] == 1


@pytest.mark.parametrize(
    ("time", "registration"),
    [
        ("2026-01-01T00:00:00+00:00", "before the run"),
        ("2026-01-03T00:00:00+00:00", "post hoc"),
        ("", "not committed"),
    ],
)
def test_a_row_says_whether_its_prediction_came_first(time, registration):
    row = judged(measured(), prediction_commit="not committed", prediction_time=time)
    assert row["registration"] == registration


def test_a_question_asked_after_looking_stays_post_hoc():
    early = {"prediction_time": "2026-01-01T00:00:00+00:00"}
    assert judged(measured(), replace(CLAIM, post_hoc=True), **early)["registration"] == "post hoc"


def test_a_study_has_its_pairs_and_description():
    row = judged(measured(pairs=4, description="mean of four"))
    assert (row["pairs"], row["measurement"]) == (4, "mean of four")


def test_pairs_in_general_have_a_verdict_of_their_own():
    row = judged(measured(general=GENERAL))
    found = [row[name] for name in ("general_low", "general_high", "general_verdict")]
    assert found == [0.04, 3.96, "inconclusive"]


def test_variances_are_kept():
    row = judged(measured(variances=VARIANCES))
    names = ("variance_training", "mean_variance_training", "measured_items")
    assert [row[name] for name in names] == [0.1235, 0.1235, 60]


def test_a_measurement_of_one_run_has_no_variances():
    assert judged(GENERAL)["variance_items"] is None


@pytest.mark.parametrize(
    "change", [{"predicted_low": 0}, {"statement": "B beats A"}, {"published_low": 1.0}]
)
def test_a_claim_that_has_changed_is_not_judged(change):
    with pytest.raises(ValueError, match="GMU-2 was changed after it was recorded"):
        judged_row(predicted_row(CLAIM), replace(CLAIM, **change), measured(), STARTED)


@pytest.mark.parametrize("other", [measured(2.5), measured(low=1.0), measured(high=9.0)])
def test_a_second_number_is_refused(other):
    row = judged(measured())
    with pytest.raises(ValueError, match="GMU-2 was judged already, with 2.0"):
        judged_row(row, CLAIM, other, STARTED)


def test_the_same_number_may_be_judged_again():
    row = judged(measured())
    assert judged_row(row, CLAIM, measured(), STARTED) == row


def test_a_number_may_follow_where_nothing_was_measured():
    row = judged_row(judged(float("nan")), CLAIM, measured(), STARTED)
    assert row["verdict"] == "held"


def test_another_prediction_is_noticed():
    assert differs(predicted_row(CLAIM), predicted_row(replace(CLAIM, predicted_low=0)))


def test_another_pair_is_noticed():
    assert differs(predicted_row(CLAIM), predicted_row(CLAIM, source="est", target="eng"))


def test_a_measurement_is_no_other_prediction():
    assert not differs(predicted_row(CLAIM), judged(measured()))
