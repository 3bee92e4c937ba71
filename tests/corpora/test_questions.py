import random
from collections import Counter
from dataclasses import replace

import pytest

from lib.corpora import cldr
from lib.corpora.cldr import KINDS
from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook
from lib.corpora.questions import WORDINGS, ask, text_questions, with_questions
from lib.corpora.synthesis import synthesize
from lib.languages import language
from lib.tasks import QA, SQA, examples
from tests.conftest import NARROW

CODES = ("eng", "deu", "zho")
BOOK = Phrasebook(spoken=CODES, written=(), train=30, dev=5, test=8, breadth=NARROW)
CONTENTS = BOOK.contents("train", 400)
KIND_OF = {
    wording: (code, kind)
    for code, kinds in WORDINGS.items()
    for kind, wordings in zip(KINDS, kinds, strict=True)
    for wording in wordings
}


@pytest.fixture(scope="module")
def plain(corpora):
    return synthesize(BOOK, corpora)


@pytest.fixture(scope="module")
def asked(plain):
    return with_questions(plain, BOOK)


def test_every_utterance_gets_a_question(plain, asked):
    assert all(u.question for u in asked.utterances)
    assert [replace(u, question="", answers=()) for u in asked.utterances] == list(plain.utterances)


def test_questions_are_in_the_language_of_the_speech(asked):
    assert [KIND_OF[u.question][0] for u in asked.utterances] == [
        u.language for u in asked.utterances
    ]


def test_answers_stand_in_the_transcript(asked):
    answered = [u for u in asked.utterances if u.answers]
    assert all(u.answers[0] in u.texts[u.language] for u in answered)
    assert 0.6 < len(answered) / len(asked.utterances) < 0.95


def test_questions_are_about_what_is_there_or_not(asked):
    contents = {split: BOOK.contents(split, 40) for split in ("train", "dev", "test")}
    for utterance in asked.utterances:
        content = contents[utterance.split][int(utterance.id[-6:])]
        kind = KIND_OF[utterance.question][1]
        answers = [cldr.phrase(i, utterance.language) for i in content if i.kind == kind]
        assert list(utterance.answers) == answers


def test_questions_do_not_depend_on_the_order_or_the_other_utterances(plain, asked):
    few = replace(plain, utterances=plain.utterances[20::-2])
    assert with_questions(few, BOOK).utterances == asked.utterances[20::-2]


def test_the_hash_is_of_the_corpus_and_of_how_it_is_asked(plain, asked):
    hashes = [
        plain.hash,
        asked.hash,
        with_questions(plain, BOOK, 0.5).hash,
        with_questions(plain, BOOK, unseen_wording=True).hash,
        with_questions(replace(plain, hash="other"), BOOK).hash,
    ]
    assert len(set(hashes)) == 5
    assert with_questions(plain, BOOK).hash == asked.hash


def test_questions_are_asked_of_speech_and_of_text(asked):
    speech, text = examples(asked.split("test"), SQA), examples(asked.split("test"), QA)
    assert len(speech) == len(text) == 24
    assert [e.target_text for e in speech] == [e.target_text for e in text]


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_the_share_without_an_answer(plain, share):
    found = with_questions(plain, BOOK, unanswerable_share=share).utterances
    assert {not u.answers for u in found} == {bool(share)}


def test_an_unseen_wording_is_in_the_test_set_alone(plain):
    corpus = with_questions(plain, BOOK, unseen_wording=True)
    unseen = {wordings[-1] for kinds in WORDINGS.values() for wordings in kinds}
    for split, all_unseen in (("train", False), ("dev", False), ("test", True)):
        assert {u.question in unseen for u in corpus.split(split)} == {all_unseen}


def test_another_phrasebook_is_refused(plain):
    with pytest.raises(ValueError, match="eng-test-000000 is not an utterance of this phrasebook"):
        with_questions(plain, replace(BOOK, seed=2))


@pytest.mark.parametrize("id", ["clip", "eng-train-000099", "eng-train-000001"])
def test_an_utterance_of_another_corpus_is_refused(plain, id):
    own = replace(plain.split("train")[0], id=id, meaning="")
    with pytest.raises(ValueError, match=f"{id} is not an utterance of this phrasebook"):
        with_questions(replace(plain, utterances=[own]), BOOK)


def test_other_languages_are_refused(corpus, spec):
    with pytest.raises(ValueError, match="no questions in 'est', only in eng, deu, zho"):
        with_questions(corpus, spec)


def test_wordings_are_distinct_and_there_for_every_kind():
    assert [len(kinds) for kinds in WORDINGS.values()] == [len(KINDS)] * 3
    assert len(KIND_OF) == 3 * 3 * len(KINDS)
    assert all(wording[-1] in "?？" for wording in KIND_OF)


def test_the_question_does_not_tell_whether_there_is_an_answer():
    """Each kind is as often asked for in vain, so that the audio has to be heard."""
    made = text_questions(BOOK.contents("train", 2000), ["eng"])
    asked = Counter(KIND_OF[e.question][1] for e in made)
    in_vain = Counter(KIND_OF[e.question][1] for e in made if not e.answers)
    assert set(asked) == set(KINDS)
    assert all(0.1 < in_vain[kind] / asked[kind] < 0.35 for kind in KINDS)


def test_text_questions():
    made = text_questions(CONTENTS, CODES)
    assert len({e.id for e in made}) == len(made) == 3 * len(CONTENTS)
    assert {e.task for e in made} == {QA}
    assert [e.target for e in made[:3]] == list(CODES)
    assert all(e.target_text in e.source_text for e in made if e.answers)
    assert {e.target_text for e in made if not e.answers} == {
        "no answer",
        "keine Antwort",
        "没有答案",
    }
    assert text_questions(CONTENTS[:9], CODES) == made[:27]


def test_text_questions_without_the_unseen_wording():
    made = text_questions(CONTENTS, CODES, unseen_wording=True)
    unseen = {wordings[-1] for kinds in WORDINGS.values() for wordings in kinds}
    assert unseen.isdisjoint(e.question for e in made)


@pytest.mark.parametrize("code", CODES)
def test_an_answer_is_the_phrase_of_the_kind_that_is_asked_for(code):
    rng = random.Random(code)
    for content in CONTENTS:
        question = ask(content, code, KINDS, rng, rng.random())
        kind = KIND_OF[question.text][1]
        expected = tuple(cldr.phrase(item, code) for item in content if item.kind == kind)
        assert question.answers == expected


def test_a_content_of_every_kind_has_an_answer():
    book = replace(BOOK, breadth=replace(ALL_OF_CLDR, items=(7, 7)))
    (content,) = book.contents("train", 1)
    assert ask(content, "eng", KINDS, random.Random(1), 1.0).answers


def test_languages_with_questions_have_a_phrase_for_no_answer():
    for code in WORDINGS:
        assert language(code).voice
        assert text_questions(CONTENTS[:1], [code], unanswerable_share=1.0)[0].target_text
