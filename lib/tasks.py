"""Tasks as data: what goes in, what comes out, and how it is scored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.utterance import Utterance

ERROR_RATES = (("WER", "gmu"), ("CER", "gmu"))
TRANSLATION_SCORES = (("BLEU", "plain"), ("chrF++", "plain"), ("BLEU", "gmu"), ("chrF++", "gmu"))
ANSWER_SCORES = (("F1", "plain"), ("EM", "plain"))  # EM: exact match

# the output where the speech does not answer the question
NO_ANSWER = {"eng": "no answer", "deu": "keine Antwort", "zho": "没有答案"}


@dataclass(frozen=True, kw_only=True)
class Task:
    """A task under the name that stands in every results table."""

    name: str
    speech_input: bool  # speech goes in; False: text in the source language
    translates: bool  # the output is in the target language; False: in the source language
    metrics: tuple[tuple[str, str], ...]  # (metric, scoring profile); the first is the headline
    asks: bool = False  # a question about the input stands beside it; the output is the answer
    parse: Callable[[str], str] = str.strip  # from the generated text to what is scored


ASR = Task(name="ASR", speech_input=True, translates=False, metrics=ERROR_RATES)
MT = Task(name="MT", speech_input=False, translates=True, metrics=TRANSLATION_SCORES)
ST = Task(name="ST", speech_input=True, translates=True, metrics=TRANSLATION_SCORES)
# speech with its true transcript beside it: what a translation is at best once the ears are right
SMT = Task(name="SMT", speech_input=True, translates=True, metrics=TRANSLATION_SCORES)
SQA = Task(name="SQA", speech_input=True, translates=False, metrics=ANSWER_SCORES, asks=True)
QA = Task(name="QA", speech_input=False, translates=False, metrics=ANSWER_SCORES, asks=True)

TASKS: dict[str, Task] = {task.name: task for task in (ASR, MT, ST, SMT, SQA, QA)}


@dataclass(frozen=True, kw_only=True)
class Example:
    """One utterance under one task: the unit that is batched, trained on and scored."""

    id: str
    task: Task
    source: str  # language of the input, ISO 639-3
    target: str  # language of the output, ISO 639-3
    target_text: str
    source_text: str = ""  # input of MT and QA; transcript of the speech where a task needs both
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
        ValueError: no utterance has the text or the question that is needed, or a question without
            an answer is in a language that `NO_ANSWER` lacks.
    """
    made = []
    for utterance in utterances:
        source, texts = utterance.language, utterance.texts
        output = target if task.translates else source
        with_source_text = transcripts or not task.speech_input
        has_output = utterance.question if task.asks else output in texts
        if not has_output or (with_source_text and not texts.get(source)):
            continue
        made.append(
            Example(
                id=utterance.id,
                task=task,
                source=source,
                target=output,
                target_text=_answer(utterance) if task.asks else texts[output],
                source_text=texts[source] if with_source_text else "",
                audio=utterance.sound if task.speech_input else None,
                seconds=utterance.seconds if task.speech_input else 0.0,
                speaker=utterance.speaker,
                question=utterance.question if task.asks else "",
                answers=utterance.answers if task.asks else (),
            )
        )
    if utterances and not made and task.asks:
        raise ValueError(
            f"no utterance has what {task.name} needs: a question"
            f"{' and a transcript' if with_source_text else ''}; "
            "use a corpus with questions, or add some by lib.corpora.questions"
        )
    if utterances and not made:
        available = sorted({code for utterance in utterances for code in utterance.texts})
        raise ValueError(
            f"no utterance has the texts for {task.name} into {target!r}; texts are in {available}"
        )
    return made


def _answer(utterance: Utterance) -> str:
    return utterance.answers[0] if utterance.answers else no_answer(utterance.language)


def no_answer(code: str) -> str:
    """What to say in a language where the input does not answer the question.

    Raises:
        ValueError: `NO_ANSWER` has no phrase in it.
    """
    if code not in NO_ANSWER:
        raise ValueError(
            f"there is no phrase for 'no answer' in {code!r}, only in {', '.join(NO_ANSWER)}; "
            "add one to NO_ANSWER in lib/tasks.py, or leave out questions without an answer"
        )
    return NO_ANSWER[code]


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
