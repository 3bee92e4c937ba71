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
    backbone: str = "seamless"  # or "nllb" (MT only)

    @property
    def needs_text_encoder(self) -> bool:
        """Whether text goes into it, at training or at test."""
        return self.task == MT or self.multitask is not None


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


def direct_as(name: str) -> GmuStrategy:
    """Direct fine-tuning under another name, for another corpus."""
    return replace(STRATEGIES["direct"], name=name)
