import pytest

from lib.scales import SCALES
from lib.systems.registry import claims, not_testable, untested_claims

PAPERS = {claim.paper for claim in claims().values()} - {"this workbook"}


def test_ids_are_unique_and_not_those_of_predictions():
    ids = [claim.id for claim in untested_claims()]
    assert len({*ids, *claims()}) == len(ids) + len(claims())


def test_every_paper_has_claims_that_cannot_be_tested():
    assert {claim.paper for claim in untested_claims()} == PAPERS


@pytest.mark.parametrize("claim", untested_claims(), ids=lambda claim: claim.id)
def test_a_claim_is_complete(claim):
    assert claim.scales and set(claim.scales) <= set(SCALES)
    assert all((claim.statement, claim.published, claim.reason))


def test_a_claim_that_needs_a_model_which_has_read_less_cannot_be_tested_at_full():
    assert [bool(not_testable("ZR-5", scale)) for scale in SCALES] == [False, False, False, True]
