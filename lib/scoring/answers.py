"""Answers to questions: exact match, F1, and answers that are questions or empty.

Exact match and F1 are those of SQuAD's evaluation script (Rajpurkar et al. 2016, evaluate-v1.1.py,
and 2.0 for questions without an answer). It is for English, and its copy in transformers loads
torch, so its rules stand here, extended to other languages; a test holds English against the copy.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections import Counter

from rapidfuzz import fuzz

from lib.languages import language
from lib.tasks import NO_ANSWER

VERSION = 1  # in signatures; increment when equal texts score otherwise
_ARTICLES = re.compile(r"\b(a|an|the)\b")  # of English
_UNANSWERED = ("",)  # the tokens of "no answer": one that no other answer shares

# how a question starts, a preposition aside; Chinese has the question word in any place
_QUESTION_WORDS = {
    "eng": "how|what|when|where|which|who|whom|whose|why",
    "deu": "wann|warum|was|welche[mnrs]?|wem|wen|wer|wessen|wie|wieso|wieviel|wo|woher|wohin",
}
_PREPOSITIONS = {
    "eng": "about|at|by|for|from|in|of|on|to|with",
    "deu": "an|auf|aus|bei|für|in|mit|nach|seit|um|von|zu",
}
_STARTS = {
    code: re.compile(rf"((?:{_PREPOSITIONS[code]})\s+)?(?:{words})\b", re.IGNORECASE)
    for code, words in _QUESTION_WORDS.items()
}
_CHINESE_QUESTION = re.compile("哪|什么|多少|谁|星期几|几月|几号")


def answer_tokens(answer: str, code: str) -> tuple[str, ...]:
    """The words of an answer that count, or its characters where words are not separated.

    Lower-cased, without punctuation and English articles. The phrase for "no answer" is one token.
    """
    text = answer.lower()
    text = "".join(c for c in text if not _is_punctuation(c))
    if code == "eng":
        text = _ARTICLES.sub(" ", text)
    words = text.split()
    if words == NO_ANSWER.get(code, "").lower().split() != []:
        return _UNANSWERED
    return tuple("".join(words)) if language(code).unit == "char" else tuple(words)


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def exact_match(answer: str, right: str, code: str) -> float:
    """1 where the answers have the same tokens, else 0."""
    return float(answer_tokens(answer, code) == answer_tokens(right, code))


def f1(answer: str, right: str, code: str) -> float:
    """Harmonic mean of precision and recall of the tokens, from 0 to 1, in any order."""
    found, wanted = answer_tokens(answer, code), answer_tokens(right, code)
    if not found or not wanted:
        return float(found == wanted)
    same = (Counter(found) & Counter(wanted)).total()
    return 2 * same / (len(found) + len(wanted))


def is_question(text: str, code: str) -> bool:
    """Whether an output is a question: by its last character, or by its question word.

    Args:
        code: language of the output; beyond eng, deu and zho only the question mark tells.
    """
    text = text.strip()
    if text.endswith(("?", "？")):
        return True
    if code == "zho":
        return bool(_CHINESE_QUESTION.search(text))
    return code in _STARTS and bool(_STARTS[code].match(text))


def is_transcript(output: str, translation: str, transcript: str) -> bool:
    """Whether an output is more like the transcript than like the translation.

    Names and numbers are alike in both, so a wrong translation is counted only where more than half
    of its characters agree with the transcript.
    """
    likeness = fuzz.ratio(output, transcript)
    return likeness > 50 and likeness > fuzz.ratio(output, translation)
