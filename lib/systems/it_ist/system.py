"""What differs between IT-IST and other systems; see `lib.systems.strategy.System`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.protocol import Search
from lib.models.speech_lm.loading import join_speech_lm
from lib.models.speech_lm.model import SpeechLm
from lib.scales import preset
from lib.systems.backbones import (
    TrainedBackbone,
    backbone_facts,
    backbone_path,
    backbone_recipe,
)
from lib.systems.experiment import Experiment
from lib.systems.it_ist.alignment import alignment_signals
from lib.systems.it_ist.noise import noise_examples
from lib.systems.it_ist.objective import InstructionObjective
from lib.systems.it_ist.prompts import Prompts, with_prompt
from lib.systems.it_ist.recipe import RECIPES, Recipe
from lib.systems.it_ist.strategies import STRATEGIES, ItIstStrategy
from lib.systems.strategy import System
from lib.tasks import ASR, ST, Example, examples
from lib.training.encoder_states import encoder_state_cache
from lib.training.stages import Stage
from lib.training.weights import load_trained
from lib.utterance import Utterance

VERSION = 2  # raised when a strategy of the same fields would train otherwise
PARTS = ("bridge", "tags", "speech_encoder", "language_model")


@dataclass(frozen=True, kw_only=True)
class ItIst(System):
    """The system; an experiment's backbone is the speech encoder.

    Args:
        language_model: None to load trained systems only.
    """

    language_model: TrainedBackbone | None = None
    name = "it_ist"
    strategies = STRATEGIES
    chain_fields = ("bridge", "attention", "prompts")

    def recipe(self, scale: str) -> Recipe:
        return preset(RECIPES, scale)

    def stage(self, experiment: Experiment, strategy: ItIstStrategy) -> Stage:
        stage: Stage = getattr(experiment.recipe, strategy.stage)
        frozen = stage.frozen
        if strategy.defects.projection_untrained:
            frozen += (r"^model\.bridge\.projection\.",)
        if strategy.defects.tags_untrained:
            frozen += (r"^model\.tags\.",)
        return replace(stage, frozen=frozen)

    def initial_model(self, experiment: Experiment, strategy: ItIstStrategy) -> SpeechLm:
        text = self.language_model.load()
        return join_speech_lm(
            experiment.backbone.load(),
            text.language_model,
            text.tokenizer,
            strategy.bridge,
            tags=strategy.prompts.tokens,
            attention=strategy.attention,
            seed=experiment.seed,
        )

    def starts(self, strategy: ItIstStrategy) -> dict[str, tuple[str, ...]]:
        if not strategy.start:
            return {}
        both = (strategy, self.strategies[strategy.start])
        tagged = all(one.prompts.tokens for one in both)
        return {strategy.start: tuple(part for part in PARTS if part != "tags" or tagged)}

    def objective(
        self, experiment: Experiment, strategy: ItIstStrategy, model: SpeechLm, stage: Stage
    ) -> InstructionObjective:
        defects, cache = strategy.defects, None
        if not strategy.bridge.before_encoder:  # else the encoder's input is trained
            cache = encoder_state_cache(model, stage, experiment.cache / "encoder-states")
        return InstructionObjective(
            model, cache, defects.first_token_unsupervised, defects.pads_counted
        )

    def signals(
        self, strategy: ItIstStrategy, model: SpeechLm, outputs: Sequence[tuple[Example, str]]
    ) -> dict[str, float]:
        return alignment_signals(model, outputs)

    def prepare(self, strategy: ItIstStrategy, example: Example) -> Example:
        return with_prompt(example, wording=strategy.prompts.wording)

    def test_examples(
        self, strategy: ItIstStrategy, utterances: Sequence[Utterance], target: str
    ) -> list[Example]:
        """With transcripts, which no speech task reads, to tell transcribing from translating."""
        found = examples(utterances, strategy.task, target)
        transcripts = {u.id: u.texts.get(u.language, "") for u in utterances}
        return [self.prepare(strategy, replace(e, source_text=transcripts[e.id])) for e in found]

    def training_examples(
        self,
        experiment: Experiment,
        strategy: ItIstStrategy,
        utterances: Sequence[Utterance],
        target: str,
    ) -> tuple[list[Example], dict[str, list[str]]]:
        """See `System.training_examples`.

        Raises:
            ValueError: nothing is left.
        """
        found = examples(utterances, strategy.task, target)
        if strategy.task != ASR:
            share = experiment.recipe.labelled_share
            found = [e for e in found if _position(e.id) < share]
        limit = self._limit(experiment, strategy)
        released = strategy.defects.short_left_out
        by_60 = strategy.defects.seconds_by_60 and strategy.task == ST
        # the released limit of the second stage is 45 s, which so becomes 2.7 s
        clips = [(e, e.seconds * 1000 / 60 if by_60 else e.seconds) for e in found]
        allowed = min(limit, 45.0) if by_60 else limit
        fits = [e for e, seconds in clips if seconds <= allowed]
        kept = [
            e for e in fits if not released or (e.seconds >= 1.0 and len(e.target_text) > 3)
        ]
        if not kept:
            raise ValueError(
                f"{strategy.name}: no {strategy.task.name} clip is left; the longest may have "
                f"{limit:g} s"
            )
        in_limit, left = {e.id for e in fits}, {e.id for e in kept}
        noise = noise_examples(kept, strategy.noise_share, experiment.cache / "noise")
        asked = (strategy.length_probability, strategy.prompts.wording)
        prompted = [with_prompt(e, *asked, training=True) for e in kept + noise]
        return prompted, {
            "training_clips_dropped_as_too_long": [e.id for e in found if e.id not in in_limit],
            "training_clips_dropped_as_too_short": [e.id for e in fits if e.id not in left],
        }

    def mix(
        self, strategy: ItIstStrategy, by_task: Sequence[Sequence[Example]], seed: int
    ) -> list[Example]:
        return strategy.mixture.draw(by_task, seed)

    def max_training_seconds(self, experiment: Experiment, strategy: ItIstStrategy) -> float:
        return max(self._limit(experiment, part) for part in strategy.by_task)

    @staticmethod
    def _limit(experiment: Experiment, strategy: ItIstStrategy) -> float:
        """The longest clip of a strategy's one task, in seconds."""
        longest = strategy.max_seconds or experiment.recipe.max_train_seconds
        return strategy.max_question_seconds or longest if strategy.task.asks else longest

    def search(
        self, experiment: Experiment, strategy: ItIstStrategy, beams: int, n_best: int = 1
    ) -> Search:
        recipe: Recipe = experiment.recipe
        return Search(
            beams=beams,
            length_penalty=recipe.length_penalty,
            max_new_tokens=recipe.max_new_tokens,
            n_best=n_best,
        )

    def identity(self, experiment: Experiment, strategy: ItIstStrategy) -> Any:
        recipe: Recipe = experiment.recipe
        facts = asdict(replace(strategy, task=ST, tasks=())) | {
            "name": "",
            "task": "",
            "tasks": [task.name for task in strategy.tasks],
        }
        if strategy.prompts == Prompts():  # systems without other wordings are found as ever
            del facts["prompts"]
        limits = [recipe.max_train_seconds, recipe.labelled_share, recipe.max_new_tokens]
        return [VERSION, facts, limits, experiment.backbone.name, self.language_model.name]

    def card(self, experiment: Experiment, strategy: ItIstStrategy) -> dict[str, Any]:
        backbones = {"encoder": experiment.backbone, "language_model": self.language_model}
        return backbone_facts(backbones, experiment.cache) | {
            "bridge": asdict(strategy.bridge),
            "attention": strategy.attention,
            "prompts": asdict(strategy.prompts),
            "seed": experiment.seed,
            **self.decoding_facts(experiment, strategy),
        }

    def load(self, card: Mapping[str, Any], folder: Path) -> SpeechLm:
        encoder = backbone_path(card, "encoder", folder)
        language_model = backbone_path(card, "language_model", folder)
        text = backbone_recipe("qwen", "full").load(language_model, text=True)
        model = join_speech_lm(
            backbone_recipe("w2v_bert", "full").load(encoder, text=False),
            text.language_model,
            text.tokenizer,
            StridedConvConfig(**card["bridge"]),
            tags=Prompts(**card.get("prompts", {})).tokens,  # older cards have none
            attention=card["attention"],
            seed=card["seed"],  # of parts that no stage trained
        )
        load_trained(model, folder / "best.safetensors")
        return model.eval()


def _position(id: str) -> float:
    """A number from 0 to 1 that depends on an id alone."""
    return int.from_bytes(sha256(id.encode()).digest()[:4], "big") / 2**32


SYSTEM = ItIst()
