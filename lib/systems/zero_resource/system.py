"""What differs between zero-resource translation and other systems; see `System`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lib.corpora.corruption import Vocabulary, corrupt, vocabulary
from lib.models.bridges.build import bridge_config, bridge_facts
from lib.models.bridges.conv_adapter import ConvAdapterConfig
from lib.models.bridges.layer_average import LayerAverageConfig
from lib.models.lora import Lora
from lib.models.protocol import Search
from lib.models.speech_encoder import load_speech_encoder
from lib.models.speech_lm.loading import adapt_language_model, join_speech_lm
from lib.models.speech_lm.model import SpeechLm
from lib.scales import preset
from lib.scoring.study import Direction
from lib.systems.backbones import (
    TrainedBackbone,
    backbone_facts,
    backbone_path,
    backbone_recipe,
)
from lib.systems.corpora import share_of
from lib.systems.experiment import Experiment
from lib.systems.strategy import System
from lib.systems.zero_resource.held_out import check_examples
from lib.systems.zero_resource.prompts import with_prompt
from lib.systems.zero_resource.recipe import RECIPES, Recipe
from lib.systems.zero_resource.strategies import ENCODER, LORA, STRATEGIES, ZeroStrategy
from lib.tasks import ST, Example, examples
from lib.training.encoder_states import encoder_state_cache
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from lib.training.weights import load_trained
from lib.utterance import Utterance

VERSION = 1  # raised when a strategy of the same fields would train otherwise
ENCODER_NAMES, LANGUAGE_MODEL_NAMES = r"^model\.encoder\.", r"^model\.language_model\."
FROZEN_LANGUAGE_MODEL = rf"{LANGUAGE_MODEL_NAMES}(?!.*lora_)"


@dataclass(frozen=True, kw_only=True)
class ZeroResource(System):
    """The system; an experiment's backbone is the speech encoder.

    Args:
        language_model: None to load trained systems only.
        held_out: spoken languages that are tested and of which nothing paired is trained on.
    """

    language_model: TrainedBackbone | None = None
    held_out: tuple[str, ...] = ()
    name = "zero_resource"
    strategies = STRATEGIES
    chain_fields = ("layers", "layer_norm", "convs", "kernel", "share")

    def recipe(self, scale: str) -> Recipe:
        return preset(RECIPES, scale)

    def stage(self, experiment: Experiment, strategy: ZeroStrategy) -> Stage:
        recipe: Recipe = experiment.recipe
        stage: Stage = getattr(recipe, strategy.stage)
        budget = [getattr(recipe, name).updates for name in strategy.budget]
        updates = round(strategy.part * (sum(budget) or stage.updates))
        rates = ((ENCODER_NAMES, recipe.encoder_learning_rate),)
        return replace(
            stage,
            updates=updates,
            frozen=(FROZEN_LANGUAGE_MODEL, *_frozen_encoder(experiment, strategy)),
            part_learning_rates=rates if strategy.tunes_encoder else (),
        )

    def bridge(self, experiment: Experiment, strategy: ZeroStrategy) -> LayerAverageConfig:
        """What a strategy puts between encoder and language model."""
        adapter = ConvAdapterConfig(
            compression=experiment.recipe.compression,
            layers=strategy.convs,
            kernel=strategy.kernel,
        )
        return LayerAverageConfig(
            bridge=adapter, weights=strategy.layers, layer_norm=strategy.layer_norm
        )

    def lora(self, experiment: Experiment, strategy: ZeroStrategy) -> Lora | None:
        """The adapters of the language model, where a strategy trains them."""
        lora: Lora = experiment.recipe.lora
        if LORA not in strategy.trains:
            return None
        # alpha over rank is the size of an update; a sweep keeps it
        rank = strategy.rank or lora.rank
        return replace(lora, rank=rank, alpha=lora.alpha * rank // lora.rank)

    def initial_model(self, experiment: Experiment, strategy: ZeroStrategy) -> SpeechLm:
        text = self.language_model.load()
        model = join_speech_lm(
            experiment.backbone.load(),
            text.language_model,
            text.tokenizer,
            self.bridge(experiment, strategy),
            seed=experiment.seed,
        )
        if lora := self.lora(experiment, strategy):
            adapt_language_model(model, lora, experiment.seed)
        return model

    def starts(self, strategy: ZeroStrategy) -> dict[str, tuple[str, ...]]:
        if not strategy.start:
            return {}
        begun = self.strategies[strategy.start]
        same = begun.tuned_layers == strategy.tuned_layers and ENCODER not in begun.trains
        if begun.tunes_encoder and not same and ENCODER not in strategy.trains:
            # a system's file has the weights that its own stage trained, and no others
            raise ValueError(
                f"strategy {strategy.name} starts from {begun.name}, which tunes the encoder; it "
                "must tune the same layers, or all"
            )
        adapted = ("lora",) if LORA in begun.trains else ()
        tuned = ("speech_encoder",) if begun.tunes_encoder else ()
        return {strategy.start: ("bridge", *adapted, *tuned)}

    def objective(
        self, experiment: Experiment, strategy: ZeroStrategy, model: SpeechLm, stage: Stage
    ) -> Seq2SeqObjective:
        cache = encoder_state_cache(model, stage, experiment.cache / "encoder-states")
        return Seq2SeqObjective(model, label_smoothing=0.0, state_cache=cache)

    def selects_by(self, strategy: ZeroStrategy, direction: Direction) -> bool:
        """Not by held-out languages: their development sets are paired data, too."""
        return direction[0] not in self.held_out

    def signals(
        self, strategy: ZeroStrategy, model: SpeechLm, outputs: Sequence[tuple[Example, str]]
    ) -> dict[str, float]:
        """The weight of each layer."""
        weights = model.bridge.weights.tolist()
        return {f"layer_{number}_weight": weight for number, weight in enumerate(weights, start=1)}

    def prepare(self, strategy: ZeroStrategy, example: Example) -> Example:
        return with_prompt(example, strategy.wording, training=False)

    def test_examples(
        self, strategy: ZeroStrategy, utterances: Sequence[Utterance], target: str
    ) -> list[Example]:
        """With transcripts, which no task reads, to tell transcribing from translating."""
        transcripts = {u.id: u.texts.get(u.language, "") for u in utterances}
        found = examples(utterances, strategy.task, target)
        given = [replace(e, source_text=transcripts[e.id]) for e in found]
        return [self.prepare(strategy, example) for example in given]

    def training_examples(
        self,
        experiment: Experiment,
        strategy: ZeroStrategy,
        utterances: Sequence[Utterance],
        target: str,
    ) -> tuple[list[Example], dict[str, list[str]]]:
        """None of a held-out language; fewer or worse ones where the strategy says so."""
        language = utterances[0].language
        if language in self.held_out or language not in self._heard(experiment, strategy):
            return [], {}
        kept = share_of(utterances, strategy.share, experiment.seed)
        found = examples(kept, strategy.task, target)
        if strategy.wrong_words:
            words = vocabulary((e.target_text for e in found), target)
            found = [_wrong(e, words, strategy.wrong_words) for e in found]
        silent = [u.id for u in kept if not strategy.task.translates and not u.texts.get(language)]
        made = [with_prompt(example, strategy.wording) for example in found]
        return made, {"training_clips_without_a_transcript": silent}

    def _heard(self, experiment: Experiment, strategy: ZeroStrategy) -> list[str]:
        """The languages that a strategy trains on, the first of the experiment's where fewer."""
        seen = dict.fromkeys(s for s, _ in experiment.directions if s not in self.held_out)
        return list(seen)[: strategy.languages or None]

    def mix(
        self, strategy: ZeroStrategy, by_task: Sequence[Sequence[Example]], seed: int
    ) -> list[Example]:
        """All tasks together; nothing paired of a held-out language may be among them."""
        check_examples((e for own in by_task for e in own), self.held_out)
        return super().mix(strategy, by_task, seed)

    def search(
        self, experiment: Experiment, strategy: ZeroStrategy, beams: int, n_best: int = 1
    ) -> Search:
        recipe: Recipe = experiment.recipe
        return Search(
            beams=beams,
            length_penalty=recipe.length_penalty,
            max_new_tokens=recipe.max_new_tokens,
            n_best=n_best,
        )

    def identity(self, experiment: Experiment, strategy: ZeroStrategy) -> Any:
        recipe: Recipe = experiment.recipe
        facts = asdict(replace(strategy, task=ST, tasks=()))
        facts |= {"name": "", "task": "", "tasks": [task.name for task in strategy.tasks]}
        if not strategy.tuned_layers:  # systems from before there was such a field are found
            del facts["tuned_layers"]
        lora = self.lora(experiment, strategy)
        return [
            *(VERSION, facts, bridge_facts(self.bridge(experiment, strategy))),
            *(asdict(lora) if lora else None, recipe.max_train_seconds, recipe.max_new_tokens),
            *(sorted(self.held_out), experiment.backbone.name, self.language_model.name),
        ]

    def card(self, experiment: Experiment, strategy: ZeroStrategy) -> dict[str, Any]:
        backbones = {"encoder": experiment.backbone, "language_model": self.language_model}
        lora = self.lora(experiment, strategy)
        return backbone_facts(backbones, experiment.cache) | {
            "bridge": bridge_facts(self.bridge(experiment, strategy)),
            "lora": asdict(lora) if lora else None,
            "held_out": self.held_out,
            "seed": experiment.seed,
            **self.decoding_facts(experiment, strategy),
        }

    def load(self, card: Mapping[str, Any], folder: Path) -> SpeechLm:
        text = backbone_recipe("mt5", "full").load(
            backbone_path(card, "language_model", folder), text=True
        )
        model = join_speech_lm(
            load_speech_encoder(backbone_path(card, "encoder", folder)),
            text.language_model,
            text.tokenizer,
            bridge_config(card["bridge"]),
            seed=card["seed"],
        )
        if card["lora"]:
            adapt_language_model(model, Lora.of(card["lora"]), card["seed"])
        load_trained(model, folder / "best.safetensors")
        return model.eval()


def _frozen_encoder(experiment: Experiment, strategy: ZeroStrategy) -> tuple[str, ...]:
    """Patterns of the encoder's parameters that a strategy does not train.

    Raises:
        ValueError: it trains more layers than there are.
    """
    layers, tuned = experiment.backbone.recipe.layers, strategy.tuned_layers
    if abs(tuned) > layers:
        raise ValueError(f"tuned_layers={tuned}: the encoder has {layers} layers")
    if not tuned:
        return () if strategy.tunes_encoder else (ENCODER_NAMES,)
    numbers = range(layers - tuned, layers) if tuned > 0 else range(-tuned)
    return (rf"{ENCODER_NAMES}(?!.*\.layers\.({'|'.join(map(str, numbers))})\.)",)


def _wrong(example: Example, words: Vocabulary, rate: float) -> Example:
    """An example whose target has a share of wrong words."""
    rng = random.Random(f"wrong/{example.id}")
    return replace(example, target_text=corrupt(example.target_text, words, rate, rng))


SYSTEM = ZeroResource()
