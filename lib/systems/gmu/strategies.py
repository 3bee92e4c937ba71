"""GMU's strategies: what each is trained on, and what it starts from."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lib.systems.strategy import Strategy
from lib.tasks import ASR, MT, ST
from lib.training.multitask_distillation import MultiTask


@dataclass(frozen=True, kw_only=True)
class Switches:
    """Where the official code, Hugging Face's and GMU's differ from this one; all are off here.

    The first four are of 2505.21781, appendix A. GMU's released speech translation runs had the
    first three on, its ASR and MT runs only the dropout.
    """

    skip_language_token: bool = False  # the loss leaves the language token out
    untied_head: bool = False  # the output head has weights of its own
    official_dropout: bool = False  # see Seamless.apply_official_dropout
    drop_long_audio: bool = False  # leave out training audio over `Recipe.official_max_seconds`
    # cut training audio at `Recipe.hf_max_seconds` and keep the whole text, as GMU's code does;
    # off: such clips are left out when the corpus is curated
    cut_long_audio: bool = False
    # mean of an update's loss: "token" (ours), "batch" (GMU's code: mean of micro-batch means), or
    # "sentence" (the paper's formula)
    loss_mean: str = "token"


@dataclass(frozen=True, kw_only=True)
class GmuStrategy(Strategy):
    """One model of a pair."""

    encoder: str = ""  # strategy whose speech encoder it starts from; "": the backbone's
    decoder: str = ""  # strategy whose text decoder and text encoder it starts from
    multitask: MultiTask | None = None
    switches: Switches = Switches()
    strip_source: bool = False  # MT: source text without punctuation and capitals
    update_factor: float = 1.0  # times the updates of its stage
    patience: int = 0  # evaluations without a better score that end training; 0: its stage's
    scratch: bool = False  # from random weights instead of the backbone's
    backbone: str = "seamless"  # or "nllb" (MT only)

    @property
    def needs_text_encoder(self) -> bool:
        """Whether text goes into it, at training or at test."""
        return self.task == MT or self.multitask is not None


LONG = 4.0  # times the updates of a stage at most, for the study of convergence
PATIENCE = 4  # evaluations; at `tiny` they are 100 updates apart


def _converged() -> tuple[GmuStrategy, ...]:
    """Strategies trained until the development score no longer rises, or for `LONG` stages.

    Direct has as many updates on speech as the others have with their ASR training.
    """
    asr, mt = "asr, long", "mt, long"
    made = (
        GmuStrategy(name=asr, task=ASR, stage="asr", update_factor=LONG),
        GmuStrategy(name=mt, task=MT, stage="mt", update_factor=LONG / 2),
        GmuStrategy(name="direct, long", task=ST, stage="st", update_factor=2 * LONG),
        GmuStrategy(
            name="asr_init, long", task=ST, stage="st_from_asr", encoder=asr, update_factor=LONG
        ),
        GmuStrategy(
            name="multitask, long",
            task=ST,
            stage="multitask",
            encoder=asr,
            decoder=mt,
            multitask=MultiTask(),
            update_factor=LONG,
        ),
    )
    return tuple(replace(strategy, patience=PATIENCE) for strategy in made)


# what their trainings start from: its updates come first
STARTS = {"asr_init, long": "asr, long", "multitask, long": "asr, long"}
CONVERGED = ("direct, long", "asr_init, long", "multitask, long")

STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        GmuStrategy(name="asr", task=ASR, stage="asr"),
        GmuStrategy(name="mt", task=MT, stage="mt"),
        GmuStrategy(name="mt_stripped", task=MT, stage="mt", strip_source=True),
        GmuStrategy(name="nllb", task=MT, stage="nllb", backbone="nllb"),
        GmuStrategy(name="direct", task=ST, stage="st"),
        GmuStrategy(name="asr_init", task=ST, stage="st_from_asr", encoder="asr"),
        # as many ST updates as ASR and ST have together: the fair comparison for asr_init, which
        # the paper lacks
        GmuStrategy(
            name="direct_twice", task=ST, stage="st_from_asr", encoder="direct", decoder="direct"
        ),
        GmuStrategy(name="mt_init", task=ST, stage="st", decoder="mt"),
        GmuStrategy(name="both_init", task=ST, stage="st_from_asr", encoder="asr", decoder="mt"),
        # GMU recommends to start from both
        GmuStrategy(
            name="multitask",
            task=ST,
            stage="multitask",
            encoder="asr",
            decoder="mt",
            multitask=MultiTask(),
        ),
        # a baseline: what the backbone is worth
        GmuStrategy(name="from_scratch", task=ST, stage="st", scratch=True),
        *_converged(),
    )
}


def _ablated(name: str, losses: MultiTask) -> GmuStrategy:
    return replace(STRATEGIES["multitask"], name=f"multitask, {name}", multitask=losses)


# ST alone, each of the other losses with it, and the two without it
MULTITASK_ABLATION = (
    _ablated("ST alone", MultiTask(mt=0.0, kd=0.0)),
    _ablated("ST + MT", MultiTask(kd=0.0)),
    _ablated("ST + KD", MultiTask(mt=0.0)),
    _ablated("MT + KD", MultiTask(st=0.0)),
)

OFFICIAL_SWITCHES = {
    "direct, loss without the language token": Switches(skip_language_token=True),
    "direct, head untied": Switches(untied_head=True),
    "direct, official dropout": Switches(official_dropout=True),
    "direct, long audio dropped": Switches(drop_long_audio=True),
    "direct, all switches": Switches(
        skip_language_token=True,
        untied_head=True,
        official_dropout=True,
        drop_long_audio=True,
    ),
}
GMU_SWITCHES = {
    "direct, long audio cut": Switches(cut_long_audio=True),
    "direct, mean of batch means": Switches(loss_mean="batch"),
    "direct, mean of sentence means": Switches(loss_mean="sentence"),
}
SWITCHES = OFFICIAL_SWITCHES | GMU_SWITCHES


def switched(name: str) -> GmuStrategy:
    """Direct fine-tuning with the switches of a name in `SWITCHES`."""
    return replace(STRATEGIES["direct"], name=name, switches=SWITCHES[name])


# switches of GMU's released runs, from their logs: ST starts from ASR trained with other ones
RELEASED = {
    ASR: Switches(official_dropout=True),
    MT: Switches(official_dropout=True),
    ST: Switches(skip_language_token=True, untied_head=True, official_dropout=True),
}


def direct_as(name: str, update_factor: float = 1.0) -> GmuStrategy:
    """Direct fine-tuning under another name, for another corpus.

    Args:
        update_factor: such as 2 for twice the data, so that each clip is used as often.
    """
    return replace(STRATEGIES["direct"], name=name, update_factor=update_factor)
