"""Claims of the zero-resource paper: on which rows they are judged, and their signs."""

import pytest

from lib.scoring.study import Study
from lib.systems.zero_resource import claims
from tests.systems.zero_resource.test_transfer import row

GOOD, BAD = "five euros and six days", "four pounds or nine weeks"


def study(rows):
    return Study.of([((r.source, r.target), r) for r in rows])


def measured(rows, id):
    found = {claim.id: answer for claim, answer in claims.measure_claims(study(rows), ["cat"])}
    return found[id]


def clips(code, strategy, hypothesis, seeds=(1, 2), **changes):
    return [
        row(code, seed, hypothesis, strategy=strategy, id=f"{code}-{n}", speaker=f"{n}", **changes)
        for seed in seeds
        for n in range(4)
    ]


def test_what_joint_training_loses_is_a_gain_of_two_stages():
    rows = clips("deu", "multi-task", GOOD)
    rows += clips("deu", "multi-task, joint from the start", BAD)
    assert measured(rows, "ZR-2").value == pytest.approx(100.0)


def test_claims_about_held_out_languages_leave_out_the_others():
    rows = clips("deu", "multi-task", GOOD) + clips("cat", "multi-task", BAD)
    rows += clips("deu", "multi-task, adapter only", BAD)
    rows += clips("cat", "multi-task, adapter only", GOOD)
    assert measured(rows, "ZR-3-SEEN").value == pytest.approx(100.0)
    assert measured(rows, "ZR-3-HELD-OUT").value == pytest.approx(-100.0)


def test_fewer_errors_are_negative():
    common = {"task": "ASR", "target": "cat"}
    rows = clips("cat", "multi-task", GOOD, **common)
    rows += clips("cat", claims.UNREAD, BAD, **common)
    assert measured(rows, "ZR-5").value < -50


def test_what_was_not_run_has_no_answer():
    assert measured(clips("deu", "multi-task", GOOD), "ZR-7") is None


def test_rows_of_a_run_that_a_claim_is_judged_on():
    rows = [row("deu"), row("cat"), row("cat", strategy="st"), row("cat", task="ASR")]
    rows.append(row("cat", system="baseline", strategy="constant"))
    found = claims.rows_for("ZR-1", rows, ["cat"])
    assert [(r.source, r.strategy) for r in found] == [("cat", "multi-task"), ("cat", "constant")]


def test_groups_of_ablations_name_claims():
    assert {id for ids in claims.BY_GROUP.values() for id in ids} <= claims.CLAIMS.keys()
