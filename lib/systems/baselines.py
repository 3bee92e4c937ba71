"""The baselines of a trained system on its test set: what it must beat."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lib.models.protocol import Hypothesis
from lib.scoring.baselines import constant, nearest_duration, shuffled
from lib.scoring.outputs import OutputRow
from lib.tasks import Example, examples

if TYPE_CHECKING:
    from lib.systems.outputs import ExperimentOutputs, TrainedSystem

Found = tuple[str, tuple[list[Example], list[Hypothesis]]]  # name, test set and its outputs


def baselines(
    experiment: ExperimentOutputs, system: TrainedSystem, rows: Sequence[OutputRow]
) -> Iterator[Found]:
    """See `ExperimentOutputs.baselines`."""
    for source, target in experiment.task_directions(system.strategy.task):
        own = [row for row in rows if (row.source, row.target) == (source, target)]
        utterances = experiment.corpus.split("test", source)
        test = experiment.system.test_examples(system.strategy, utterances, target)
        texts = _of_any_input(experiment, system, own, source, target)
        if system.strategy.task.speech_input:
            texts |= _of_the_input(experiment, system, test, source, target)
        for name, values in texts.items():
            made = zip(test, values, strict=True)
            yield name, (test, [as_hypothesis(e.id, text) for e, text in made])
        if system.strategy.task.speech_input:
            yield "silence", (test, experiment.decode(system, test, silence=True))


def _of_any_input(
    experiment: ExperimentOutputs,
    system: TrainedSystem,
    rows: Sequence[OutputRow],
    source: str,
    target: str,
) -> dict[str, list[str]]:
    train, dev = (
        [
            e.target_text
            for e in examples(experiment.corpus.split(split, source), system.strategy.task, target)
        ]
        for split in ("train", "dev")
    )
    return {
        "constant": [constant(train, dev, target)] * len(rows),
        "shuffled_audio": shuffled(
            [row.hypothesis for row in rows], [row.reference for row in rows]
        ),
    }


def _of_the_input(
    experiment: ExperimentOutputs,
    system: TrainedSystem,
    test: Sequence[Example],
    source: str,
    target: str,
) -> dict[str, list[str]]:
    """Outputs that use the clip without translating it."""
    task = system.strategy.task
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
