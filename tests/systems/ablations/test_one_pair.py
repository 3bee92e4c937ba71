import pytest

from lib.scoring.grid_scores import GridScores
from lib.systems.ablations import compression, one_pair, other_test_sets
from lib.systems.one_system import train_one_system
from lib.systems.registry import study_runs
from tests.scoring.cases import make_rows

SHARES = {"GMU, direct": 0.4, "GMU, ASR first": 0.3, "IT-IST": 0.5, "zero-resource": 0.2}


def scores_of(shares):
    return GridScores(
        factors=("system",),
        outputs={(n,): {s: make_rows(n, s, share) for s in (1, 2)} for n, share in shares.items()},
        reference=("GMU, direct",),
    )


def test_the_best_of_each_side_are_compared():
    found = scores_of(SHARES)
    expected = found.score(("zero-resource",)).value - found.score(("GMU, ASR first",)).value
    assert one_pair.best_against_gmu(found).value == pytest.approx(expected)


def test_a_side_without_records_is_refused():
    with pytest.raises(ValueError, match="a side is missing"):
        one_pair.best_against_gmu(scores_of({"IT-IST": 0.1}))


def test_a_third_of_the_speech_is_picked_from_all_amounts():
    found = GridScores(
        factors=("system", "pair_contents"),
        outputs={("IT-IST", amount): {1: make_rows("x", 1, 0.1)} for amount in ("900", "300")},
        reference=("GMU, direct", "900"),
    )
    assert list(one_pair.third(found).outputs) == [("IT-IST",)]


def test_every_system_is_trained_on_the_same_pair():
    changes = [point.run.parameters["change"] for point in one_pair.GRID.points()]
    assert all("pair=deu-eng" in change for change in changes)
    assert len({point.run.parameters["system"] for point in one_pair.GRID.points()}) == 4


@pytest.mark.parametrize("name", ["compression", "one_pair"])
def test_a_study_ends_with_the_notebook_that_reads_it(name):
    *points, reader = study_runs(name, "tiny", {})
    assert reader.parameters == {"study": True}
    assert {run.notebook for run in points} == {"04"}
    with pytest.raises(ValueError, match="is made for smoke, tiny, lab, not full"):
        study_runs(name, "full", {})
    with pytest.raises(ValueError, match="-p seed is one of a run"):
        study_runs(name, "tiny", {"seed": "2"})


def test_the_lean_grids_have_the_levels_of_the_study():
    assert list(one_pair.LEAN) == list(one_pair.GRID)
    assert one_pair.LEAN.seeds == compression.LEAN.seeds == (1,)


def test_a_lean_point_of_one_ablation_serves_the_other():
    """So the system of 8x is trained once."""
    pair = next(p for p in one_pair.LEAN.points() if p.label == "zero-resource").run
    ratio = next(p for p in compression.LEAN.points() if p.label == "8").run
    change = f"{pair.parameters['change']}; recipe.compression=8"
    assert ratio.parameters == pair.parameters | {"change": change}


def test_systems_are_tested_on_wider_phrases_than_they_were_trained_on(tmp_path):
    one = train_one_system("gmu", "direct", "pair=deu-eng", "smoke", 1, tmp_path)
    found = other_test_sets.decode({("GMU, direct",): [one]}, "smoke", tmp_path)
    (own,), (wide,) = ([r for r in runs.values()] for runs in found.outputs.values())
    assert {row.subset for row in own} == {"test"}
    assert {row.subset for row in wide} == {other_test_sets.OTHER}
    assert {row.reference for row in own} & {row.reference for row in wide} == set()
    loss = other_test_sets.mean_loss(found)
    scores = [found.score(levels).value for levels in found.outputs]
    assert loss.value == pytest.approx(scores[0] - scores[1])
