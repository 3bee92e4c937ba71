import pytest

from lib.scoring.claims import Claim
from lib.scoring.significance import Difference
from lib.workbook.claim_rows import differs, judged_row, predicted_row
from lib.workbook.collect import CLAIMS

CLAIM = Claim(
    id="X-1",
    paper="1234.5678",
    statement="A beats B (BLEU)",
    published="about 2",
    predicted_low=1,
    predicted_high=5,
)


def found(value, low, high):
    return Difference(metric="BLEU", value=value, low=low, high=high, n=60)


def test_a_row_has_the_columns_of_claims_csv():
    assert set(predicted_row(CLAIM)) == set(CLAIMS) - {"notebook", "run"}


def test_a_row_names_the_pair():
    statement = predicted_row(CLAIM, source="est", target="eng")["statement"]
    assert statement == "est→eng: A beats B (BLEU)"


def test_a_prediction_is_not_judged():
    assert predicted_row(CLAIM)["verdict"] == "not run"


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [((2, 1, 3), "held"), ((2, -1, 3), "inconclusive"), ((7, 6, 8), "failed")],
)
def test_the_verdict_is_computed(measured, verdict):
    assert judged_row(predicted_row(CLAIM), CLAIM, found(*measured), 1)["verdict"] == verdict


def test_a_number_is_exact():
    row = judged_row(predicted_row(CLAIM), CLAIM, 2, 1)
    assert (row["measured"], row["low"], row["high"]) == (2, 2, 2)


def test_numbers_are_rounded():
    assert judged_row(predicted_row(CLAIM), CLAIM, 2.123456, 1)["measured"] == 2.1235


def test_what_could_not_be_measured_is_empty():
    row = judged_row(predicted_row(CLAIM), CLAIM, float("nan"), 1)
    assert (row["measured"], row["verdict"]) == (None, "not run")


def test_the_prediction_of_the_row_stands():
    row = predicted_row(CLAIM) | {"predicted_low": 6, "predicted_high": 9}
    assert judged_row(row, CLAIM, 7, 1)["verdict"] == "held"


def test_the_number_of_seeds_is_kept():
    assert judged_row(predicted_row(CLAIM), CLAIM, 2, 3)["seeds"] == 3


@pytest.mark.parametrize(("change", "other"), [({"predicted_low": 0}, True), ({"seeds": 3}, False)])
def test_another_prediction_is_noticed(change, other):
    row = predicted_row(CLAIM)
    assert differs(row, row | change) is other
