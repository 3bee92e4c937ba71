"""LLM-SRT's strategies: the three stages, their rivals at equal updates, and what studies vary.

A strategy of several stages is a chain: each starts from the bridge of the one before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lib.systems.llm_srt.prompts import Prompts
from lib.systems.strategy import Strategy
from lib.systems.wordings import INSTRUCTION, TOKENS
from lib.tasks import ASR, SMT, ST, Task

LORA, ENCODER, LANGUAGE_MODEL = "LoRA", "encoder", "language model"  # trained beside the bridge
STAGES = ("asr", "smt", "srt")
SHARES = (0.5, 0.25, 0.1)  # of the speech of each language: 10 h a language become 5, 2.5 and 1 h


@dataclass(frozen=True, kw_only=True)
class SrtStrategy(Strategy):
    """One model of LLM-SRT."""

    tasks: tuple[Task, ...]
    start: str = ""  # strategy whose bridge it starts from; "": a new bridge
    budget: tuple[str, ...] = ()  # stages whose updates it trains for; (): its own
    trains: tuple[str, ...] = ()  # beside the bridge: LORA, ENCODER, LANGUAGE_MODEL
    # an answer to ST begins with the transcript: SRT; False: the translation alone
    spells_out: bool = True
    bridge: str = "q_former"  # a name in `Recipe.bridges`
    prompts: Prompts = field(default_factory=Prompts)
    share: float = 1.0  # of the training clips of each language

    @property
    def by_task(self) -> Sequence[SrtStrategy]:
        return [replace(self, task=task) for task in self.tasks]


ASR_STAGE = SrtStrategy(name="asr", stage="asr", task=ASR, tasks=(ASR,))
SMT_STAGE = SrtStrategy(name="smt", stage="smt", task=SMT, tasks=(SMT,), start="asr")
SRT_STAGE = SrtStrategy(
    name="srt", stage="srt", task=ST, tasks=(ST,), start="smt", trains=(LORA,)
)
CURRICULUM = (ASR_STAGE, SMT_STAGE, SRT_STAGE)


def chain(label: str, first: int = 0, **changes: object) -> list[SrtStrategy]:
    """The stages from `first` on with changes, named such as "srt, label"."""
    made: list[SrtStrategy] = []
    for stage in CURRICULUM[first:]:
        start = made[-1].name if made else stage.start
        made.append(replace(stage, name=f"{stage.name}, {label}", start=start, **changes))
    return made


# ---- rivals, all with as many updates in total ----

DIRECT = replace(SRT_STAGE, name="direct", start="", budget=STAGES, spells_out=False)
PARALLEL = replace(
    SRT_STAGE, name="parallel", start="", budget=STAGES, tasks=(ASR, SMT, ST)
)
# the updates of a stage that is left out go to the next; of the last, to the one before
NO_ASR = [
    replace(SMT_STAGE, name="smt, no asr", start="", budget=("asr", "smt")),
    replace(SRT_STAGE, name="srt, no asr", start="smt, no asr"),
]
NO_SMT = [replace(SRT_STAGE, name="srt, no smt", start="asr", budget=("smt", "srt"))]
# it never saw speech with the tags of a direction alone; answers are found in two passes as well
NO_SRT = [
    replace(SMT_STAGE, name="smt, no srt", budget=("smt", "srt"), trains=(LORA,)),
]
# direct and parallel train LoRA from the first update; so does this curriculum
LORA_THROUGHOUT = chain("LoRA throughout", trains=(LORA,))
RIVALS = [DIRECT, PARALLEL, *NO_ASR, *NO_SMT, *NO_SRT, LORA_THROUGHOUT[-1]]

# ---- what the studies vary ----

# the last stage answers with the translation alone: faster, since less is written
SHORT_ANSWER = replace(SRT_STAGE, name="srt, translation only", spells_out=False)
UNFROZEN = [
    replace(SRT_STAGE, name="srt, bridge only", trains=()),
    replace(SRT_STAGE, name="srt, encoder too", trains=(LORA, ENCODER)),
    replace(SRT_STAGE, name="srt, whole language model", trains=(LANGUAGE_MODEL,)),
    replace(SRT_STAGE, name="srt, everything", trains=(ENCODER, LANGUAGE_MODEL)),
]
INSTRUCTED = chain("instruction", prompts=Prompts(wording=INSTRUCTION))
ADDED_TOKENS = chain("added tokens", prompts=Prompts(wording=TOKENS))
BRIDGES = [
    chain("strided convolutions", bridge="strided_conv"),
    chain("frame stacking", bridge="frame_stacking"),
    chain("windowed Q-Former", bridge="windowed_q_former"),
]


def less_speech(stage: str, share: float) -> list[SrtStrategy]:
    """The chain from a stage on, where that stage alone has a share of the speech."""
    first = STAGES.index(stage)
    made = chain(f"{share:g} of the {stage} speech", first)
    return [replace(made[0], share=share), *made[1:]]


LESS_SPEECH = {
    (stage, share): less_speech(stage, share) for stage in STAGES for share in SHARES
}

CHAINS = [LORA_THROUGHOUT, INSTRUCTED, ADDED_TOKENS, *BRIDGES, *LESS_SPEECH.values()]
STRATEGIES = {
    strategy.name: strategy
    for strategy in (
        *CURRICULUM,
        *RIVALS,
        SHORT_ANSWER,
        *UNFROZEN,
        *(stage for stages in CHAINS for stage in stages),
    )
}
# ablations of notebook 30: the strategies that are scored; "search" decodes once more
GROUPS: dict[str, list[SrtStrategy]] = {
    "rivals": RIVALS,
    "prompts": [INSTRUCTED[-1], ADDED_TOKENS[-1], SHORT_ANSWER],
    "bridges": [stages[-1] for stages in BRIDGES],
    "speech": [stages[-1] for stages in LESS_SPEECH.values()],
    "unfreezing": UNFROZEN,
    "search": [],
}
