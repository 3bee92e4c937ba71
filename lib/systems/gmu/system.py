"""GMU's system behind the experiment's hooks: models, objectives, examples and search."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from torch import nn

from lib.models.hub import resolved
from lib.models.protocol import Search
from lib.models.seamless import Seamless
from lib.scales import preset
from lib.scoring.metrics import PROFILES
from lib.systems.backbones import backbone_recipe, get_backbone
from lib.systems.experiment import Experiment
from lib.systems.gmu.recipe import RECIPES, Recipe
from lib.systems.gmu.strategies import RELEASED, STRATEGIES, GmuStrategy
from lib.systems.strategy import System
from lib.tasks import Example, examples
from lib.training.multitask_distillation import MultiTaskObjective
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from lib.training.weights import load_trained
from lib.utterance import Utterance

VERSION = 2  # raised when the same recipe would give other weights
MICRO_BATCHES = 4  # of an update with a mean of batch means, where its stage has one batch


class Gmu(System):
    """GMU at IWSLT 2025 (2505.21781).

    Args:
        released: train with the switches of GMU's released runs (see `RELEASED`).
    """

    name = "gmu"
    start_fields = ("encoder", "decoder")

    def __init__(self, released: bool = False) -> None:
        self.strategies = STRATEGIES
        if released:
            self.strategies = {
                name: s if s.backbone == "nllb" else replace(s, switches=RELEASED[s.task])
                for name, s in STRATEGIES.items()
            }

    def recipe(self, scale: str) -> Recipe:
        return preset(RECIPES, scale)

    def stage(self, experiment: Experiment, strategy: GmuStrategy) -> Stage:
        stage: Stage = getattr(experiment.recipe, strategy.stage)
        mean = strategy.switches.loss_mean
        if mean == "batch" and stage.accumulate == 1:
            stage = stage.split_batches(MICRO_BATCHES)
        updates = max(1, round(strategy.update_factor * stage.updates))
        patience = strategy.patience or stage.patience
        return replace(stage, loss_mean=mean, updates=updates, patience=patience)

    def initial_model(self, experiment: Experiment, strategy: GmuStrategy) -> nn.Module:
        backbone = experiment.backbone
        if strategy.backbone != backbone.recipe.kind:
            backbone = get_backbone(
                strategy.backbone,
                experiment.scale,
                experiment.cache,
                experiment.callback,
                experiment.progress,
                experiment.device,
            )
        model = backbone.load(text=strategy.needs_text_encoder)
        if strategy.scratch:
            model.randomize(experiment.seed)
        codes = [code for direction in experiment.directions for code in direction]
        return _prepared(model, codes, strategy)

    def starts(self, strategy: GmuStrategy) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        if strategy.encoder:
            found[strategy.encoder] = ("encoder",)
        if strategy.decoder:
            found[strategy.decoder] = (*found.get(strategy.decoder, ()), "decoder")
        return found

    def copy_parts(self, source: Seamless, target: Seamless, parts: Sequence[str]) -> None:
        target.start_from(**dict.fromkeys(parts, source))

    def objective(
        self, experiment: Experiment, strategy: GmuStrategy, model: nn.Module, stage: Stage
    ) -> nn.Module:
        options: dict[str, Any] = {
            "label_smoothing": stage.label_smoothing,
            "prefix_skip_len": int(strategy.switches.skip_language_token),
            "sentence_mean": stage.loss_mean == "sentence",
        }
        if strategy.multitask:
            return MultiTaskObjective(model, strategy.multitask, **options)
        return Seq2SeqObjective(model, **options)

    def test_examples(
        self, strategy: GmuStrategy, utterances: Sequence[Utterance], target: str
    ) -> list[Example]:
        """Multi-task systems are tested as ST: without transcripts."""
        found = examples(utterances, strategy.task, target)
        if strategy.strip_source:
            found = [replace(e, source_text=strip_text(e.source_text)) for e in found]
        return found

    def training_examples(
        self,
        experiment: Experiment,
        strategy: GmuStrategy,
        utterances: Sequence[Utterance],
        target: str,
    ) -> tuple[list[Example], dict[str, list[str]]]:
        """See `System.training_examples`.

        Raises:
            ValueError: nothing is left.
        """
        found = self.test_examples(strategy, utterances, target)
        usable = found
        if strategy.multitask:
            usable = examples(utterances, strategy.task, target, transcripts=True)
        limit = experiment.recipe.official_max_seconds
        drop = strategy.switches.drop_long_audio
        short = [e for e in usable if not drop or e.seconds <= limit]
        if not short:
            raise ValueError(f"no training clip is shorter than {limit} s; drop_long_audio is on")
        kept, with_texts = {e.id for e in short}, {e.id for e in usable}
        return short, {
            "training_clips_without_a_transcript": [e.id for e in found if e.id not in with_texts],
            "training_clips_dropped_as_too_long": [e.id for e in usable if e.id not in kept],
        }

    def max_training_seconds(self, experiment: Experiment, strategy: GmuStrategy) -> float:
        recipe: Recipe = experiment.recipe
        if strategy.switches.cut_long_audio:
            return recipe.hf_max_seconds
        return recipe.max_train_seconds

    def search(
        self, experiment: Experiment, strategy: GmuStrategy, beams: int, n_best: int = 1
    ) -> Search:
        recipe: Recipe = experiment.recipe
        max_new_tokens = recipe.max_new_tokens
        if strategy.backbone == "nllb":
            max_new_tokens = min(max_new_tokens, recipe.nllb_max_new_tokens)
        return Search(
            beams=beams,
            length_penalty=recipe.length_penalty,
            max_new_tokens=max_new_tokens,
            n_best=n_best,
        )

    def identity(self, experiment: Experiment, strategy: GmuStrategy) -> Any:
        recipe: Recipe = experiment.recipe
        facts = asdict(strategy) | {"name": "", "task": strategy.task.name}
        del facts["patience"]  # it is the stage's
        limits = [recipe.max_train_seconds, recipe.overlap_seconds]
        limits.append(self.max_training_seconds(experiment, strategy))
        if strategy.switches.drop_long_audio:
            limits.append(recipe.official_max_seconds)
        max_new_tokens = self.search(experiment, strategy, 1).max_new_tokens
        base: Any = experiment.backbone.name
        if strategy.backbone != experiment.backbone.recipe.kind:
            nllb = backbone_recipe(strategy.backbone, experiment.scale)
            base = [nllb.version, nllb.hub or nllb.identity()]
        return [VERSION, facts, limits, max_new_tokens, recipe.length_penalty, base]

    def card(self, experiment: Experiment, strategy: GmuStrategy) -> dict[str, Any]:
        backbone = experiment.backbone
        if strategy.backbone != backbone.recipe.kind:
            backbone = get_backbone(strategy.backbone, experiment.scale, experiment.cache)
        path, hub = backbone.path, bool(backbone.recipe.hub)
        return {
            "backbone": strategy.backbone,
            # beside the system's own folder, so that a cache may move
            "path": resolved(path) if hub else os.path.relpath(path, experiment.cache),
            "hub": hub,
            "untied_head": strategy.switches.untied_head,
            "text": strategy.needs_text_encoder and strategy.multitask is None,
            "languages": [code for direction in experiment.directions for code in direction],
            **self.decoding_facts(experiment, strategy),
        }

    def load(self, card: Mapping[str, Any], folder: Path) -> nn.Module:
        path = card["path"] if card["hub"] else str(folder.parent / card["path"])
        model = backbone_recipe(card["backbone"], "full").load(path, card["text"])
        for code in card["languages"]:
            model.add_language(code)
        if card["untied_head"]:
            model.untie_head()
        # a multi-task system translates without a text encoder
        without = () if card["text"] else ("text_encoder.",)
        load_trained(model, folder / "best.safetensors", without)
        return model.eval()


def strip_text(text: str) -> str:
    """Text without punctuation and capitals, as some recognisers write."""
    return PROFILES["gmu"].prepare(text)


def _prepared(model: nn.Module, codes: Sequence[str], strategy: GmuStrategy) -> nn.Module:
    """A backbone's model with its languages added and a strategy's switches applied."""
    for code in codes:
        model.add_language(code)
    if strategy.switches.untied_head:
        model.untie_head()
    if strategy.switches.official_dropout:
        model.apply_official_dropout()
    if strategy.multitask:
        model.separate_text_embeddings()
    return model


SYSTEM = Gmu()
