"""An experiment: system x corpus x directions x recipe x seed, trained once and shared.

1. Weights lie in the cache under the hash of everything that decided them, so notebooks share
   systems and an interrupted training resumes.
2. One process trains a system; others that need it wait for its lock.
3. Everything that differs between systems is asked of `System`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from torch import nn

from lib.data.collate import Collator
from lib.decoding import decode_segmented
from lib.files import content_hash, write_json
from lib.locks import intact
from lib.progress import TrainingCallback, no_callback, no_progress
from lib.scoring.metrics import statistics
from lib.scoring.study import Direction
from lib.systems.backbones import training_lock
from lib.systems.outputs import ExperimentOutputs, TrainedSystem, no_record
from lib.systems.strategy import Strategy
from lib.tasks import Example
from lib.training.finished import is_finished
from lib.training.fit import fit
from lib.training.launch import launch
from lib.training.selection import Evaluation
from lib.utterance import Corpus

MAX_NAMED_DIRECTIONS = 6  # in the name of a folder
MAX_NAME = 100  # characters of a strategy's name in it; the hash tells the others apart


@dataclass(kw_only=True)
class Experiment(ExperimentOutputs):
    """Strategies of one system on one corpus: trained, or found where they were trained before."""

    def with_corpus(self, corpus: Corpus) -> Experiment:
        """The same experiment with another corpus."""
        return replace(self, corpus=corpus)

    def train(self, strategy: Strategy | str) -> TrainedSystem:
        """A strategy's system: trained now, with what it starts from, or loaded.

        Raises:
            RankDied: one of several processes ended.
            ValueError: the corpus lacks what the strategy needs, such as transcripts.
        """
        system = self._train(self.strategy(strategy))
        system.model.to(self.device)
        return system

    def _train(self, strategy: Strategy) -> TrainedSystem:
        """As `train`; the model stays where training or loading left it."""
        folder = self.folder(strategy)
        self.on_system(strategy.name, folder)
        # what is finished is read without a lock, and so in a cache that this user cannot write
        whole = intact(folder / "system.json") and is_finished(folder)
        with nullcontext() if whole else training_lock(folder, self.progress):
            model = self.start(strategy)
            if self.processes > 1 and not is_finished(folder):
                quiet = replace(
                    self, callback=no_callback, progress=no_progress, on_system=no_record
                )
                arguments = {"experiment": quiet, "strategy": strategy}
                target = f"{__name__}:_train_in_process"
                launch(target, arguments, self.processes, folder, self.callback)
            system = self.fine_tune(model, strategy)
            if not intact(folder / "system.json", say=True):
                write_json(folder / "system.json", self._card(strategy), sealed=True)
        return system

    def start(self, strategy: Strategy) -> nn.Module:
        """The model that a strategy's training starts from."""
        model = self.system.initial_model(self, strategy)
        for name, parts in self.system.starts(strategy).items():  # one other model at a time
            started = self._train(self.strategy(name))
            self.system.check_start(self, started)
            self.system.copy_parts(started.model.cpu(), model, parts)
        return model

    def folder(self, strategy: Strategy) -> Path:
        """Where a strategy's system lies in the cache."""
        slug = re.sub(r"[^a-z0-9_]+", "-", strategy.name.lower())[:MAX_NAME]
        pairs = "+".join("-".join(direction) for direction in self.directions)
        if len(self.directions) > MAX_NAMED_DIRECTIONS:  # the hash has them all
            pairs = f"{len(self.directions)}-directions"
        name = f"{self.system.name}-{slug}-{pairs}-s{self.seed}-{self._hash(strategy)}"
        return Path(self.cache) / name

    def _hash(self, strategy: Strategy) -> str:
        return content_hash(self._identity(strategy))

    def _identity(self, strategy: Strategy) -> list[Any]:
        """Everything that decides the weights."""
        stage = self.system.stage(self, strategy).identity()
        starts = [
            [name, self._identity(self.strategy(name)), parts]
            for name, parts in self.system.starts(strategy).items()
        ]
        selection = [self.recipe.selection_utterances, self.recipe.selection_metric]
        identity = self.system.identity(self, strategy)
        data = [self.corpus.hash, self.directions, self.seed]
        return [identity, stage, starts, selection, data]

    def fine_tune(self, model: nn.Module, strategy: Strategy) -> TrainedSystem:
        """Train a model by a strategy, in the strategy's folder."""
        folder, stage = self.folder(strategy), self.system.stage(self, strategy)
        limit = self.system.max_training_seconds(self, strategy)
        collate = Collator(model, model.feature_extractor(limit))
        train, left_out = self._training_examples(strategy)
        result = fit(
            self.system.objective(self, strategy, model, stage),
            stage,
            train,
            collate,
            folder,
            seed=self.seed,
            evaluate=self._evaluation(model, strategy),
            callback=self.callback,
            device=self.device,
        )
        # each process has collated its own batches
        dropped = folder / f"dropped-{os.environ.get('RANK', '0')}.json"
        if not intact(dropped, say=True):
            # what is cut is counted over all examples: a resumed training has not seen all again
            layouts = {e.id: model.layout(e, collate.max_tokens) for e in train}
            cut = [e.id for e in train if e.seconds > limit]
            counts = {
                "training_clips_unusable": sorted(collate.dropped),
                "training_clips_cut": cut,
                "training_texts_cut": [id for id, found in layouts.items() if found.truncated],
            }
            write_json(dropped, left_out | counts, sealed=True)
        return TrainedSystem(
            model=model, strategy=strategy, stage=stage.name, fit_result=result, folder=folder
        )

    def _card(self, strategy: Strategy) -> dict[str, Any]:
        return {
            "system": self.system.name,
            "strategy": strategy.name,
            "task": strategy.task.name,
            "scale": self.scale,
            "directions": self.directions,
            "seed": self.seed,
            "corpus": {"name": self.corpus.name, "hash": self.corpus.hash},
            "synthetic": self.corpus.synthetic,
            "stage": asdict(self.system.stage(self, strategy)),
            "identity": self._identity(strategy),
            "model": self.system.card(self, strategy),
        }

    def _training_examples(self, strategy: Strategy) -> tuple[list[Example], dict[str, list[str]]]:
        by_task: list[list[Example]] = []
        left_out: dict[str, list[str]] = {}
        for part in strategy.by_task:
            by_task.append([])
            for source, target in self.task_directions(part.task):
                utterances = self.corpus.split("train", source)
                found, lost = self.system.training_examples(self, part, utterances, target)
                by_task[-1] += found
                for reason, ids in lost.items():
                    left_out.setdefault(reason, []).extend(ids)
        return self.system.mix(strategy, by_task, self.seed), left_out

    def _evaluation(self, model: nn.Module, strategy: Strategy) -> Callable[[], Evaluation]:
        """What selects the weights: a score of decoded development utterances."""
        count = self.recipe.selection_utterances
        parts = sum(
            self.system.selects_by(part, direction)
            for part in strategy.by_task
            for direction in self.task_directions(part.task)
        )
        dev = self._examples(strategy, "dev", count and -(-count // parts))
        limit = self.recipe.max_train_seconds
        # not the training's collator: what evaluations cut is not part of its counts
        collate = Collator(model, model.feature_extractor(limit))
        search = self.system.search(self, strategy, beams=1)

        def evaluate() -> Evaluation:
            decoded = decode_segmented(
                model,
                dev,
                collate,
                search,
                limit,
                self.recipe.overlap_seconds,
                parse=partial(self.system.parse, strategy),
                precision=self.precision(strategy),
            )
            outputs = [(e, h.text) for e, h in zip(dev, decoded, strict=True)]
            written = [(e, h.written or h.text) for e, h in zip(dev, decoded, strict=True)]
            empty = sum(not text for _, text in written) / len(outputs)
            return Evaluation(
                score=self._selection_score(outputs),
                outputs=written,
                signals={"empty_outputs": empty, **self.system.signals(strategy, model, written)},
            )

        return evaluate

    def _selection_score(self, outputs: Sequence[tuple[Example, str]]) -> float:
        """The corpus score of each task and direction, their mean."""
        metric = self.recipe.selection_metric
        pairs: dict[tuple[str, Direction], list[tuple[str, str]]] = {}
        for e, text in outputs:
            key = (e.task.name, (e.source, e.target))
            pairs.setdefault(key, []).append((text, e.target_text))
        scores = [
            statistics(metric, *zip(*own, strict=True), target, "plain").corpus_score
            for (_, (_, target)), own in pairs.items()
        ]
        return sum(scores) / len(scores)


def _train_in_process(
    experiment: Experiment, strategy: Strategy, callback: TrainingCallback
) -> None:
    """What each of several processes does; see `launch`."""
    experiment.callback = callback
    experiment.fine_tune(experiment.start(strategy), strategy)
