"""The stages of the four systems at a scale, each with its costliest and its usual batch."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.utils._python_dispatch import _disable_current_modes

from lib.data.batch import IGNORED, Batch
from lib.data.buckets import items_of
from lib.models.encoder_decoder import EncoderDecoder
from lib.systems.experiment import Experiment
from lib.systems.footprints.models import untrained_backbone
from lib.systems.gmu.system import Gmu
from lib.systems.it_ist.system import ItIst
from lib.systems.llm_srt.system import LlmSrt
from lib.systems.strategy import Strategy, System
from lib.systems.zero_resource.system import ZeroResource
from lib.tasks import Example
from lib.training.footprint import Footprint, footprint
from lib.training.stages import Stage
from lib.utterance import SAMPLING_RATE, Corpus

TOKENS_PER_SECOND = 4.0  # of speech, in its transcript or translation
CHARACTERS_PER_SECOND = 15.0
MAX_TOKENS = 128  # of a text in training; see `Collator`
PROMPT_TOKENS = 16  # of a language model
PHRASEBOOK_SECONDS = 8.0  # its longest clips
NO_CORPUS = Corpus(name="", utterances=[], hash="", synthetic=False, licence="")
# mean of a clip: 5 s in CoVoST 2, 12 s in FLEURS; at smaller scales the phrasebook's
USUAL_SECONDS = {"smoke": 2.5, "tiny": 2.5, "lab": 4.0, "full": 6.0}
SYSTEMS: dict[str, tuple[Callable[[str], System], str, tuple[str, ...]]] = {
    # name -> the system at a scale, its backbone, and strategies with a stage of their own
    "gmu": (
        lambda scale: Gmu(),
        "seamless",
        ("asr", "mt", "nllb", "direct", "asr_init", "multitask"),
    ),
    "it_ist": (
        lambda scale: ItIst(language_model=untrained_backbone("qwen", scale)),
        "w2v_bert",
        ("align", "instruct"),
    ),
    "llm_srt": (
        lambda scale: LlmSrt(language_model=untrained_backbone("srt_qwen", scale)),
        "whisper",
        ("asr", "smt", "srt"),
    ),
    "zero_resource": (
        lambda scale: ZeroResource(language_model=untrained_backbone("mt5", scale)),
        "best_rq",
        ("adapter", "multi-task"),
    ),
}


@dataclass(frozen=True, kw_only=True)
class Clips:
    """A batch as a stage makes it of clips of one length."""

    seconds: float
    items: int

    @property
    def tokens(self) -> int:
        """Of each clip's text."""
        return max(2, min(MAX_TOKENS, round(TOKENS_PER_SECOND * self.seconds)))


@dataclass(frozen=True, kw_only=True)
class PlannedStage:
    """A stage of a system at a scale."""

    system: str
    strategy: Strategy
    experiment: Experiment
    stage: Stage
    longest: float  # seconds of a training clip

    @property
    def name(self) -> str:
        return f"{self.system} {self.strategy.name}"

    def clips(self, seconds: float, stage: Stage | None = None) -> Clips:
        """As many clips of a length as share a batch, of this stage or a variant of it."""
        stage = stage or self.stage
        if self.strategy.task.speech_input:
            cost = max(seconds, 30.0) if _hears_windows(self.experiment) else seconds
        else:
            cost = CHARACTERS_PER_SECOND * seconds / 100  # as `default_cost`
        items = items_of(cost, stage.batch_seconds, stage.batch_max_items)
        return Clips(seconds=seconds, items=items)

    def footprint(self, clips: Clips, stage: Stage | None = None) -> Footprint:
        """What a batch takes, of this stage or a variant of it."""
        batch = partial(planned_batch, planned=self, clips=clips)
        return footprint(self.objective, batch, stage or self.stage)

    def objective(self) -> torch.nn.Module:
        """What is trained, with random weights."""
        system = self.experiment.system
        model = system.initial_model(self.experiment, self.strategy)
        return system.objective(self.experiment, self.strategy, model, self.stage)


def planned_stages(
    scale: str, systems: Collection[str] = tuple(SYSTEMS)
) -> Iterator[PlannedStage]:
    """Every stage of these systems at a scale."""
    for name in systems:
        make, kind, strategies = SYSTEMS[name]
        system = make(scale)
        for strategy in (system.strategies[found] for found in strategies):
            own = getattr(strategy, "backbone", kind)
            experiment = Experiment(
                system=system,
                scale=scale,
                recipe=system.recipe(scale),
                backbone=untrained_backbone(own, scale),
                corpus=NO_CORPUS,
                directions=(("est", "eng"),) if name == "gmu" else (("deu", "eng"),),
                seed=1,
                cache=Path(),
            )
            longest = system.max_training_seconds(experiment, strategy)
            if experiment.recipe.breadth:
                longest = min(longest, PHRASEBOOK_SECONDS)
            yield PlannedStage(
                system=name,
                strategy=strategy,
                experiment=experiment,
                stage=system.stage(experiment, strategy),
                longest=longest,
            )


def smaller(stage: Stage, items: int) -> Stage:
    """The stage with batches of at most so many items, and as many examples an update."""
    share = items / stage.batch_max_items
    return replace(
        stage,
        batch_max_items=items,
        batch_seconds=stage.batch_seconds * share,
        accumulate=max(1, round(stage.accumulate / share)),
    )


def _hears_windows(experiment: Experiment) -> bool:
    return bool(getattr(experiment.recipe, "pad_to_window", False))


def planned_batch(objective: torch.nn.Module, planned: PlannedStage, clips: Clips) -> Batch:
    """A batch of clips of equal length: no shape depends on what is said."""
    model, task, texts = objective.model, planned.strategy.task, {}
    example = Example(
        id="", task=task, source="deu", target="eng", target_text="", seconds=clips.seconds
    )
    prompt = 0 if isinstance(model, EncoderDecoder) else PROMPT_TOKENS
    multitask = getattr(planned.strategy, "multitask", None) is not None
    reads_text = not task.speech_input or multitask
    if isinstance(model, EncoderDecoder):
        if reads_text:
            texts = _text(clips.items, clips.tokens)
    elif model.writes_with_decoder:
        texts, prompt = _text(clips.items, prompt), 0
    speech: dict[str, torch.Tensor] = {}
    if task.speech_input:
        frames, width = _feature_shape(model, clips.seconds)
        speech["speech"] = torch.zeros(clips.items, frames, width)
        speech["speech_mask"] = torch.ones(clips.items, frames, dtype=torch.long)
    labels = torch.ones(clips.items, prompt + clips.tokens, dtype=torch.long)
    labels[:, : max(0, prompt - 1)] = IGNORED
    return Batch(
        examples=[example] * clips.items,
        prefix=torch.ones_like(labels),
        labels=labels,
        prompt_lengths=[max(1, prompt)] * clips.items,
        **speech,
        **texts,
    )


def _text(items: int, tokens: int) -> dict[str, torch.Tensor]:
    ids = torch.ones(items, tokens, dtype=torch.long)
    return {"text": ids, "text_mask": ids}


def _feature_shape(model: torch.nn.Module, seconds: float) -> tuple[int, int]:
    """Frames and their width, as the model's feature extractor makes them."""
    with _disable_current_modes():
        samples = np.zeros(round(seconds * SAMPLING_RATE), np.float32)
        return tuple(model.feature_extractor(seconds).compute(samples).shape)
