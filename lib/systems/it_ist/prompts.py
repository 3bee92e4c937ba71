"""IT-IST's prompts: `<|output language|><|task|>`, then a question or the output's length.

Other wordings than these tags are asked by notebook 51; see `lib.systems.wordings`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from lib.languages import LANGUAGES, language
from lib.systems import wordings
from lib.systems.wordings import IN_TAGS, MINIMAL, REPLY, TOKENS, TRANSCRIBE, TRANSLATE, Draw
from lib.tasks import Example

# as released; `<|summarize|>` is unused there too
TASK_TAGS = {order: f"<|{order}|>" for order in (TRANSCRIBE, TRANSLATE, REPLY)}


def language_tag(code: str) -> str:
    """The tag of a language, by its two-letter code where it has one."""
    return f"<|{language(code).whisper or code}|>"


TAGS = (*TASK_TAGS.values(), *dict.fromkeys(language_tag(code) for code in LANGUAGES))


@dataclass(frozen=True, kw_only=True)
class Prompts:
    """How tasks are asked for.

    Raises:
        ValueError: unknown wording.
    """

    wording: str = TOKENS  # as released

    def __post_init__(self) -> None:
        wordings.check(self.wording)

    @property
    def tokens(self) -> tuple[str, ...]:
        """The tags that are new tokens of the language model."""
        return TAGS if self.wording in (MINIMAL, TOKENS) else ()


def with_prompt(
    example: Example,
    length_probability: float = 0.0,
    wording: str = TOKENS,
    training: bool = False,
) -> Example:
    """An example with its prompt.

    Args:
        length_probability: that the prompt of an example without a question ends with the number of
            characters of the target; 0.9 in the released first stage. It depends on the id alone.
        training: where a wording has several sentences, one is drawn by the id.

    Raises:
        ValueError: unknown wording, or the unseen one in training.
    """
    order = TRANSLATE if example.task.translates else TRANSCRIBE
    order, length = (REPLY if example.task.asks else order), ""
    if not example.task.asks:
        drawn = random.Random(f"length/{example.id}").random()
        length = str(len(example.target_text)) if drawn < length_probability else ""
    if wording in IN_TAGS:
        task = "" if wording == MINIMAL else TASK_TAGS[order]
        asked = language_tag(example.target) + task + example.question
    else:
        draw = Draw(example.id, training)
        pair = (example.source, example.target)
        asked = wordings.request(wording, order, *pair, example.question, draw)
    return replace(example, prompt=asked + length)
