from lib.scoring.claims import DATA, SYSTEM
from lib.systems.claims import CLAIMS


def test_claims_by_id():
    assert list(CLAIMS) == [
        *("TOUR-1", "BACKBONE-1", "DATA-1", "DATA-2"),
        *("ERRORS-1", "OBEY-1", "LISTEN-1"),
    ]


def test_no_claim_is_about_chance_in_training():
    """So one run is enough for each of them."""
    assert [claim.about for claim in CLAIMS.values()] == [
        *(SYSTEM, SYSTEM, DATA, DATA),
        *(SYSTEM, SYSTEM, SYSTEM),
    ]


def test_predicted_ranges():
    ranges = [(claim.predicted_low, claim.predicted_high) for claim in CLAIMS.values()]
    assert ranges == [
        *((5, 100), (5, 100), (0, 0), (0, 10)),
        *((0, 2), (90, 100), (60, 100)),
    ]
