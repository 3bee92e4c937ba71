"""Questions about the spoken phrasebook: which item of a kind an utterance names, if any.

The answer is the phrase exactly as the utterance has it. A share of the questions asks for a kind
of item that the utterance does not name; they have no answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lib.corpora import cldr
from lib.corpora.cldr import KINDS, Item
from lib.corpora.phrasebook import Phrasebook
from lib.files import content_hash
from lib.tasks import QA, Example, no_answer
from lib.utterance import Corpus, Utterance

VERSION = 1  # increment when an equal corpus gets other questions
UNANSWERABLE_SHARE = 0.2  # of the questions; the model must not always find an answer

# what is asked for, in the order of `cldr.KINDS`
_ENGLISH = (
    "country or region/language/measurement/amount of money/time relative to now/date/"
    "day of the week"
).split("/")
_GERMAN = (
    "n Land oder Gebiet/f Sprache/f Maßangabe/m Geldbetrag/m Zeitabstand zu jetzt/n Datum/"
    "m Wochentag"
).split("/")
_CHINESE = (
    "哪个国家或地区/哪种语言/哪个计量数值/多少钱/哪个相对于现在的时间/哪个日期/星期几"
).split("/")
_NOMINATIVE = {"m": "Welcher", "f": "Welche", "n": "Welches"}  # by gender
_DATIVE = {"m": "welchem", "f": "welcher", "n": "welchem"}


def _german(entry: str) -> tuple[str, ...]:
    gender, noun = entry.split(" ", 1)
    which = f"{_NOMINATIVE[gender]} {noun}"
    return (
        f"{which} wird genannt?",
        f"{which} wird erwähnt?",
        f"Von {_DATIVE[gender]} {noun} ist die Rede?",
    )


# language -> the wordings for each kind in the order of `cldr.KINDS`; the last wording is the one
# that is held out for the test set where that is wanted
WORDINGS: dict[str, list[tuple[str, ...]]] = {
    "eng": [
        (f"Which {noun} is mentioned?", f"What {noun} is named?", f"Which {noun} does it name?")
        for noun in _ENGLISH
    ],
    "deu": [_german(entry) for entry in _GERMAN],
    "zho": [(f"提到了{noun}？", f"说的是{noun}？", f"其中提到的是{noun}？") for noun in _CHINESE],
}


@dataclass(frozen=True)
class Question:
    """A question about the items of a content in one language."""

    text: str
    answers: tuple[str, ...]  # empty: the content has no such item


def ask(
    content: Sequence[Item],
    code: str,
    kinds: Sequence[str],
    rng: random.Random,
    unanswerable_share: float = UNANSWERABLE_SHARE,
    wordings: slice = slice(None),
) -> Question:
    """A question about one item, or about a kind of item that the content does not have.

    Args:
        kinds: of items that the corpus has: a question about another kind would never be answered.
        unanswerable_share: probability of a question without an answer; a content with an item of
            each kind gets none.
        wordings: of the question, to draw from.

    Raises:
        ValueError: the language has no wordings.
    """
    if code not in WORDINGS:
        raise ValueError(
            f"there are no questions in {code!r}, only in {', '.join(WORDINGS)}; choose these "
            "languages, or add wordings to lib/corpora/questions.py"
        )
    phrases = {item.kind: cldr.phrase(item, code) for item in content}
    absent = [kind for kind in kinds if kind not in phrases]
    unanswerable = rng.random() < unanswerable_share and absent
    kind = rng.choice(absent if unanswerable else list(phrases))
    text = rng.choice(WORDINGS[code][KINDS.index(kind)][wordings])
    return Question(text, () if unanswerable else (phrases[kind],))


def with_questions(
    corpus: Corpus,
    book: Phrasebook,
    unanswerable_share: float = UNANSWERABLE_SHARE,
    unseen_wording: bool = False,
) -> Corpus:
    """A synthesized phrasebook with one question about each utterance.

    Each question depends on the seed of the phrasebook and the id of the utterance alone.

    Args:
        book: the specification that `corpus` was synthesized from.
        unseen_wording: the test set's questions are worded as none of train and dev.

    Raises:
        ValueError: an utterance is not of this phrasebook, or in a language without questions.
    """
    sizes = {"train": book.train, "dev": book.dev, "test": book.test}
    contents = {split: book.contents(split, count) for split, count in sizes.items()}
    kinds = _kinds_of([content for part in contents.values() for content in part])
    asked = []
    for utterance in corpus.utterances:
        question = ask(
            _content_of(utterance, contents),
            utterance.language,
            kinds,
            random.Random(f"{book.seed}/{utterance.id}/question"),
            unanswerable_share,
            _wordings(utterance.split, unseen_wording),
        )
        asked.append(replace(utterance, question=question.text, answers=question.answers))
    return replace(
        corpus,
        name=f"{corpus.name}, with questions",
        utterances=asked,
        hash=content_hash([VERSION, corpus.hash, unanswerable_share, unseen_wording]),
    )


def text_questions(
    contents: Sequence[tuple[Item, ...]],
    codes: Sequence[str],
    seed: int = 1,
    unanswerable_share: float = UNANSWERABLE_SHARE,
    unseen_wording: bool = False,
) -> list[Example]:
    """One question about each content in each language, as text; to train a language model on.

    Args:
        contents: of a phrasebook's training split, such as `book.contents("train", 1000)`.
        codes: languages of passages, questions and answers, ISO 639-3.
        unseen_wording: leave out the wording that `with_questions` keeps for the test set.

    Raises:
        ValueError: a language has no questions.
    """
    kinds, made = _kinds_of(contents), []
    for number, content in enumerate(contents):
        for code in codes:
            rng = random.Random(f"{seed}/{number}-{code}/text question")
            wordings = _wordings("train", unseen_wording)
            question = ask(content, code, kinds, rng, unanswerable_share, wordings)
            phrases = [cldr.phrase(item, code) for item in content]
            made.append(
                Example(
                    id=f"question-{number:06d}-{code}",
                    task=QA,
                    source=code,
                    target=code,
                    source_text=cldr.join_phrases(phrases, code),
                    target_text=question.answers[0] if question.answers else no_answer(code),
                    question=question.text,
                    answers=question.answers,
                )
            )
    return made


def _wordings(split: str, unseen_wording: bool) -> slice:
    if not unseen_wording:
        return slice(None)
    return slice(-1, None) if split == "test" else slice(-1)


def _kinds_of(contents: Sequence[Sequence[Item]]) -> list[str]:
    found = {item.kind for content in contents for item in content}
    return [kind for kind in KINDS if kind in found]


def _content_of(
    utterance: Utterance, contents: Mapping[str, Sequence[tuple[Item, ...]]]
) -> tuple[Item, ...]:
    """The items of an utterance: its number is in its id, and its meaning is their hash."""
    part, number = contents[utterance.split], re.search(r"-(\d+)$", utterance.id)
    content = part[int(number[1])] if number and int(number[1]) < len(part) else ()
    if utterance.meaning != content_hash([repr(item) for item in content]):
        raise ValueError(
            f"{utterance.id} is not an utterance of this phrasebook, so its items are not known; "
            "give the specification that the corpus was synthesized from"
        )
    return content
