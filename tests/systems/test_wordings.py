import re
from itertools import product

import pytest

from lib.systems.wordings import (
    BOTH,
    DETAILED,
    IN_TAGS,
    INSTRUCTION,
    NONE,
    PARAPHRASED,
    PARAPHRASES,
    REPLY,
    SENTENCE,
    TRANSCRIBE,
    TRANSLATE,
    UNSEEN,
    UNSEEN_SENTENCES,
    WORDINGS,
    Draw,
    check,
    request,
)

ORDERS = (TRANSCRIBE, TRANSLATE, BOTH, REPLY)
QUESTION = "Which date is mentioned?"


def asked(wording, order, count=1, training=False):
    """The requests that examples get."""
    draws = [Draw(f"clip-{number}", training) for number in range(count)]
    question = QUESTION if order == REPLY else ""
    return [request(wording, order, "eng", "deu", question, draw) for draw in draws]


def test_none_is_a_line_break_and_the_question():
    assert {order: asked(NONE, order) for order in ORDERS} == {
        TRANSCRIBE: ["\n"],
        TRANSLATE: ["\n"],
        BOTH: ["\n"],
        REPLY: [f"\n{QUESTION}\n"],
    }


@pytest.mark.parametrize("order", ORDERS)
def test_paraphrases_are_drawn_by_the_id_in_training_alone(order):
    first, again = (asked(PARAPHRASED, order, 400, training=True) for _ in range(2))
    assert first == again
    counts = [first.count(text) for text in set(first)]
    assert len(counts) == 1 + len(PARAPHRASES[order])
    assert min(counts) > 60
    assert set(asked(PARAPHRASED, order, 50)) == set(asked(INSTRUCTION, order))
    assert set(asked(INSTRUCTION, order)) < set(first)


@pytest.mark.parametrize("wording", [INSTRUCTION, DETAILED])
def test_a_wording_of_one_sentence_is_the_same_in_training_and_test(wording):
    for order in ORDERS:
        assert len({*asked(wording, order, 30, training=True), *asked(wording, order, 30)}) == 1


def test_unseen_sentences_are_in_no_training():
    for order in ORDERS:
        trained = set().union(
            *(asked(w, order, 200, training=True) for w in (INSTRUCTION, DETAILED, PARAPHRASED))
        )
        unseen = set(asked(UNSEEN, order, 200))
        assert len(unseen) == len(UNSEEN_SENTENCES[order])
        assert unseen & trained == set()


def test_unseen_sentences_are_refused_in_training():
    with pytest.raises(ValueError, match="'unseen' is for tests alone"):
        asked(UNSEEN, TRANSLATE, training=True)


def test_every_sentence_tells_its_order_from_the_others():
    """Whatever the wording, no two orders are asked for by one text."""
    for wording, training in product((INSTRUCTION, DETAILED, PARAPHRASED), (True, False)):
        texts = [set(asked(wording, order, 300, training)) for order in ORDERS]
        assert sum(map(len, texts)) == len(set().union(*texts))
    unseen = [set(asked(UNSEEN, order, 300)) for order in ORDERS]
    assert sum(map(len, unseen)) == len(set().union(*unseen))


def test_every_sentence_of_a_translation_names_its_language_and_that_of_the_speech():
    texts = [*SENTENCE.items(), *((o, t) for o, own in PARAPHRASES.items() for t in own)]
    texts += [(o, t) for o, own in UNSEEN_SENTENCES.items() for t in own]
    for order, text in texts:
        named = set(re.findall(r"{(\w+)}", text))
        wanted = {TRANSCRIBE: {"source"}, REPLY: {"target", "question"}, TRANSLATE: {"target"}}
        assert wanted.get(order, {"target"}) <= named


def test_a_detailed_instruction_is_longer_than_a_sentence():
    for order in ORDERS:
        assert len(asked(DETAILED, order)[0]) > 1.5 * len(asked(INSTRUCTION, order)[0])


@pytest.mark.parametrize("wording", IN_TAGS)
def test_tags_are_the_systems_own(wording):
    with pytest.raises(ValueError, match="each system has its own"):
        asked(wording, TRANSCRIBE)


def test_an_unknown_wording_is_refused_and_the_known_ones_named():
    with pytest.raises(ValueError, match=f"'poem'; use {', '.join(WORDINGS)}"):
        check("poem")
