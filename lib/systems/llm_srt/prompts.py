"""LLM-SRT's prompts and answers: language tags, exactly as published, and their strict parsing.

| task | prompt | answer |
|---|---|---|
| ASR | `<|eng|>` | transcript |
| SMT, speech with its transcript | transcript `<|eng|><|deu|>` | translation |
| SRT | `<|eng|><|deu|>` | transcript `<|eng|><|deu|>` translation |
| ST, the direct rival | `<|eng|><|deu|>` | translation |

Other wordings of the prompt are in `lib.systems.wordings`; the answer keeps its tags.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from lib.systems import wordings
from lib.systems.wordings import (
    BOTH,
    IN_TAGS,
    MINIMAL,
    TAGS,
    TEST,
    TRANSCRIBE,
    TRANSLATE,
    Draw,
)

CHINESE = ("zho", "cmn")  # tags of Chinese: in the release of the paper, and on its main branch
_TAG = re.compile(r"<\|([^<>|]*)\|>")
_FRAGMENT = re.compile(r"<\||\|>")

# what an answer to SRT may be; only the first is scored as a translation
RIGHT = "right"
NO_TAG = "no tag"
BROKEN_TAG = "broken tag"
WRONG_TAG = "wrong tag"
TOO_MANY_TAGS = "too many tags"
NO_TRANSLATION = "no translation"
FORMS = (RIGHT, NO_TAG, BROKEN_TAG, WRONG_TAG, TOO_MANY_TAGS, NO_TRANSLATION)


@dataclass(frozen=True)
class Answer:
    """The two parts of an answer to SRT."""

    form: str  # one of FORMS
    transcript: str  # what stands before the first tag
    translation: str  # empty unless the form is right


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """How tasks are asked for; a checkpoint keeps it, so that no other prompt reaches it.

    Raises:
        ValueError: unknown wording or tag.
    """

    wording: str = TAGS  # as published
    chinese: str = CHINESE[0]

    def __post_init__(self) -> None:
        wordings.check(self.wording)
        if self.chinese not in CHINESE:
            raise ValueError(f"Chinese has no tag {self.chinese!r}; use {' or '.join(CHINESE)}")

    def tag(self, code: str) -> str:
        """The tag of a language."""
        return f"<|{self.chinese if code == 'zho' else code}|>"

    def tags(self, source: str, target: str) -> str:
        """The tags of a direction."""
        return self.tag(source) + self.tag(target)

    def transcribe(self, source: str, draw: Draw = TEST) -> str:
        """The prompt of ASR."""
        if self.wording in IN_TAGS:
            return self.tag(source)
        return wordings.request(self.wording, TRANSCRIBE, source, source, draw=draw)

    def translate(
        self, source: str, target: str, transcript: str = "", draw: Draw = TEST
    ) -> str:
        """The prompt of ST, or, with a transcript, of SMT."""
        return transcript + self._ask(TRANSLATE, source, target, draw)

    def transcribe_and_translate(self, source: str, target: str, draw: Draw = TEST) -> str:
        """The prompt of SRT."""
        return self._ask(BOTH, source, target, draw)

    def _ask(self, order: str, source: str, target: str, draw: Draw) -> str:
        if self.wording == MINIMAL:
            return self.tag(target)
        if self.wording in IN_TAGS:
            return self.tags(source, target)
        return wordings.request(self.wording, order, source, target, draw=draw)

    def answer(self, source: str, target: str, transcript: str, translation: str) -> str:
        """The answer of SRT, for instance `Will it rain?<|eng|><|deu|>Regnet es?`.

        Raises:
            ValueError: a text has a tag of its own, so that the answer could not be parsed.
        """
        for text in (transcript, translation):
            if _FRAGMENT.search(text):
                raise ValueError(f"a text contains `<|` or `|>`: {text[:80]!r}; remove it")
        return transcript + self.tags(source, target) + translation

    def parse(self, text: str, source: str, target: str) -> Answer:
        """The parts of an answer; whatever is not exactly of its form has no translation.

        (The released script takes what follows the last `|>`, or the whole text, as a translation.)
        """
        found = list(_TAG.finditer(text))
        transcript = text[: found[0].start()] if found else text
        left = len(_FRAGMENT.findall(text)) - 2 * len(found)
        if left:
            return Answer(BROKEN_TAG, _FRAGMENT.split(transcript)[0].strip(), "")
        transcript = transcript.strip()
        if not found:
            return Answer(NO_TAG, transcript, "")
        if len(found) > 2:
            return Answer(TOO_MANY_TAGS, transcript, "")
        if "".join(match[0] for match in found) != self.tags(source, target):
            return Answer(WRONG_TAG, transcript, "")
        if found[0].end() != found[1].start():
            return Answer(BROKEN_TAG, transcript, "")
        translation = text[found[1].end() :].strip()
        return Answer(RIGHT if translation else NO_TRANSLATION, transcript, translation)


def has_tag(texts: Iterable[str]) -> bool:
    """Whether a text could be taken for one with tags."""
    return any(_FRAGMENT.search(text) for text in texts)
