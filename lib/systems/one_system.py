"""One system with changes: trained, decoded, held against baselines, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from lib.data.collate import Collator
from lib.files import read_json
from lib.models.speech_lm.model import SpeechLm
from lib.models.tokenizer import text_ids
from lib.scoring.outputs import OutputRow
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.systems.strategy import Strategy
from lib.systems.variant import open_variant
from lib.training.stages import freeze

MEASURED_CLIPS = 32  # of the test set, for positions of the language model


@dataclass(kw_only=True)
class OneSystem:
    """A trained system of a grid's point, with its outputs."""

    experiment: Experiment
    system: TrainedSystem
    rows: list[OutputRow]  # baselines among them
    decoding_seconds: float = 0.0  # of the test set

    @property
    def strategy(self) -> Strategy:
        return self.system.strategy

    @cached_property
    def measures(self) -> dict[str, float]:
        """What it is and what it cost; none of it depends on a reference.

        `position_seconds` is the speech in one position of the language model, and
        `positions_per_token` how many of them there are for a token of the reference.
        """
        clips = self.experiment.test_examples(self.system)
        hours = sum(example.seconds for example in clips) / 3600
        log = self.system.folder / "training.csv"
        memory = pd.read_csv(log)["peak_memory_mb"].max() if log.exists() else 0.0
        found = {
            "training_seconds": self._training_seconds(self.strategy),
            "updates": float(self.system.fit_result.updates),
            "peak_memory_mb": float(memory),
            "parameters": float(sum(p.numel() for p in self.system.model.parameters())),
            "trained_parameters": float(self._trained_parameters()),
        }
        if hours:  # text has no duration
            found["decoding_seconds_per_hour"] = self.decoding_seconds / hours
        model = self.system.model
        if isinstance(model, SpeechLm) and clips[0].task.speech_input:
            chosen = clips[:: max(1, len(clips) // MEASURED_CLIPS)][:MEASURED_CLIPS]
            limit = self.experiment.recipe.max_test_seconds
            batch = Collator(model, model.feature_extractor(limit))(chosen)
            prompts = [text_ids(model.tokenizer, e.prompt) for e in batch.examples]
            found["prompt_tokens"] = sum(map(len, prompts)) / len(prompts)
            with torch.inference_mode():
                _, mask = model.speech_embeddings(batch.to(self.experiment.device))
            positions = int(mask.sum())
            tokens = int((batch.labels >= 0).sum())
            seconds = sum(example.seconds for example in batch.examples)
            found["position_seconds"] = seconds / positions
            found["positions_per_token"] = positions / tokens
        return found

    def _training_seconds(self, strategy: Strategy) -> float:
        """Of the strategy and of all that it starts from; backbones are not counted."""
        experiment = self.experiment
        done = experiment.folder(strategy) / "done.json"
        own = read_json(done)["seconds"] if done.exists() else 0.0
        starts = map(experiment.strategy, experiment.system.starts(strategy))
        return own + sum(map(self._training_seconds, starts))

    def _trained_parameters(self) -> int:
        """Of the last stage."""
        experiment, model = self.experiment, self.system.model
        stage = experiment.system.stage(experiment, self.strategy)
        objective = experiment.system.objective(experiment, self.strategy, model, stage)
        freeze(objective, stage.frozen)
        return sum(p.numel() for p in objective.parameters() if p.requires_grad)


def train_one_system(
    system: str, strategy: str, change: str, scale: str, seed: int, cache: Path, **hooks: Any
) -> OneSystem:
    """Train a strategy with changes, or find it trained; decode the test set; add baselines.

    Arguments as for `open_variant`.

    Raises:
        ValueError: as `open_variant`.
    """
    experiment, varied = open_variant(system, strategy, change, scale, seed, cache, **hooks)
    trained = experiment.train(varied)
    rows = experiment.outputs(trained)
    seconds = trained.decoding_seconds  # baselines decode, too
    rows += experiment.baselines(trained, rows)
    return OneSystem(
        experiment=experiment, system=trained, rows=rows, decoding_seconds=seconds
    )
