"""LLM-SRT's language model: Qwen2.5 of the hub at `full`, below that the Qwen2 of IT-IST's chapter.

It has one language more, no questions, and has read LLM-SRT's tags and instructions with text: a
model of billions of parameters understands a new tag from a frozen start, one of a million does
not. It has never heard speech, nor written an answer with a transcript and a translation.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import Any

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Breadth, Phrasebook
from lib.systems import qwen_backbone
from lib.systems.llm_srt.prompts import Prompts
from lib.systems.qwen_backbone import DIRECTIONS_PER_SENTENCE, QwenBackbone, with_text_prompt
from lib.systems.whisper_backbone import LANGUAGES
from lib.systems.wordings import INSTRUCTION, TAGS
from lib.tasks import Example, text_examples

WORDINGS = ("named", TAGS, INSTRUCTION)  # "named": the target's name on a line, as IT-IST's


@dataclass(frozen=True, kw_only=True)
class SrtQwen(QwenBackbone):
    """How the language model comes about."""

    kind = "srt_qwen"
    version = 1

    def text_examples(self) -> list[Example]:
        """Each content in directions and wordings drawn at random; into itself is copying."""
        rng, codes = random.Random(self.seed), self.phrasebook.codes
        directions = [(source, target) for source in codes for target in codes]
        made = []
        for number, sentence in enumerate(self.phrasebook.sentences(self.contents)):
            drawn = rng.sample(directions, DIRECTIONS_PER_SENTENCE)
            for example in text_examples([sentence], drawn):
                name = f"{number:06d}-{example.source}-{example.target}"
                made.append(prompted(replace(example, id=name), rng.choice(WORDINGS)))
        return made


def prompted(example: Example, wording: str) -> Example:
    """A text example with a prompt."""
    if wording == "named":
        return with_text_prompt(example)
    prompts = Prompts(wording=wording)
    if example.source == example.target:
        prompt = prompts.transcribe(example.source)
    else:
        prompt = prompts.translate(example.source, example.target)
    return replace(example, prompt=prompt)


def _preset(scale: str, breadth: Breadth | None, **changes: Any) -> SrtQwen:
    """IT-IST's preset of a scale with another phrasebook and these changes."""
    base, book = qwen_backbone.PRESETS[scale], None
    if breadth:
        book = Phrasebook(
            spoken=(), written=LANGUAGES, train=0, dev=0, test=0, seed=3, breadth=breadth
        )
    given = {entry.name: getattr(base, entry.name) for entry in fields(base)}
    return SrtQwen(**given | {"phrasebook": book} | changes)


def _tiny() -> SrtQwen:
    """1.4 M parameters; about 400 s of processor time. Text BLEU 93 to 100 with any wording."""
    base = qwen_backbone.PRESETS["tiny"]
    return _preset(
        "tiny",
        TINY_BREADTH,
        size=replace(base.size, subwords=550),
        text=replace(base.text, updates=1500),
    )


def _full() -> SrtQwen:
    """The smallest of the paper, Qwen-Research licence. Loading is tested on a small one."""
    return _preset("full", None, hub="Qwen/Qwen2.5-3B")


PRESETS = {
    "smoke": _preset("smoke", TINY_BREADTH),
    "tiny": _tiny(),
    "lab": _preset("lab", ALL_OF_CLDR),
    "full": _full(),
}
