"""IT-IST's prompts: `<|output language|><|task|>`, then a question or the output's length."""

from __future__ import annotations

import random
from dataclasses import replace

from lib.languages import LANGUAGES, language
from lib.tasks import Example

# as released; `<|summarize|>` is unused there too
TASK_TAGS = {"transcribe": "<|transcribe|>", "translate": "<|translate|>", "reply": "<|reply|>"}


def language_tag(code: str) -> str:
    """The tag of a language, by its two-letter code where it has one."""
    return f"<|{language(code).whisper or code}|>"


TAGS = (*TASK_TAGS.values(), *dict.fromkeys(language_tag(code) for code in LANGUAGES))


def with_prompt(example: Example, length_probability: float = 0.0) -> Example:
    """An example with its prompt.

    Args:
        length_probability: that the prompt of an example without a question ends with the number of
            characters of the target; 0.9 in the released first stage. It depends on the id alone.
    """
    if example.task.asks:
        task, preamble = "reply", example.question
    else:
        task, preamble = "translate" if example.task.translates else "transcribe", ""
        drawn = random.Random(f"length/{example.id}").random()
        if drawn < length_probability:
            preamble = str(len(example.target_text))
    return replace(example, prompt=language_tag(example.target) + TASK_TAGS[task] + preamble)
