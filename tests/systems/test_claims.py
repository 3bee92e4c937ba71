from lib.scoring.claims import DATA, TRAINING
from lib.systems.claims import CLAIMS


def test_claims_by_id():
    assert list(CLAIMS) == [
        *("TOUR-1", "BACKBONE-1", "DATA-1", "DATA-2"),
        *("ERRORS-1", "OBEY-1", "LISTEN-1"),
        *("RECORDINGS-1", "RECORDINGS-2", "RECORDINGS-3"),
        *("COMP-1", "COMP-2", "COMP-3", "PAIR-1", "PAIR-2", "PAIR-3"),
        *("INSTR-1", "INSTR-2", "INSTR-3"),
        *("INIT-1", "INIT-2", "INIT-3", "INIT-4", "INIT-5"),
    ]


def test_questions_of_the_ablations_are_about_training():
    """So a verdict needs several seeds; one run is enough for the others."""
    training = {id for id, claim in CLAIMS.items() if claim.about == TRAINING}
    assert {id.partition("-")[0] for id in training} == {"COMP", "PAIR", "INSTR", "INIT"}
    assert {id for id, claim in CLAIMS.items() if claim.about == DATA} == {"DATA-1", "DATA-2"}


def test_questions_that_were_asked_after_looking_say_so():
    assert {id for id, claim in CLAIMS.items() if claim.post_hoc} == {
        *("RECORDINGS-1", "RECORDINGS-2", "RECORDINGS-3"),
        *("COMP-1", "COMP-2", "COMP-3", "PAIR-1", "PAIR-3"),
        *("INSTR-1", "INSTR-2", "INSTR-3", "INIT-1", "INIT-2"),
    }


def test_predicted_ranges():
    ranges = [(claim.predicted_low, claim.predicted_high) for claim in CLAIMS.values()]
    assert ranges == [
        *((5, 100), (5, 100), (0, 0), (0, 10)),
        *((0, 2), (90, 100), (60, 100)),
        *((0, 60), (0, 100), (0, 100)),
        *((-2, 100), (-100, 0), (-5, 5), (0, 100), (0, 100), (20, 100)),
        *((0, 100), (-2, 100), (10, 100)),
        *((3, 100), (0, 100), (0, 100), (0, 100), (0, 100)),
    ]
