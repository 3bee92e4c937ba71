"""The tasks: what a system hears or reads, and what must come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from lib.utterance import Utterance


class Task(str, Enum):
    """A task under the name that stands in every results table."""

    ASR = "ASR"  # speech in, its transcript out
    MT = "MT"  # text in, its translation out
    ST = "ST"  # speech in, the translation out

    @property
    def hears(self) -> bool:
        """True where the input is speech, False where it is text."""
        return self is not Task.MT


@dataclass(frozen=True)
class Example:
    """One utterance under one task: the unit that is batched, trained on and scored."""

    id: str
    task: Task
    source: str  # language of the input
    target: str  # language of the output
    target_text: str
    input_text: str = ""  # read by MT
    audio: Path | None = None  # heard by ASR and ST; may be a part of a file, see Utterance.sound
    seconds: float = 0.0
    speaker: str = ""


def examples(utterances: Sequence[Utterance], task: Task, target: str | None = None, transcripts: bool = False) -> list[Example]:
    """Every utterance that has what `task` needs, as an example of it.

    Args:
        target: language of the output; ASR always writes the language that it hears.
        transcripts: what is heard carries its transcript too, for multi-task training; utterances without one are left out.

    Raises:
        ValueError: where no utterance has the text, naming the languages that there are.
    """
    made = []
    for utterance in utterances:
        source, texts = utterance.language, utterance.texts
        output = source if task is Task.ASR else target
        reads = transcripts or not task.hears
        if output not in texts or (reads and not texts.get(source)):
            continue
        heard = {"audio": utterance.sound, "seconds": utterance.seconds} if task.hears else {}
        heard |= {"input_text": texts[source]} if reads else {}
        made.append(Example(utterance.id, task, source, output, texts[output], speaker=utterance.speaker, **heard))
    if utterances and not made:
        have = sorted({code for utterance in utterances for code in utterance.texts})
        raise ValueError(f"no utterance has what {task.value} into {target!r} needs; there are texts in {have}")
    return made


def text_examples(sentences: list[dict[str, str]], pairs: list[tuple[str, str]]) -> list[Example]:
    """Each sentence as MT in each direction of `pairs`; a pair of one language with itself is copying."""
    return [
        Example(f"text-{number:06d}-{source}-{target}", Task.MT, source, target, texts[target], texts[source])
        for number, texts in enumerate(sentences)
        for source, target in pairs
    ]
