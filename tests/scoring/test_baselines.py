import pytest

from lib.scoring.baselines import constant, constant_answer, question_only, shuffled

REFERENCES = [f"r{index % 5}" for index in range(30)]


@pytest.fixture(scope="module")
def moved():
    """Indices of the hypotheses that the utterances got."""
    return [int(text) for text in shuffled([str(index) for index in range(30)], REFERENCES)]


def test_constant_has_the_best_score_on_dev():
    train = ["far off", "a cat sat", "zzz"]
    assert constant(train, ["the cat sat", "a cat sat on"], "eng") == "a cat sat"


def test_candidates_are_limited_from_short_to_long():
    train = ["a", "the cat", "the cat sat"]
    assert constant(train, ["the cat"], "eng", max_candidates=2) == "the cat sat"


def test_constant_answer_is_a_frequent_one_with_the_best_f1_on_dev():
    train = [f"answer {n}" for n in range(30)] + ["Peru", "no answer"] * 2
    dev = ["no answer", "Chile\nno answer", "Peru", "answer 29"]
    assert constant_answer(train, dev, "eng") == "no answer"
    assert constant_answer(train, dev[2:] + ["answer 29"] * 9, "eng") != "answer 29"


def test_question_only_is_the_most_frequent_answer_to_the_question():
    train = [("Who?", "Ann"), ("Who?", "Bo"), ("Who?", "Bo"), ("Where?", "Peru")]
    found = question_only(["Where?", "Who?", "When?"], *zip(*train, strict=True), "no answer")
    assert found == ["Peru", "Bo", "no answer"]


def test_shuffling_keeps_every_hypothesis(moved):
    assert sorted(moved) == list(range(30))


def test_shuffling_gives_hypotheses_of_other_references(moved):
    assert not [i for i, source in enumerate(moved) if REFERENCES[source] == REFERENCES[i]]


def test_shuffling_depends_on_the_seed():
    texts = [str(index) for index in range(30)]
    assert shuffled(texts, REFERENCES, seed=1) != shuffled(texts, REFERENCES, seed=2)
