"""Trained systems for error analysis: opened by name, asked for each task, and as they learnt."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lib.data.collate import Collator
from lib.models.protocol import Hypothesis
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scoring import behaviour
from lib.scoring.behaviour import VERSION, Observed, Request, observe
from lib.scoring.estimates import Estimate, replicates
from lib.scoring.metrics import Statistics, percentage
from lib.scoring.outputs import OutputRow
from lib.systems.corpora import PHRASEBOOK
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem, no_record
from lib.systems.strategy import Strategy
from lib.tasks import ASR, SQA, ST, TASKS, Example, Task
from lib.training.log import DevelopmentOutput, read_listening

# two strategies of each system, the one that it ends with first
COMPARED = {
    "gmu": ("multitask", "direct"),
    "it_ist": ("instruct", "instruct, balanced"),
    "llm_srt": ("srt", "direct"),
    "zero_resource": ("multi-task", "adapter"),
}
# of each spoken language, each under every task
CLIPS = {"smoke": 2, "tiny": 12, "lab": 40, "full": 100}
# of the search; large models are often decoded so, and their loops are not seen
SEARCHES: dict[str, dict[str, Any]] = {
    "repetition penalty 1.3": {"repetition_penalty": 1.3},
    "no 3 tokens twice": {"no_repeat_ngram_size": 3},
}
# what a system can be asked for by its prompt; GMU's has none
TASKS_ASKED: dict[str, tuple[Task, ...]] = {
    "it_ist": (ASR, ST, SQA),
    "llm_srt": (ASR, ST),
    "zero_resource": (ASR, ST),
}


@dataclass(kw_only=True)
class Corpora:
    """Recordings instead of the phrasebook; see the `open_experiment` of each system."""

    corpus: str = PHRASEBOOK
    folder: str = ""
    licences: str = ""


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


def open_system(
    name: str,
    scale: str,
    seed: int,
    cache: Path,
    *,
    pair: tuple[str, str] = ("est", "eng"),
    corpora: Corpora | None = None,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Experiment:
    """The experiment of a system with the parameters of its first notebook.

    Args:
        name: a key of `COMPARED`.
        pair: source and target of GMU's; the others have all their directions.

    Raises:
        ValueError: unknown name; further as the system's `open_experiment`.
    """
    if name not in COMPARED:
        raise ValueError(f"unknown system {name!r}; use one of {', '.join(COMPARED)}")
    data = corpora or Corpora()
    options: dict[str, Any] = {"scale": scale, "seed": seed, "cache": cache, "device": device}
    options |= {"callback": callback, "progress": progress, "on_system": on_system}
    options |= {"licences": data.licences}
    if name == "gmu":
        options |= {"source": pair[0], "target": pair[1]}
    if name == "zero_resource":
        options["corpora"] = f"{data.corpus}={data.folder}" if data.folder else data.corpus
    else:
        options |= {"corpus": data.corpus, "folder": data.folder}
    return import_module(f"{__package__}.{name}.experiment").open_experiment(**options)


def chosen_strategies(name: str, strategies: str) -> tuple[str, str]:
    """Two strategies of a system, such as "instruct; joint"; "": those of `COMPARED`.

    Raises:
        ValueError: not two different ones.
    """
    found = [part.strip() for part in strategies.split(";") if part.strip()]
    if not found:
        return COMPARED[name]
    if len(found) != 2 or found[0] == found[1]:
        raise ValueError(f"strategies={strategies!r}; give two different ones, such as a; b")
    return found[0], found[1]


def training_texts(experiment: Experiment, code: str) -> dict[str, list[str]]:
    """The texts in a language that the training set of an experiment has."""
    train = (u for u in experiment.corpus.utterances if u.split == "train")
    return {code: [u.texts[code] for u in train if code in u.texts]}


def direction_examples(
    experiment: Experiment, system: TrainedSystem, source: str, target: str
) -> list[Example]:
    """The test examples of a system for speech translation in one direction."""
    wanted = (ST, source, target)
    test = experiment.test_examples(system)
    return [e for e in test if (e.task, e.source, e.target) == wanted]


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
        usable = [
            utterance
            for utterance in experiment.corpus.split("test", source)
            if utterance.texts.get(source) and (SQA not in tasks or utterance.question)
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
    transcripts: dict[tuple[str, str], str] = {}
    translations: dict[tuple[str, str], dict[str, str]] = {}
    for e in examples:
        clip = (e.source, e.id)
        said = e.target_text if e.task == ASR else e.source_text
        transcripts[clip] = transcripts.get(clip) or said
        own = translations.setdefault(clip, {})
        if e.task.translates:
            own[e.target] = e.target_text
    return [
        Request(
            task=e.task.name,
            source=e.source,
            target=e.target,
            transcript=transcripts[e.source, e.id],
            translations=translations[e.source, e.id],
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
    """The percentage of the requests to a system that it followed, with its interval."""
    own = [index for index, row in enumerate(asked.rows) if row.system == system]
    rows = [asked.rows[index] for index in own]
    done = [is_obeyed(asked.requests[index], asked.observed[index]) for index in own]
    values = np.stack([np.array(done, dtype=np.float64), np.ones(len(done))], axis=1)
    stats = Statistics("obeyed", values, percentage, f"behaviour:{VERSION}")
    speakers, ids = [row.speaker for row in rows], [row.id for row in rows]
    found = replicates([(rows[0].seed, stats)], speakers, ids).estimate()
    return replace(found, lowest=0.0, highest=100.0)


def collator(experiment: Experiment, system: TrainedSystem) -> Collator:
    """What makes batches of test examples of a system."""
    extractor = system.model.feature_extractor(experiment.recipe.max_test_seconds)
    return Collator(system.model, extractor, max_tokens=experiment.recipe.max_source_tokens)


def of_direction(
    rows: Sequence[OutputRow], task: str, source: str, target: str
) -> list[OutputRow]:
    """The rows of one task and direction.

    Raises:
        ValueError: there is none; names the directions that there are.
    """
    found = [r for r in rows if (r.task, r.source, r.target) == (task, source, target)]
    if not found:
        known = sorted({f"{r.task} {r.source}→{r.target}" for r in rows})
        raise ValueError(f"no output of {task} {source}→{target}; there are {', '.join(known)}")
    return found


def with_transcripts(experiment: Experiment, rows: Sequence[OutputRow]) -> list[OutputRow]:
    """Rows of the test set with what was said, where the corpus has it."""
    said = {u.id: u.texts.get(u.language, "") for u in experiment.corpus.split("test")}
    return [replace(row, transcript=row.transcript or said.get(row.id, "")) for row in rows]


def renamed(rows: Sequence[OutputRow], strategy: str) -> list[OutputRow]:
    """Rows under another name of their strategy."""
    return [replace(row, strategy=strategy) for row in rows]
