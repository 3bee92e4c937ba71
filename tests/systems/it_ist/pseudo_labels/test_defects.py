import random
import re

import pytest

from lib.systems.it_ist.pseudo_labels.defects import DEFECTS, Pair, damage, draw_damaged
from lib.systems.it_ist.pseudo_labels.kiwi import correct_pairs
from tests.systems.it_ist.pseudo_labels.cases import BOOK

PAIRS = correct_pairs(BOOK, "test", 60, ("deu", "zho"))


def damaged(defect, seed=1):
    rng = random.Random(seed)
    others = {t: [p for p in PAIRS if p.target == t] for t in ("deu", "zho")}
    made = [(pair, damage(pair, defect, others[pair.target], rng)) for pair in PAIRS]
    return [(pair, changed) for pair, changed in made if changed]


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_damaged_text_differs_and_scores_less(defect):
    made = damaged(defect)
    assert len(made) > 50
    assert all(new.text != old.text and 0 <= new.score < old.score for old, new in made)


@pytest.mark.parametrize("defect", DEFECTS)
def test_the_transcript_stays(defect):
    assert all(new.source == old.source for old, new in damaged(defect))


def test_only_a_number_changes():
    for old, new in damaged("number"):
        assert re.sub(r"\d+", "#", old.text) == re.sub(r"\d+", "#", new.text)


def test_a_fragment_is_part_of_the_text():
    for old, new in damaged("fragment"):
        assert new.text in old.text


def test_untranslated_is_the_transcript_and_worth_nothing():
    assert all((new.text, new.score) == (old.source, 0.0) for old, new in damaged("untranslated"))


@pytest.mark.parametrize("defect", ["number", "name", "deletion", "swap", "fragment"])
def test_a_text_without_a_place_for_a_defect_is_left(defect):
    pair = Pair(source="Friday", text="Freitag", target="deu")
    assert damage(pair, defect, [pair], random.Random(1)) is None


def test_damage_is_the_same_for_a_seed_and_differs_for_another():
    one, same, other = (draw_damaged(PAIRS, random.Random(seed)) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_some_training_pairs_are_correct_and_most_are_not():
    scores = [pair.score for pair in draw_damaged(PAIRS, random.Random(1))]
    assert 0.1 < scores.count(1.0) / len(scores) < 0.5
