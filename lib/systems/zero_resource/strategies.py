"""Strategies of zero-resource translation: the two stages, their rivals, and what studies vary."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lib.models.bridges.layer_average import LAST, LEARNED, UNIFORM
from lib.systems.strategy import Strategy
from lib.systems.zero_resource.prompts import FIXED, PARAPHRASED, UNIVERSAL
from lib.tasks import ASR, ST, Task

LORA, ENCODER = "LoRA", "encoder"  # trained beside the adapter


@dataclass(frozen=True, kw_only=True)
class ZeroStrategy(Strategy):
    """One model of the paper, or a variant of one."""

    tasks: tuple[Task, ...]
    start: str = ""  # strategy whose adapter it starts from; "": a new one
    # stages whose updates it trains for, and the part of them; (): its own stage's
    budget: tuple[str, ...] = ()
    part: float = 1.0
    trains: tuple[str, ...] = ()  # beside the adapter: LORA, ENCODER (all of it)
    # so many layers of the encoder train, at its top; below 0: at its bottom. Not in `repr`, under
    # which outputs are kept: those of older systems are found
    tuned_layers: int = field(default=0, repr=False)
    rank: int = 0  # of LoRA; 0: the recipe's
    layers: str = LEARNED  # of the encoder; see `LayerAverageConfig.weights`
    layer_norm: bool = False
    convs: int = 2  # layers of the adapter
    kernel: int = 3  # of them; 1: a multilayer perceptron
    wording: str = PARAPHRASED
    # of the ASR stage: share of each language's clips, languages heard (0: all), and share of the
    # transcripts' words that are wrong
    share: float = 1.0
    languages: int = 0
    wrong_words: float = 0.0

    def __post_init__(self) -> None:
        if self.tuned_layers and ENCODER in self.trains:
            raise ValueError(
                f"strategy {self.name}: it trains all of the encoder and {self.tuned_layers} "
                "layers of it; leave one of trains=encoder and tuned_layers out"
            )

    @property
    def tunes_encoder(self) -> bool:
        """Whether a part of the encoder trains, or all of it."""
        return bool(self.tuned_layers) or ENCODER in self.trains

    @property
    def by_task(self) -> Sequence[ZeroStrategy]:
        return [replace(self, task=task) for task in self.tasks]


ADAPTER = ZeroStrategy(name="adapter", stage="adapter", task=ASR, tasks=(ASR,))
MULTI_TASK = ZeroStrategy(
    name="multi-task", stage="joint", task=ST, tasks=(ASR, ST), start="adapter", trains=(LORA,)
)


def chain(label: str, **changes: object) -> list[ZeroStrategy]:
    """Both stages with changes, named such as "multi-task, label"."""
    first = replace(ADAPTER, name=f"adapter, {label}", **changes)
    second = replace(MULTI_TASK, name=f"multi-task, {label}", start=first.name, **changes)
    return [first, second]


# ---- the second stage: tasks, order, and LoRA ----

ST_ALONE = replace(MULTI_TASK, name="st", tasks=(ST,))
ASR_ALONE = replace(MULTI_TASK, name="asr", task=ASR, tasks=(ASR,))
# as many updates as multi-task, half of them of each task
SEQUENTIAL = [
    replace(ASR_ALONE, name="asr, first half", budget=("joint",), part=0.5),
    replace(ST_ALONE, name="sequential", start="asr, first half", budget=("joint",), part=0.5),
]
FROM_THE_START = replace(
    MULTI_TASK, name="multi-task, joint from the start", start="", budget=("adapter", "joint")
)
WITHOUT_LORA = replace(MULTI_TASK, name="multi-task, adapter only", trains=())
RANKS = [replace(MULTI_TASK, name=f"multi-task, rank {rank}", rank=rank) for rank in (4, 64)]

# ---- encoder and adapter ----

LAST_LAYER = chain("last layer", layers=LAST)
UNIFORM_LAYERS = chain("all layers alike", layers=UNIFORM)
NORMALISED = chain("normalised layers", layer_norm=True)
ADAPTERS = [
    chain("one convolution", convs=1),
    chain("four convolutions", convs=4),
    chain("MLP", kernel=1),
    chain("encoder too", trains=(ENCODER,)),
]
ADAPTERS[-1][1] = replace(ADAPTERS[-1][1], trains=(LORA, ENCODER))

# ---- prompts, and the data of the ASR stage ----

PROMPTS = [chain("one prompt a task", wording=FIXED), chain("one prompt", wording=UNIVERSAL)]
AMOUNTS = {share: chain(f"{share:g} of the speech", share=share) for share in (0.5, 0.25, 0.1)}
QUALITIES = {
    rate: chain(f"{rate:.0%} of words wrong", wrong_words=rate) for rate in (0.1, 0.3, 0.6)
}
NUMBERS = {n: chain(f"{n} languages", languages=n) for n in (1, 2, 4)}
# data are those of the first stage alone
for chains in (AMOUNTS, QUALITIES, NUMBERS):
    for stages in chains.values():
        stages[1] = replace(MULTI_TASK, name=stages[1].name, start=stages[0].name)


def single_layer(number: int) -> list[ZeroStrategy]:
    """Both stages with one layer of the encoder, counted from 1."""
    return chain(f"layer {number}", layers=f"{number}")


MAX_LAYERS = 24  # of w2v-BERT 2.0
CHAINS = [LAST_LAYER, UNIFORM_LAYERS, NORMALISED, *ADAPTERS, *PROMPTS]
CHAINS += [*AMOUNTS.values(), *QUALITIES.values(), *NUMBERS.values(), SEQUENTIAL]
CHAINS += [single_layer(number) for number in range(1, MAX_LAYERS + 1)]
SINGLE = [ADAPTER, MULTI_TASK, ST_ALONE, ASR_ALONE, FROM_THE_START, WITHOUT_LORA, *RANKS]
STRATEGIES = {s.name: s for s in (*SINGLE, *(stage for stages in CHAINS for stage in stages))}

# ablations of notebook 40: the strategies that are scored
GROUPS: dict[str, list[ZeroStrategy]] = {
    "rivals": [FROM_THE_START, WITHOUT_LORA, SEQUENTIAL[-1], LAST_LAYER[-1]],
    "tasks": [ST_ALONE, ASR_ALONE],
    "lora": RANKS,
    "layers": [UNIFORM_LAYERS[-1], NORMALISED[-1]],  # and each single one
    "adapters": [stages[-1] for stages in ADAPTERS],
    "prompts": [stages[-1] for stages in PROMPTS],
    # of the first stage's speech
    "amount": [stages[-1] for stages in AMOUNTS.values()],
    "quality": [stages[-1] for stages in QUALITIES.values()],
    "number": [stages[-1] for stages in NUMBERS.values()],  # of languages
    "ability": [],  # a language model that has not read the held-out languages
    "encoder": [],  # one that learnt from audio alone, one without BEST-RQ
}
TRAINED_HERE = ("ability", "encoder")  # groups with other models


def groups_at(scale: str) -> list[str]:
    """The ablations of a scale: published models cannot be taught less than they know."""
    return [name for name in GROUPS if scale != "full" or name not in TRAINED_HERE]


def scored(groups: Sequence[str], layers: int) -> list[str]:
    """The strategies that notebook 40 scores.

    Args:
        layers: of the encoder, each of which is tried alone.
    """
    names = ["adapter", "multi-task", *(s.name for group in groups for s in GROUPS[group])]
    if "layers" in groups:  # the last one is a rival
        names += [single_layer(number)[-1].name for number in range(1, layers)]
        names += [LAST_LAYER[-1].name]
    return list(dict.fromkeys(names))
