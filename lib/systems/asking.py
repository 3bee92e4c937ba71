"""Systems asked for each of their tasks, what they did, and what they did while they learnt."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lib.models.protocol import Hypothesis
from lib.scoring import behaviour
from lib.scoring.behaviour import VERSION, Observed, Request, observe
from lib.scoring.comparisons import share_of_rows
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.systems.strategy import Strategy
from lib.tasks import ASR, SQA, ST, TASKS, Example, Task
from lib.training.log import DevelopmentOutput, read_listening

# of each spoken language, each under every task
CLIPS = {"smoke": 2, "tiny": 12, "lab": 40, "full": 100}
# what a system can be asked for by its prompt; GMU's has none
TASKS_ASKED: dict[str, tuple[Task, ...]] = {
    "it_ist": (ASR, ST, SQA),
    "llm_srt": (ASR, ST),
    "zero_resource": (ASR, ST),
}


@dataclass(kw_only=True)
class Asked:
    """Outputs, what was asked for, and what the model did; one entry a request."""

    rows: list[OutputRow] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    observed: list[Observed] = field(default_factory=list)

    def __add__(self, other: Asked) -> Asked:
        return Asked(
            rows=self.rows + other.rows,
            requests=self.requests + other.requests,
            observed=self.observed + other.observed,
        )


def examples_of_each_task(
    experiment: Experiment, system: TrainedSystem, per_language: int
) -> list[Example]:
    """The same test clips under each task and output language that the system can be asked for.

    Args:
        per_language: clips of each spoken language, spread evenly over those that have all texts.

    Raises:
        ValueError: the system takes no instructions.
    """
    name = experiment.system.name
    if name not in TASKS_ASKED:
        known = ", ".join(TASKS_ASKED)
        raise ValueError(f"{name} takes no instructions; those that do are {known}")
    tasks, found = TASKS_ASKED[name], []
    for source in dict.fromkeys(source for source, _ in experiment.directions):
        targets = {target for own, target in experiment.directions if own == source}
        usable = [
            utterance
            for utterance in experiment.corpus.split("test", source)
            if all(utterance.texts.get(code) for code in {source, *targets})
            and (SQA not in tasks or utterance.question)
        ]
        chosen = usable[:: max(1, len(usable) // per_language)][:per_language]
        for task in tasks if chosen else ():
            strategy = replace(system.strategy, task=task, tasks=(task,))
            for own, target in experiment.task_directions(task):
                if own == source:
                    found += experiment.system.test_examples(strategy, chosen, target)
    return found


def ask(experiment: Experiment, system: TrainedSystem, examples: Sequence[Example]) -> Asked:
    """Decode examples, and see what the model did.

    Where the form of an answer is wrong, so that nothing of it is scored, all that was written
    counts.
    """
    found = experiment.decode(system, examples)
    return _asked(experiment, system, examples, found)


def while_learning(experiment: Experiment, system: TrainedSystem) -> dict[str, Asked]:
    """What a system did with its development examples at each evaluation of all its stages.

    Returns:
        "strategy update" -> its outputs, in the order of training; of stages that were trained
        before the log kept what was asked for, nothing.
    """
    found: dict[str, Asked] = {}
    for strategy in _stages(experiment, system.strategy):
        logged: dict[int, list[DevelopmentOutput]] = {}
        for output in read_listening(experiment.folder(strategy)):
            if output.task:
                logged.setdefault(output.update, []).append(output)
        for update, outputs in logged.items():
            examples = [_example(output) for output in outputs]
            written = [
                _parsed(experiment, strategy, example, output.hypothesis)
                for example, output in zip(examples, outputs, strict=True)
            ]
            named = replace(system, strategy=strategy)
            found[f"{strategy.name} {update}"] = _asked(experiment, named, examples, written)
    return found


def _stages(experiment: Experiment, strategy: Strategy) -> list[Strategy]:
    """A strategy after those that it starts from."""
    starts = [experiment.strategy(name) for name in experiment.system.starts(strategy)]
    return [stage for start in starts for stage in _stages(experiment, start)] + [strategy]


def _parsed(
    experiment: Experiment, strategy: Strategy, example: Example, written: str
) -> Hypothesis:
    """What is scored of a logged output."""
    hypothesis = Hypothesis(id=example.id, text=written, tokens=0, score=None, ending="end")
    return experiment.system.parse(replace(strategy, task=example.task), example, hypothesis)


def _asked(
    experiment: Experiment,
    system: TrainedSystem,
    examples: Sequence[Example],
    hypotheses: Sequence[Hypothesis],
) -> Asked:
    shown = [replace(h, text=h.text or h.written) for h in hypotheses]
    rows = experiment.rows(system, examples, shown)
    asked = requests(examples)
    texts = zip(shown, asked, strict=True)
    observed = [observe(h.text, request, h.ending) for h, request in texts]
    return Asked(rows=rows, requests=asked, observed=observed)


def requests(examples: Iterable[Example]) -> list[Request]:
    """Examples as requests: each knows all texts that the examples of its clip have."""
    examples = list(examples)
    entries = [(e.source, e.id, e.source, e.source_text) for e in examples]
    entries += [(e.source, e.id, e.target, e.target_text) for e in examples if not e.task.asks]
    known = behaviour.texts_of_clips(entries)
    return [
        Request(
            task=e.task.name,
            source=e.source,
            target=e.target,
            transcript=known[e.source, e.id].get(e.source, ""),
            translations=behaviour.translations(known[e.source, e.id], e.source),
            question=e.question,
            answers=e.answers or ((e.target_text,) if e.task.asks else ()),
            prompt=e.prompt,
        )
        for e in examples
    ]


def _example(output: DevelopmentOutput) -> Example:
    return Example(
        id=output.id,
        task=TASKS[output.task],
        source=output.source,
        target=output.target,
        target_text=output.reference,
        source_text=output.transcript,
        audio=Path(output.audio) if output.audio else None,
        question=output.question,
        prompt=output.prompt,
    )


def behaviours(rows: Sequence[OutputRow]) -> list[str]:
    """What the model did in each row, as far as the rows themselves tell."""
    pairs = zip(rows, behaviour.requests(rows), strict=True)
    return [observe(row.hypothesis, request, row.ending).behaviour for row, request in pairs]


def is_obeyed(request: Request, observed: Observed) -> bool:
    """Whether a model did what it was asked for, well or badly."""
    task = TASKS[request.task]
    wanted = "answered" if task.asks else "translated" if task.translates else "transcribed"
    return observed.behaviour == wanted


def obeyed_share(asked: Asked, system: str) -> Estimate:
    """The percentage of the requests to a system that it followed, with its interval.

    Raises:
        ValueError: there is none.
    """
    own = [index for index, row in enumerate(asked.rows) if row.system == system]
    if not own:
        raise ValueError(f"nothing was asked of {system!r}")
    done = [is_obeyed(asked.requests[index], asked.observed[index]) for index in own]
    return share_of_rows([asked.rows[index] for index in own], done, f"behaviour:{VERSION}")
