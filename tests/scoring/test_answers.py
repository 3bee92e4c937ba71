import random

import pytest
from transformers.data.metrics import squad_metrics

from lib.corpora import cldr
from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook
from lib.corpora.questions import WORDINGS
from lib.scoring.answers import answer_tokens, exact_match, f1, is_question
from lib.tasks import NO_ANSWER

# words that the rules treat in a special way, and others
WORDS = "the a an The then theatre U.S. $5 o'clock 12,000 denver Broncos (no) - no answer".split()


def phrases(seed, count=600):
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=rng.randint(1, 5))) for _ in range(count)]


@pytest.mark.parametrize("ours, theirs", [(f1, "compute_f1"), (exact_match, "compute_exact")])
def test_english_is_scored_as_by_squads_script(ours, theirs):
    """No outside rule for "no answer": there, the script compares empty texts."""
    pairs = [p for p in zip(phrases(1), phrases(2), strict=True) if "no answer" not in map(bare, p)]
    expected = [getattr(squad_metrics, theirs)(right, answer) for answer, right in pairs]
    assert len(pairs) > 500
    assert [ours(answer, right, "eng") for answer, right in pairs] == pytest.approx(expected)


def bare(text):
    return squad_metrics.normalize_answer(text)


@pytest.mark.parametrize("code", ["eng", "deu", "zho", "est"])
def test_scores_are_symmetric_and_f1_is_at_least_exact_match(code):
    for answer, right in zip(phrases(3), phrases(4), strict=True):
        assert f1(answer, answer, code) == exact_match(answer, answer, code) == 1
        assert f1(answer, right, code) == f1(right, answer, code)
        assert 0 <= exact_match(answer, right, code) <= f1(answer, right, code) <= 1


@pytest.mark.parametrize(
    "answer, code, tokens",
    [
        ("The Alps!", "eng", "alps"),
        ("Die Alpen!", "deu", "die alpen"),
        ("a Alps", "deu", "a alps"),
        ("„12 Kilometer“", "deu", "12 kilometer"),
        ("3 月 5 日。", "zho", "3 月 5 日"),
        ("the", "eng", ""),
    ],
)
def test_tokens(answer, code, tokens):
    assert answer_tokens(answer, code) == tuple(tokens.split())


def test_f1_counts_words_and_in_chinese_characters():
    assert f1("March 5", "March 4", "eng") == 0.5
    assert f1("3月5日", "3月4日", "zho") == 0.75
    assert f1("in in Peru", "in Peru", "eng") == pytest.approx(0.8)


@pytest.mark.parametrize("code", NO_ANSWER)
def test_no_answer_shares_no_word_with_an_answer(code):
    phrase = NO_ANSWER[code]
    assert f1(phrase.upper() + ".", phrase, code) == 1
    for other in (phrase + " x", phrase[:-1], "", "answer"):
        assert f1(other, phrase, code) == f1(phrase, other, code) == 0


def test_the_phrase_of_another_language_is_an_answer_like_any():
    assert f1("keine Antwort", "no answer", "eng") == 0
    assert f1("no answer at all", "no answer", "est") == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    "text, code",
    [
        ("Is it Monday? ", "eng"),
        ("星期一吗？", "zho"),
        ("kas esmaspäev?", "est"),
        ("which day is mentioned", "eng"),
        ("In what year", "eng"),
        ("welches Land wird genannt", "deu"),
        ("Von welcher Sprache ist die Rede", "deu"),
        ("其中提到的是哪个日期", "zho"),
    ],
)
def test_questions(text, code):
    assert is_question(text, code)


@pytest.mark.parametrize(
    "text, code",
    [("", "eng"), ("Wolof", "deu"), ("whiskey", "eng"), ("welches Land", "est"), ("", "zho")],
)
def test_what_is_no_question(text, code):
    assert not is_question(text, code)


@pytest.mark.parametrize("code", WORDINGS)
def test_every_question_of_the_phrasebook_is_one_and_no_answer_is(code):
    """Also without the question mark, which speech systems seldom write."""
    wordings = [wording for kinds in WORDINGS[code] for wording in kinds]
    assert all(is_question(wording[:-1], code) for wording in wordings)
    book = Phrasebook(
        spoken=tuple(WORDINGS), written=(), train=1, dev=1, test=1, breadth=ALL_OF_CLDR
    )
    items = {item for content in book.contents("train", 3000) for item in content}
    answers = [cldr.phrase(item, code) for item in items]
    assert [answer for answer in answers if is_question(answer, code)] == []
    assert not is_question(NO_ANSWER[code], code)
