"""What the grids say about the claims, on outputs with a known share of wrong words."""

import pytest

from lib.scoring.grid_scores import GridScores
from lib.systems.ablations import initialisation_gains as gains
from lib.systems.ablations.initialisation import (
    FROZEN,
    MANY,
    OTHER_LANGUAGES,
    SELF_SUPERVISED,
    TOP,
    WHOLE,
)
from tests.scoring.cases import make_rows

GERMAN, DUTCH, CATALAN = ("deu", "eng"), ("nld", "eng"), ("cat", "eng")
# levels -> share of wrong words in German, Dutch, Catalan
WRONG = {
    (SELF_SUPERVISED, FROZEN): (0.5, 0.6, 0.6),
    (OTHER_LANGUAGES, FROZEN): (0.4, 0.5, 0.5),
    (MANY, FROZEN): (0.3, 0.4, 0.4),
    (MANY, TOP): (0.2, 0.3, 0.3),
    (MANY, WHOLE): (0.1, 0.4, 0.4),
}
AMOUNTS = {
    ("1", "random"): (0.6,),
    ("1", SELF_SUPERVISED): (0.4,),
    ("1", MANY): (0.1,),
    ("0.1", "random"): (0.7,),
    ("0.1", SELF_SUPERVISED): (0.6,),
    ("0.1", MANY): (0.3,),
}


def grid_scores(wrong, factors, reference, seeds=(1, 2)):
    outputs = {
        levels: {
            seed: [
                row
                for pair, share in zip((GERMAN, DUTCH, CATALAN), shares, strict=False)
                for row in make_rows("x", seed, share, pair=pair)
            ]
            for seed in seeds
        }
        for levels, shares in wrong.items()
    }
    return GridScores(factors=factors, outputs=outputs, reference=reference)


@pytest.fixture
def main():
    return grid_scores(WRONG, ("encoder", "trained"), (SELF_SUPERVISED, FROZEN))


@pytest.fixture
def by_amount():
    return grid_scores(AMOUNTS, ("share", "encoder"), ("1", SELF_SUPERVISED))


def test_every_claim_is_answered(main, by_amount):
    found = gains.measure(main, by_amount)
    assert list(found) == list(gains.CLAIMS)
    assert all(estimate.value > 0 for estimate in found.values())
    assert {estimate.seeds for estimate in found.values()} == {2}


def test_what_has_no_record_is_left_out(main):
    few = {levels: WRONG[levels] for levels in [(SELF_SUPERVISED, FROZEN), (MANY, FROZEN)]}
    lean = grid_scores(few, main.factors, main.reference, seeds=(1,))
    assert list(gains.measure(lean)) == ["INIT-1"]


def test_the_contrast_of_tuning_is_a_difference_of_two_gains(main):
    gain = {
        name: part(main).score((MANY, WHOLE)).value - part(main).score((MANY, FROZEN)).value
        for name, part in (("seen", gains.seen), ("unseen", gains.unseen))
    }
    found = gains.tuning_contrast(main)
    assert found.value == pytest.approx(gain["seen"] - gain["unseen"])


def test_top_layers_are_held_against_the_whole_encoder_on_unseen_languages(main):
    unseen = gains.unseen(main)
    wanted = unseen.score((MANY, TOP)).value - unseen.score((MANY, WHOLE)).value
    assert gains.measure(main)["INIT-4"].value == pytest.approx(wanted)


def test_the_smallest_step_turns_where_two_encoders_change_places(by_amount):
    found = gains.smallest_step(by_amount)
    assert found.value > 0
    turned = AMOUNTS | {("0.1", "random"): (0.5,)}
    other = grid_scores(turned, by_amount.factors, by_amount.reference)
    assert gains.smallest_step(other).value < 0
    assert list(gains.encoder_order(other, "1")) == [MANY, SELF_SUPERVISED, "random"]


def test_grids_of_the_same_factors_are_joined(main):
    parts = [grid_scores({levels: WRONG[levels]}, main.factors, main.reference) for levels in WRONG]
    found = gains.joined(parts)
    assert found.outputs == main.outputs and found.factors == main.factors


def test_factors_are_turned_round(main):
    found = gains.turned(main)
    assert found.factors == ("trained", "encoder")
    assert found.score((FROZEN, MANY)) == main.score((MANY, FROZEN))
    assert found.reference == (FROZEN, SELF_SUPERVISED)
