from dataclasses import replace

import pytest

from lib.scoring.comparisons import score_runs, subtract_runs
from lib.scoring.grid_scores import GridScores
from tests.scoring.cases import SEEN, UNSEEN, make_rows

SHARES = {"2": 0.1, "8": 0.2, "16": 0.6}


def rows_of(level, seed, sound="clean", share=None):
    own = make_rows("any", seed, share or SHARES[level], pair=SEEN)
    own += make_rows("any", seed, share or SHARES[level], pair=UNSEEN)
    constant = [replace(r, system="baseline", strategy="constant", hypothesis="one") for r in own]
    return own + constant


@pytest.fixture
def found():
    return GridScores(
        factors=("ratio", "sound"),
        outputs={
            (level, sound): {seed: rows_of(level, seed) for seed in (1, 2, 3)}
            for level in SHARES
            for sound in ("clean", "fast")
        },
        measures={("2", "clean"): {1: {"updates": 10.0}, 2: {"updates": 20.0}}},
        reference=("2", "clean"),
    )


def test_a_score_is_the_mean_of_directions_and_seeds(found):
    own = [
        score_runs({s: make_rows("any", s, 0.2, pair=pair) for s in (1, 2, 3)}, "BLEU").score()
        for pair in (SEEN, UNSEEN)
    ]
    score = found.score(("8", "clean"))
    assert score.value == pytest.approx(sum(one.value for one in own) / 2)
    assert score.seeds == 3
    assert score.low < score.value < score.high


def test_a_difference_is_to_the_reference_level_of_one_factor(found):
    runs = {s: make_rows("any", s, 0.6, pair=SEEN) for s in (1, 2, 3)}
    finest = {s: make_rows("any", s, 0.1, pair=SEEN) for s in (1, 2, 3)}
    one = found.only(lambda row: (row.source, row.target) == SEEN)
    expected = subtract_runs(runs, finest, "BLEU").estimate()
    difference = one.difference(("16", "fast"))
    assert (difference.value, difference.low) == pytest.approx((expected.value, expected.low))


def test_the_factor_can_be_named(found):
    difference = found.difference(("8", "fast"), factor="sound")
    assert difference.value == pytest.approx(0.0)
    assert found.difference(("8", "clean"), factor="sound") is None


def test_the_reference_has_no_difference(found):
    assert found.difference(("2", "clean")) is None


def test_differences_are_over_the_seeds_that_both_have(found):
    outputs = dict(found.outputs)
    outputs["8", "clean"] = {3: rows_of("8", 3), 4: rows_of("8", 4)}
    fewer = replace(found, outputs=outputs)
    assert fewer.difference(("8", "clean")).seeds == 1
    outputs["8", "clean"] = {4: rows_of("8", 4)}
    assert replace(found, outputs=outputs).difference(("8", "clean")) is None


def test_what_was_not_run_has_no_score(found):
    assert found.score(("4", "clean")) is None
    assert found.score(("2", "clean"), task="ASR") is None
    assert found.baseline(("4", "clean")) is None


def test_the_baseline_is_the_best_one_and_no_output_of_a_system(found):
    assert 0 <= found.baseline(("2", "clean")) < found.score(("2", "clean")).value


def test_a_measure_is_the_mean_of_the_seeds_that_have_it(found):
    assert found.measure(("2", "clean"), "updates") == 15.0
    assert found.measure(("8", "clean"), "updates") is None


def test_the_first_seed_is_named_by_its_levels(found):
    rows = found.first_seed()
    assert {row.seed for row in rows} == {1}
    assert {row.strategy for row in rows} >= {"2, clean", "16, fast"}
    assert "baseline" not in {row.system for row in rows}
