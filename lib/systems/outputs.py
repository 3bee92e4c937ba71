"""The test side of an experiment: decode trained systems, and hold them against baselines."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lib.data.collate import Collator
from lib.decoding import decode_segmented
from lib.files import content_hash, read_json
from lib.models.precision import FP32
from lib.models.protocol import Hypothesis, Search
from lib.models.tokenizer import unknown_subwords
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scoring.outputs import OutputRow, output_rows
from lib.scoring.study import Direction
from lib.systems.backbones import TrainedBackbone
from lib.systems.baselines import baselines
from lib.systems.decoded import Decoded, decode_once
from lib.systems.strategy import Strategy, System
from lib.systems.trial import trial_corpus, trial_recipe
from lib.tasks import Example, Task, examples
from lib.training.finished import FitResult
from lib.training.stages import Stage
from lib.utterance import Corpus

DROPPED = (
    "training_clips_unusable",
    "training_clips_cut",
    "training_texts_cut",
    "training_clips_dropped_as_too_long",
    "training_clips_dropped_as_too_short",
    "training_clips_without_a_transcript",
    "training_clips_with_tags_in_a_text",
)


def no_record(_name: str, _folder: Path) -> None:
    """An `on_system` that does nothing."""


@dataclass(kw_only=True)
class TrainedSystem:
    """A trained model and how it was trained."""

    model: nn.Module  # a TranslationModel
    strategy: Strategy
    stage: str
    fit_result: FitResult
    # written by `fit`: training.csv, listening.jsonl, rehearsal.json, best.safetensors; and
    # dropped-*.json, system.json
    folder: Path
    truncated_texts: set[str] = field(default_factory=set)  # examples decoded with a cut text
    decoding_seconds: float = 0.0  # that its last outputs took, also where they were found

    @property
    def dropped_counts(self) -> dict[str, int]:
        """What training cut, dropped or left out, over all processes."""
        found: dict[str, set[str]] = {name: set() for name in DROPPED}
        for path in self.folder.glob("dropped-*.json"):
            for name, ids in read_json(path).items():
                found[name] |= set(ids)
        return {name: len(ids) for name, ids in found.items()}


@dataclass(kw_only=True)
class ExperimentOutputs:
    """Everything that the strategies of one system share on one corpus, and their outputs."""

    system: System
    scale: str
    recipe: Any  # of the system
    backbone: TrainedBackbone
    corpus: Corpus
    directions: tuple[Direction, ...]
    seed: int
    cache: Path
    subset: str = "test"  # name of the test set in the scores table
    callback: TrainingCallback = no_callback
    progress: Progress = no_progress
    device: torch.device | str = "cpu"
    processes: int = 1  # that share a training; see `Stage.split_batches`
    # told the name and folder of each system before it is trained or loaded
    on_system: Callable[[str, Path], None] = no_record
    decoding_speed: dict[str, float] = field(default_factory=dict)  # strategy -> audio s per s

    def __post_init__(self) -> None:
        self.recipe = trial_recipe(self.recipe)
        self.corpus = trial_corpus(self.corpus)
        for entry in fields(self.recipe):
            stage = getattr(self.recipe, entry.name)
            if isinstance(stage, Stage) and stage.accumulate % self.processes:
                split = stage.split_batches(self.processes)
                self.recipe = replace(self.recipe, **{entry.name: split})

    def strategy(self, strategy: Strategy | str) -> Strategy:
        """A strategy of the system by its name."""
        return self.system.strategies[strategy] if isinstance(strategy, str) else strategy

    def precision(self, strategy: Strategy) -> str:
        """Of a system's decoding: that of its training."""
        return self.system.stage(self, strategy).precision

    def task_directions(self, task: Task) -> list[Direction]:
        """Languages of a task's input and output; ASR has each source once.

        A direction from a language into itself has transcripts alone.
        """
        if task.translates:
            return [(s, t) for s, t in dict.fromkeys(self.directions) if s != t]
        return [(s, s) for s in dict.fromkeys(s for s, _ in self.directions)]

    def test(self, task: Task) -> list[Example]:
        """The test set as examples of a task."""
        return [
            example
            for source, target in self.task_directions(task)
            for example in examples(self.corpus.split("test", source), task, target)
        ]

    def outputs(self, system: TrainedSystem, name: str = "") -> list[OutputRow]:
        """The outputs of a system on the test set of its own task or tasks.

        Args:
            name: of the strategy in the scores table; default: its own.
        """
        test = self.test_examples(system)
        return self.rows(system, test, self.decode(system, test), name)

    def test_examples(self, system: TrainedSystem) -> list[Example]:
        """The test set as a system's strategy takes it."""
        return self._examples(system.strategy, "test")

    def _examples(
        self, strategy: Strategy, split: str, max_items: int | None = None
    ) -> list[Example]:
        """Examples of a split, at most `max_items` of each task and direction."""
        found: list[Example] = []
        for part in strategy.by_task:
            for source, target in self.task_directions(part.task):
                if split == "dev" and not self.system.selects_by(part, (source, target)):
                    continue
                utterances = self.corpus.split(split, source)
                found += self.system.test_examples(part, utterances, target)[:max_items]
        return found

    def rows(
        self,
        system: TrainedSystem,
        test: Sequence[Example],
        hypotheses: Sequence[Hypothesis],
        name: str = "",
    ) -> list[OutputRow]:
        """Hypotheses as rows of a system."""
        return output_rows(
            test,
            hypotheses,
            system=self.system.name,
            strategy=name or system.strategy.name,
            stage=system.stage,
            subset=self.subset,
            seed=self.seed,
        )

    def decode(
        self,
        system: TrainedSystem,
        test: Sequence[Example],
        n_best: int = 1,
        silence: bool = False,
        **changes: Any,
    ) -> list[Hypothesis]:
        """Beam search; audio that is too long is decoded in segments.

        Outputs are kept beside the system, and found there the next time.

        Args:
            silence: replace the audio by silence.
            changes: fields of `Search`, such as `no_repeat_ngram_size`, in place of the recipe's.
        """
        recipe, strategy = self.recipe, system.strategy
        search = replace(self.system.search(self, strategy, recipe.beams, n_best), **changes)
        limits = [recipe.max_source_tokens, recipe.max_test_seconds, recipe.overlap_seconds]
        identity = [repr(strategy), self.directions, self.corpus.hash, asdict(search), limits]
        if (precision := self.precision(strategy)) != FP32:
            identity.append(precision)
        found = decode_once(
            system.folder,
            [*identity, silence, str(self.device)],
            test,
            lambda: self._decode(system, test, search, silence),
        )
        system.truncated_texts |= found.truncated
        system.decoding_seconds = found.seconds
        seconds = sum(example.seconds for example in test)
        if seconds and not silence and not changes:  # text has no duration
            self.decoding_speed[strategy.name] = seconds / found.seconds
        return found.hypotheses

    def _decode(
        self, system: TrainedSystem, test: Sequence[Example], search: Search, silence: bool
    ) -> Decoded:
        recipe = self.recipe
        extractor = system.model.feature_extractor(recipe.max_test_seconds)
        collate = Collator(
            system.model,
            extractor,
            max_tokens=recipe.max_source_tokens,
            truncated_texts=(truncated := set()),
        )
        started = time.monotonic()
        hypotheses = decode_segmented(
            system.model,
            list(test),
            collate,
            search,
            recipe.max_test_seconds,
            recipe.overlap_seconds,
            silence,
            self.progress,
            partial(self.system.parse, system.strategy),
            self.precision(system.strategy),
        )
        seconds = time.monotonic() - started
        return Decoded(hypotheses=hypotheses, truncated=truncated, seconds=seconds)

    def zero_shot(self, strategy: Strategy | str) -> list[OutputRow]:
        """The outputs of the untuned backbone on the test set of a strategy's task."""
        strategy = self.strategy(strategy)
        identity = content_hash([self.system.identity(self, strategy), self.seed])
        untuned = TrainedSystem(
            model=self.system.initial_model(self, strategy).to(self.device),
            strategy=replace(strategy, name="zero_shot"),
            stage="backbone",
            fit_result=FitResult(
                stage="backbone", updates=0, seconds=0.0, best=None, best_update=0
            ),
            folder=Path(self.cache) / f"zero-shot-{identity}",
        )
        return self.outputs(untuned)

    def baselines(self, system: TrainedSystem, rows: Sequence[OutputRow]) -> list[OutputRow]:
        """Outputs that need no translation model.

        Independent of the input: one constant sentence, shuffled audio, and silence. Beyond them:
        the training translation of the clip with the nearest duration, and, where the test set has
        transcripts, the true transcript as it is.

        Args:
            rows: the system's outputs on the test set.
        """
        return [
            row
            for name, (test, hypotheses) in baselines(self, system, rows)
            for row in self.baseline_rows(name, test, hypotheses, system.stage)
        ]

    def baseline_rows(
        self, name: str, test: Sequence[Example], hypotheses: Sequence[Hypothesis], stage: str
    ) -> list[OutputRow]:
        """Hypotheses as rows of a baseline."""
        given = {"stage": stage, "subset": self.subset, "seed": self.seed}
        return output_rows(test, hypotheses, system="baseline", strategy=name, **given)

    def dropped_counts(self, system: TrainedSystem, rows: Sequence[OutputRow]) -> dict[str, int]:
        """Everything of one system that was cut, left out, or could not be written.

        Args:
            rows: outputs; those of other systems are ignored.
        """
        own = [r for r in rows if r.system != "baseline" and r.strategy == system.strategy.name]
        tokenizer, targets = system.model.tokenizer, {row.target for row in own}
        train = [
            text
            for utterance in self.corpus.utterances
            if utterance.split == "train"
            for code, text in utterance.texts.items()
            if code in targets
        ]
        references = {(row.id, row.target): row.reference for row in own}.values()
        limit = self.recipe.max_test_seconds
        return {
            "lines_left_out_of_the_corpus": len(self.corpus.dropped),
            "test_clips_decoded_in_segments": sum(row.seconds > limit for row in own),
            **system.dropped_counts,
            "test_texts_cut": len(system.truncated_texts),
            "updates_skipped_as_not_finite": system.fit_result.not_finite,
            "unknown_subwords_in_training": unknown_subwords(tokenizer, train),
            "unknown_subwords_in_test_references": unknown_subwords(tokenizer, references),
            "outputs_that_did_not_end": sum(row.ending == "longest" for row in own),
            "empty_outputs": sum(not row.hypothesis for row in own),
        }
