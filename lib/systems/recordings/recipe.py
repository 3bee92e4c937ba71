"""The recipe for recordings: sizes, trials and stages, whose length follows from the data."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from lib.data.augment import Augment
from lib.models.seamless import SeamlessSize
from lib.scales import scaled
from lib.systems.gmu.recipe import RECIPES as GMU_RECIPES
from lib.systems.gmu.recipe import SPEECH_ENCODER
from lib.systems.gmu.recipe import Recipe as GmuRecipe
from lib.systems.seamless_presets import PRESETS
from lib.training.stages import Stage

STARTS = ("backbone", "scratch")  # of the recogniser


@dataclass(frozen=True, kw_only=True)
class RecordingsRecipe:
    """How recogniser and translator are trained."""

    size: SeamlessSize = scaled("of the model; the speech encoder as the phrasebook's backbone")
    # its learning rate is the best of `rates`
    ctc: Stage = scaled("the recogniser; its updates are those at one hour of speech")
    trial_updates: int = scaled("of each start and rate, before one of them is chosen")
    rates: tuple[float, ...] = scaled("peak learning rates of the recogniser that are tried")
    translators: int = scaled("trained from seeds of their own, which vote")
    # the updates of its stage `mt` are those at 1,000 sentences
    gmu: GmuRecipe = scaled("the translators: training, selection, decoding and limits")
    starts: tuple[str, ...] = STARTS

    def ctc_stage(self, hours: float) -> Stage:
        """The recogniser's stage for an amount of speech."""
        return _for_amount(self.ctc, hours)

    def experiment(self, sentences: int) -> GmuRecipe:
        """The recipe of the translators, for an amount of text."""
        return replace(self.gmu, mt=_for_amount(self.gmu.mt, sentences / 1000))


def _for_amount(stage: Stage, amount: float) -> Stage:
    """A stage with updates in proportion to the square root of the amount of data.

    With four times the data each clip is used half as often: repeating a clip teaches less than a
    new one, but not nothing.
    """
    updates = max(1, round(stage.updates * math.sqrt(amount)))
    # the more updates, the longer between evaluations; warm-up at most a third of a short training
    every = max(1, round(updates / max(1, stage.updates // stage.evaluate_every)))
    warmup = min(stage.warmup_updates, max(1, updates // 3))
    return replace(stage, updates=updates, evaluate_every=every, warmup_updates=warmup)


_CTC: dict[str, Any] = {
    "name": "ctc",
    "schedule": "cosine",
    "clip_norm": 1.0,
    "augment": Augment(speeds=(0.9, 1.0, 1.1)),
}
_MT: dict[str, Any] = {
    "name": "mt",
    "schedule": "inverse_sqrt",
    "clip_norm": 1.0,
    "label_smoothing": 0.1,
    "frozen": SPEECH_ENCODER,
}


def _translation(scale: str, mt: Stage, **changes: Any) -> GmuRecipe:
    return replace(GMU_RECIPES[scale], mt=mt, **changes)


def _smoke() -> RecordingsRecipe:
    """Every line of code runs, nothing is learnt."""
    mt = Stage(
        updates=2, learning_rate=1e-3, warmup_updates=1, batch_seconds=8.0, evaluate_every=1, **_MT
    )
    return RecordingsRecipe(
        size=PRESETS["smoke"].size,
        ctc=Stage(
            updates=4,
            learning_rate=1e-3,
            warmup_updates=1,
            batch_seconds=20.0,
            evaluate_every=2,
            **_CTC,
        ),
        trial_updates=1,
        rates=(1e-3,),
        translators=2,
        gmu=_translation("smoke", mt, beams=4),
    )


def _tiny() -> RecordingsRecipe:
    """14 minutes for half an hour of speech on one thread, with another run beside it.

    To expect of the Mboshi hour: a character error rate of 51 %, MT 1 chrF++ above a constant
    sentence, speech translation 2 above shuffled audio and below the constant sentence.
    """
    mt = Stage(
        updates=760,
        learning_rate=2e-3,
        warmup_updates=100,
        batch_seconds=1e6,
        batch_max_items=32,
        evaluate_every=100,
        patience=5,
        ema=0.98,
        **_MT,
    )
    return RecordingsRecipe(
        # whole words rather than pieces: the translator learns more of a word than of its parts
        size=replace(PRESETS["tiny"].size, decoder_layers=2, subwords=4000),
        ctc=Stage(
            updates=1600,
            learning_rate=2e-3,
            warmup_updates=80,
            batch_seconds=24.0,
            evaluate_every=100,
            patience=6,
            ema=0.98,
            **_CTC,
        ),
        trial_updates=80,
        rates=(1e-3, 3e-3),
        translators=3,
        gmu=_translation("tiny", mt, beams=12, max_new_tokens=200, selection_utterances=200),
    )


def _lab() -> RecordingsRecipe:
    """One GPU, meant to take less than half an hour for ten hours of speech. Not run yet."""
    mt = Stage(
        updates=1500,
        learning_rate=5e-4,
        warmup_updates=300,
        batch_seconds=1e6,
        batch_max_items=128,
        evaluate_every=100,
        patience=8,
        ema=0.99,
        **_MT,
    )
    return RecordingsRecipe(
        size=replace(PRESETS["lab"].size, text_layers=3, decoder_layers=3, subwords=4000),
        ctc=Stage(
            updates=4000,
            learning_rate=1e-3,
            warmup_updates=300,
            batch_seconds=120.0,
            batch_max_items=64,
            evaluate_every=200,
            patience=8,
            ema=0.99,
            **_CTC,
        ),
        trial_updates=300,
        rates=(3e-4, 1e-3),
        translators=3,
        gmu=_translation("lab", mt, beams=12, max_new_tokens=200, selection_utterances=300),
    )


RECIPES = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab()}


def recordings_recipe(scale: str) -> RecordingsRecipe:
    """The recipe of a scale.

    Raises:
        ValueError: the scale starts from published checkpoints.
    """
    if scale not in RECIPES:
        raise ValueError(
            f"at {scale} recordings start from the published checkpoint: run notebooks 10 to 13 "
            "with the same corpus= and folder="
        )
    return RECIPES[scale]
