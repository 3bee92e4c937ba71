from lib.systems.claims import CLAIMS


def test_claims_by_id():
    assert list(CLAIMS) == ["TOUR-1", "BACKBONE-1", "DATA-1", "DATA-2"]


def test_predicted_ranges():
    ranges = [(claim.predicted_low, claim.predicted_high) for claim in CLAIMS.values()]
    assert ranges == [(5, 100), (5, 100), (0, 0), (0, 10)]
