"""Prompts of zero-resource translation: paraphrases in training, one for each task at test.

The paper's wordings are not stated. Each names the language of the output, since a model that is
not told writes a language that it was trained to write.
"""

from __future__ import annotations

import random
from dataclasses import replace

from lib.languages import language
from lib.tasks import Example, Task

PARAPHRASED, FIXED, UNIVERSAL = "paraphrased", "fixed", "universal"
WORDINGS = (PARAPHRASED, FIXED, UNIVERSAL)
# the first of each is the one at test
TRANSCRIBE = (
    "Transcribe in {target}:",
    "{target} transcript:",
    "What is said in {target}?",
    "Write down the {target} words:",
)
TRANSLATE = (
    "Translate into {target}:",
    "{target} translation:",
    "What does it mean in {target}?",
    "Say it in {target}:",
)
FOR_ALL_TASKS = "Write it in {target}:"


def with_prompt(
    example: Example, wording: str, task: Task | None = None, training: bool = True
) -> Example:
    """An example with its prompt, behind the speech or text.

    Args:
        wording: "paraphrased": in training one of several, drawn by the example's id; "fixed": the
            one at test in training, too; "universal": the same for all tasks.
        task: to be asked for; None: the example's.

    Raises:
        ValueError: unknown wording.
    """
    if wording not in WORDINGS:
        raise ValueError(f"unknown wording {wording!r}; use {', '.join(WORDINGS)}")
    known = TRANSLATE if (task or example.task).translates else TRANSCRIBE
    chosen = known[0]
    if wording == UNIVERSAL:
        chosen = FOR_ALL_TASKS
    elif wording == PARAPHRASED and training:
        chosen = random.Random(f"prompt/{example.id}").choice(known)
    name = language(example.target).name
    return replace(example, prompt=f"\n{chosen.format(target=name)}")
