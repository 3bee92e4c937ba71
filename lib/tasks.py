"""Tasks as data: what goes in, what comes out, and how it is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.utterance import Utterance

ERROR_RATES = (("WER", "gmu"), ("CER", "gmu"))
TRANSLATION_SCORES = (("BLEU", "plain"), ("chrF++", "plain"), ("BLEU", "gmu"), ("chrF++", "gmu"))


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task under the name that stands in every results table."""

    name: str
    speech_input: bool  # speech goes in; False: text in the source language
    translates: bool  # the output is in the target language; False: in the source language
    metrics: tuple[tuple[str, str], ...]  # (metric, scoring profile); the first is the headline
    parse: Callable[[str], str] = str.strip  # from the generated text to what is scored


ASR = Task(name="ASR", speech_input=True, translates=False, metrics=ERROR_RATES)
MT = Task(name="MT", speech_input=False, translates=True, metrics=TRANSLATION_SCORES)
ST = Task(name="ST", speech_input=True, translates=True, metrics=TRANSLATION_SCORES)

TASKS: dict[str, Task] = {task.name: task for task in (ASR, MT, ST)}


@dataclass(frozen=True, kw_only=True)
class Example:
    """One utterance under one task: the unit that is batched, trained on and scored."""

    id: str
    task: Task
    source: str  # language of the input, ISO 639-3
    target: str  # language of the output, ISO 639-3
    target_text: str
    source_text: str = ""  # input of MT; transcript of the speech where a task needs both
    audio: Path | None = None  # a file, or a part of one (see Utterance.sound)
    seconds: float = 0.0
    speaker: str = ""
    prompt: str = ""  # instruction, for models that are prompted
    question: str = ""
    answers: tuple[str, ...] = ()  # each is right; empty: the question has no answer in the speech


def examples(
    utterances: Sequence[Utterance],
    task: Task,
    target: str | None = None,
    transcripts: bool = False,
) -> list[Example]:
    """Every utterance that has what `task` needs, as an example of it.

    Args:
        target: language of the output; not used by tasks that do not translate.
        transcripts: add the transcript to speech examples (multi-task training); utterances without
            one are left out.

    Raises:
        ValueError: no utterance has the text that is needed; names the languages that there are.
    """
    made = []
    for utterance in utterances:
        source, texts = utterance.language, utterance.texts
        output = target if task.translates else source
        with_source_text = transcripts or not task.speech_input
        if output not in texts or (with_source_text and not texts.get(source)):
            continue
        made.append(
            Example(
                id=utterance.id,
                task=task,
                source=source,
                target=output,
                target_text=texts[output],
                source_text=texts[source] if with_source_text else "",
                audio=utterance.sound if task.speech_input else None,
                seconds=utterance.seconds if task.speech_input else 0.0,
                speaker=utterance.speaker,
            )
        )
    if utterances and not made:
        available = sorted({code for utterance in utterances for code in utterance.texts})
        raise ValueError(
            f"no utterance has the texts for {task.name} into {target!r}; texts are in {available}"
        )
    return made


def text_examples(
    sentences: Sequence[dict[str, str]], directions: Sequence[tuple[str, str]]
) -> list[Example]:
    """Each sentence as MT in each direction; a language into itself is copying."""
    return [
        Example(
            id=f"text-{number:06d}-{source}-{target}",
            task=MT,
            source=source,
            target=target,
            target_text=texts[target],
            source_text=texts[source],
        )
        for number, texts in enumerate(sentences)
        for source, target in directions
    ]
