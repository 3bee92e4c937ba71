"""The baselines of a trained system on its test set: what it must beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from lib.models.protocol import Hypothesis
from lib.scoring.baselines import (
    constant,
    constant_answer,
    nearest_duration,
    question_only,
    shuffled,
)
from lib.scoring.outputs import OutputRow, reference_of
from lib.scoring.study import Direction
from lib.tasks import Example, Task, examples

if TYPE_CHECKING:
    from lib.systems.outputs import ExperimentOutputs, TrainedSystem
    from lib.systems.strategy import Strategy

Found = tuple[str, tuple[list[Example], list[Hypothesis]]]  # name, test set and its outputs


def baselines(
    experiment: ExperimentOutputs, system: TrainedSystem, rows: Sequence[OutputRow]
) -> Iterator[Found]:
    """See `ExperimentOutputs.baselines`."""
    for part in system.strategy.by_task:
        for source, target in experiment.task_directions(part.task):
            yield from _of_direction(experiment, system, part, rows, (source, target))


def _of_direction(
    experiment: ExperimentOutputs,
    system: TrainedSystem,
    part: Strategy,
    rows: Sequence[OutputRow],
    direction: Direction,
) -> Iterator[Found]:
    """The baselines of one task and direction."""
    task, (source, target) = part.task, direction
    own = [r for r in rows if (r.task, r.source, r.target) == (task.name, source, target)]
    utterances = experiment.corpus.split("test", source)
    test = experiment.system.test_examples(part, utterances, target)
    if task.asks:
        texts = _of_the_question(experiment, task, test, source)
        yield "shuffled_audio", (test, _decode_shuffled(experiment, system, test))
    else:
        texts = of_any_input(experiment, task, own, source, target)
        if task.speech_input:
            texts |= of_the_input(experiment, task, test, source, target)
    for name, values in texts.items():
        made = zip(test, values, strict=True)
        yield name, (test, [as_hypothesis(e.id, text) for e, text in made])
    if task.speech_input:
        yield "silence", (test, experiment.decode(system, test, silence=True))


def of_any_input(
    experiment: ExperimentOutputs,
    task: Task,
    rows: Sequence[OutputRow],
    source: str,
    target: str,
) -> dict[str, list[str]]:
    """Outputs that do not depend on the input: a constant sentence, another clip's output."""
    train, dev = (
        [e.target_text for e in examples(experiment.corpus.split(split, source), task, target)]
        for split in ("train", "dev")
    )
    return {
        "constant": [constant(train, dev, target)] * len(rows),
        "shuffled_audio": shuffled(
            [row.hypothesis for row in rows], [row.reference for row in rows]
        ),
    }


def _of_the_question(
    experiment: ExperimentOutputs, task: Task, test: Sequence[Example], source: str
) -> dict[str, list[str]]:
    """Answers that need no speech: one constant, and the most frequent to the same question."""
    train, dev = (
        examples(experiment.corpus.split(split, source), task) for split in ("train", "dev")
    )
    answers = [e.target_text for e in train]
    answer = constant_answer(answers, [reference_of(e) for e in dev], source)
    questions = [e.question for e in train]
    return {
        "constant": [answer] * len(test),
        "question_only": question_only([e.question for e in test], questions, answers, answer),
    }


def _decode_shuffled(
    experiment: ExperimentOutputs, system: TrainedSystem, test: Sequence[Example]
) -> list[Hypothesis]:
    """Each question about the speech, or the passage, of another example."""
    others = shuffled(test, [reference_of(e) for e in test])
    exchanged = [
        replace(
            example,
            id=f"{example.id} about {other.id}",  # not to be found as the example's own outputs
            audio=other.audio,
            seconds=other.seconds,
            source_text=other.source_text,
        )
        for example, other in zip(test, others, strict=True)
    ]
    speeds = dict(experiment.decoding_speed)  # those of the test set as it is
    found = experiment.decode(replace(system, truncated_texts=set()), exchanged)
    experiment.decoding_speed |= speeds
    return found


def of_the_input(
    experiment: ExperimentOutputs,
    task: Task,
    test: Sequence[Example],
    source: str,
    target: str,
) -> dict[str, list[str]]:
    """Outputs that use the clip without translating it."""
    train = examples(experiment.corpus.split("train", source), task, target)
    found = {
        "nearest_duration": nearest_duration(
            [e.seconds for e in test],
            [e.seconds for e in train],
            [e.target_text for e in train],
        )
    }
    utterances = experiment.corpus.split("test", source)
    transcripts = {u.id: u.texts[source] for u in utterances if u.texts.get(source)}
    if task.translates and all(e.id in transcripts for e in test):
        found["copied_transcript"] = [transcripts[e.id] for e in test]
    return found


def as_hypothesis(id: str, text: str) -> Hypothesis:
    """A text that no model has made."""
    return Hypothesis(id=id, text=text, tokens=len(text.split()), score=None, ending="end")
