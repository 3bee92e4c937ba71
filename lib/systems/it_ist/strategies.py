"""IT-IST's strategies: what each is trained on, from where, and with which bridge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.speech_lm.splice import BIDIRECTIONAL, CAUSAL
from lib.systems.it_ist.mixture import BALANCED, NATURAL, Mixture
from lib.systems.it_ist.prompts import Prompts
from lib.systems.strategy import Strategy
from lib.tasks import ASR, SQA, ST, Task


@dataclass(frozen=True, kw_only=True)
class Defects:
    """Defects of the released code; all are off here."""

    first_token_unsupervised: bool = False  # see `InstructionObjective`
    pads_counted: bool = False  # see `InstructionObjective`
    projection_untrained: bool = False  # it is in no group of the optimizer
    tags_untrained: bool = False  # random vectors during alignment
    layer_skipped: bool = False  # strided layers are skipped with probability 0.1
    # speech translation of pseudo-labels keeps clips whose milliseconds over 60 are within the
    # limit, instead of over 1000: at 45 s those of 2.76 s and less
    seconds_by_60: bool = False
    # leave out clips under 1 s and targets of at most 3 characters, short answers among them
    short_left_out: bool = False


@dataclass(frozen=True, kw_only=True)
class ItIstStrategy(Strategy):
    """One model of IT-IST."""

    tasks: tuple[Task, ...]
    start: str = ""  # strategy whose weights it starts from; "": a new bridge
    mixture: Mixture = NATURAL
    bridge: StridedConvConfig = StridedConvConfig()
    attention: str = CAUSAL  # among the positions of speech
    # not in `repr`, by which outputs are found: they have the prompts themselves
    prompts: Prompts = field(default_factory=Prompts, repr=False)
    length_probability: float = 0.0  # see `with_prompt`
    noise_share: float = 0.0  # of clips with noise alone and an empty target, beside the others
    max_seconds: float = 0.0  # of training clips; 0: the recipe's
    max_question_seconds: float = 0.0  # of clips with a question; 0: as the others
    defects: Defects = field(default_factory=Defects)

    @property
    def by_task(self) -> Sequence[ItIstStrategy]:
        return [replace(self, task=task) for task in self.tasks]


ALL_TASKS = (ASR, ST, SQA)
ALIGN = ItIstStrategy(name="align", task=ASR, tasks=(ASR,), stage="align")
INSTRUCT = ItIstStrategy(
    name="instruct", task=ST, tasks=ALL_TASKS, stage="instruct", start="align"
)
# everything at once from a new bridge, for as many updates as both stages have
JOINT = replace(INSTRUCT, name="joint", stage="joint", start="")

COMPRESSED = {
    f"align, {ratio}x": replace(
        ALIGN, name=f"align, {ratio}x", bridge=StridedConvConfig(compression=ratio)
    )
    for ratio in (2, 4, 16)
}
BIDIRECTIONAL_ALIGN = replace(ALIGN, name="align, bidirectional", attention=BIDIRECTIONAL)
BALANCED_INSTRUCT = replace(INSTRUCT, name="instruct, balanced", mixture=BALANCED)
# a tenth and none of the natural share of questions
FEW_QUESTIONS = replace(
    INSTRUCT, name="instruct, few questions", mixture=Mixture(weights=(("SQA", 0.1),))
)
MIXTURES = {s.name: s for s in (BALANCED_INSTRUCT, FEW_QUESTIONS)}
OPTIONS = {
    s.name: s
    for s in (
        replace(ALIGN, name="align, length prompt", length_probability=0.9),
        replace(ALIGN, name="align, noise clips", noise_share=0.05),
    )
}

# the stage that each defect shows in
ALIGN_DEFECTS = {
    "align, projection untrained": Defects(projection_untrained=True),
    "align, tags untrained": Defects(tags_untrained=True),
    "align, layers skipped": Defects(layer_skipped=True),
    "align, pads counted": Defects(pads_counted=True),
}
INSTRUCT_DEFECTS = {
    "instruct, first token unsupervised": Defects(first_token_unsupervised=True),
    "instruct, seconds by 60": Defects(seconds_by_60=True),
}


def with_defects(name: str) -> ItIstStrategy:
    """A strategy of the released code's defects, by its name."""
    if name in INSTRUCT_DEFECTS:
        return replace(INSTRUCT, name=name, defects=INSTRUCT_DEFECTS[name])
    defects = ALIGN_DEFECTS[name]
    bridge = StridedConvConfig(layerdrop=0.1 if defects.layer_skipped else 0.0)
    return replace(ALIGN, name=name, defects=defects, bridge=bridge)


STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        ALIGN,
        INSTRUCT,
        JOINT,
        *COMPRESSED.values(),
        BIDIRECTIONAL_ALIGN,
        *MIXTURES.values(),
        *OPTIONS.values(),
        *map(with_defects, (*ALIGN_DEFECTS, *INSTRUCT_DEFECTS)),
    )
}
