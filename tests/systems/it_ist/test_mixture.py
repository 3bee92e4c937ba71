from collections import Counter

import pytest

from lib.systems.it_ist.mixture import BALANCED, NATURAL, Mixture
from lib.tasks import ASR, SQA, ST, Example

SIZES = {"ASR": 64, "ST": 16, "SQA": 4}


def data(**sizes):
    tasks = {"ASR": ASR, "ST": ST, "SQA": SQA}
    return [
        [
            Example(id=f"{name}-{n}", task=tasks[name], source="eng", target="deu", target_text="x")
            for n in range(size)
        ]
        for name, size in sizes.items()
    ]


@pytest.mark.parametrize(
    "mixture, shares",
    [
        (NATURAL, (64 / 84, 16 / 84, 4 / 84)),
        (BALANCED, (1 / 3, 1 / 3, 1 / 3)),
        (Mixture(temperature=2.0), (8 / 14, 4 / 14, 2 / 14)),  # square roots
        (Mixture(temperature=0.5), (4096 / 4368, 256 / 4368, 16 / 4368)),
        (Mixture(weights=(("SQA", 0.0),)), (0.8, 0.2, 0.0)),
        (Mixture(temperature=0.0, weights=(("ST", 2.0),)), (0.25, 0.5, 0.25)),
    ],
)
def test_shares(mixture, shares):
    found = mixture.shares(SIZES)
    assert list(found.values()) == pytest.approx(list(shares))
    assert sum(found.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("fields", [{"temperature": -1.0}, {"weights": (("ST", -0.1),)}])
def test_negative_numbers_are_refused(fields):
    with pytest.raises(ValueError, match="must not be negative"):
        Mixture(**fields)


def test_a_weight_without_data_is_refused():
    with pytest.raises(ValueError, match=r"no data of MT; there is of \['ASR', 'ST', 'SQA'\]"):
        Mixture(weights=(("MT", 2.0),)).shares(SIZES)


def test_weights_that_leave_nothing_are_refused():
    nothing = tuple((task, 0.0) for task in SIZES)
    with pytest.raises(ValueError, match="nothing is left to train on"):
        Mixture(weights=nothing).shares(SIZES)


def test_a_natural_draw_is_everything_once():
    given = data(ASR=7, ST=3, SQA=2)
    found = NATURAL.draw(given, seed=1)
    assert Counter(e.id for e in found) == Counter(e.id for own in given for e in own)


@pytest.mark.parametrize("mixture", [BALANCED, Mixture(temperature=3.0)])
@pytest.mark.parametrize("sizes", [(50, 10, 3), (31, 30, 1), (8, 8, 8)])
def test_a_draw_has_the_shares_and_is_even(mixture, sizes):
    given = data(ASR=sizes[0], ST=sizes[1], SQA=sizes[2])
    found = mixture.draw(given, seed=1)
    total = sum(sizes)
    assert len(found) == pytest.approx(total, abs=len(sizes) - 1)
    shares = mixture.shares({own[0].task.name: len(own) for own in given})
    for own in given:
        counts = Counter(e.id for e in found if e.task == own[0].task)
        assert sum(counts.values()) == round(shares[own[0].task.name] * total)
        drawn = [counts[e.id] for e in own]
        assert max(drawn) - min(drawn) <= 1  # none twice more often than another


def test_a_task_of_weight_nothing_is_not_drawn():
    found = Mixture(weights=(("SQA", 0.0),)).draw(data(ASR=6, ST=3, SQA=3), seed=1)
    assert Counter(e.task.name for e in found) == {"ASR": 8, "ST": 4}


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_the_seed_decides_what_is_left_out(seed, same):
    given = data(ASR=60, ST=10, SQA=5)
    one, other = ([e.id for e in BALANCED.draw(given, s)] for s in (1, seed))
    assert (one == other) is same
    assert len(one) == len(other)


def test_a_task_without_examples_is_ignored():
    found = BALANCED.draw([*data(ASR=4, ST=2), []], seed=1)
    assert Counter(e.task.name for e in found) == {"ASR": 3, "ST": 3}
