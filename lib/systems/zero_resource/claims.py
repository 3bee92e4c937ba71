"""Claims of the zero-resource paper (arXiv 2412.18566), and questions that it leaves open.

Figures of the paper are second-hand, from summaries of it; its tables are not known here. Error
rates are better when lower, so a gain is negative there.
"""

from __future__ import annotations

from collections.abc import Sequence

from lib.scoring.claims import BEST_BASELINE, SYSTEM, Claim, Gain, Measured, measure_study
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Direction, Study

PAPER = "2412.18566"
THIS_WORKBOOK = "this workbook"
ALL, SEEN, HELD_OUT = "all", "seen", "held out"  # languages of the speech
UNREAD = "multi-task, unread"  # by a language model without text of the held-out languages


def _gain(over: str, metric: str = "BLEU", task: str = "ST") -> Gain:
    return Gain(strategy="multi-task", over=over, metric=metric, task=task)


_CLAIMS = (
    Claim(
        id="ZR-1",
        paper=PAPER,
        statement="Speech in languages without paired data is translated better than by every "
        "baseline (BLEU)",
        published="BLEU above 23 on CoVoST 2 for two languages",
        about=SYSTEM,
        measure=_gain(BEST_BASELINE),
        pairs=HELD_OUT,
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="ZR-2",
        paper=PAPER,
        statement="An adapter that learnt to transcribe first translates better than one trained "
        "jointly from the start, at equal updates (BLEU)",
        published="said so; no figure is known here",
        measure=_gain("multi-task, joint from the start"),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="ZR-3-SEEN",
        paper=PAPER,
        statement="LoRA improves translation from seen languages (BLEU)",
        published="said so; no figure is known here",
        measure=_gain("multi-task, adapter only"),
        pairs=SEEN,
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="ZR-3-HELD-OUT",
        paper=PAPER,
        statement="LoRA slightly worsens translation from held-out languages (BLEU)",
        published="slightly worse; no figure is known here",
        measure=_gain("multi-task, adapter only"),
        pairs=HELD_OUT,
        predicted_low=-100.0,
        predicted_high=0.0,
    ),
    Claim(
        id="ZR-4-ST",
        paper=PAPER,
        statement="Both tasks at once translate better than recognition before translation, at "
        "equal updates (BLEU)",
        published="the two tasks lead to opposite conclusions; which is which is not known here",
        measure=_gain("sequential"),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="ZR-4-ASR",
        paper=PAPER,
        statement="Both tasks at once transcribe worse than recognition alone, at equal updates "
        "(percentage points of WER)",
        published="the two tasks lead to opposite conclusions; which is which is not known here",
        measure=_gain("asr", metric="WER", task="ASR"),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="ZR-5",
        paper=PAPER,
        statement="A language model that cannot write a held-out language transcribes it worse: "
        "errors with text of it minus errors without (percentage points of CER)",
        published="recognition is bounded by what the language model can write; no figure",
        measure=_gain(UNREAD, metric="CER", task="ASR"),
        pairs=HELD_OUT,
        predicted_low=-100.0,
        predicted_high=0.0,
    ),
    # does the bound hold for reading, too?
    Claim(
        id="ZR-5-ST",
        paper=THIS_WORKBOOK,
        statement="A language model that cannot read a held-out language translates its speech "
        "worse (BLEU)",
        measure=_gain(UNREAD),
        pairs=HELD_OUT,
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="ZR-6",
        paper=PAPER,
        statement="The farther a held-out language is from the nearest seen one in its words, the "
        "worse its speech is translated: rank correlation over languages",
        published="Catalan transfers better than Dutch",
        about=SYSTEM,
        predicted_low=-1.0,
        predicted_high=0.0,
    ),
    Claim(
        id="ZR-6-SOUND",
        paper=THIS_WORKBOOK,
        statement="The same for the distance in sounds: rank correlation over languages",
        about=SYSTEM,
        predicted_low=-1.0,
        predicted_high=0.0,
    ),
    Claim(
        id="ZR-7",
        paper=PAPER,
        statement="A learned average over the layers translates better than the last layer (BLEU)",
        published="a learned average is used; no figure is known here",
        measure=_gain("multi-task, last layer"),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="ZR-8",
        paper=PAPER,
        statement="All of the speech of the first stage instead of a tenth adds at most 2 to "
        "translation (BLEU)",
        published="more ASR data does not help consistently; no figure is known here",
        measure=_gain("multi-task, 0.1 of the speech"),
        predicted_low=-100.0,
        predicted_high=2.0,
    ),
)
CLAIMS = {claim.id: claim for claim in _CLAIMS}
# claims that need an ablation of notebook 40; see `strategies.GROUPS`
BY_GROUP = {
    "rivals": ("ZR-2", "ZR-3-SEEN", "ZR-3-HELD-OUT", "ZR-4-ST", "ZR-7"),
    "tasks": ("ZR-4-ASR",),
    "ability": ("ZR-5", "ZR-5-ST"),
    "amount": ("ZR-8",),
}
# measured over seeds; a study has no baselines
STUDY_CLAIMS = {
    id: claim
    for id, claim in CLAIMS.items()
    if claim.measure and claim.measure.over != BEST_BASELINE
}


def select(pairs: Sequence[Direction], held_out: Sequence[str]) -> dict[str, list[Direction]]:
    """Directions by the selectors of the claims."""
    return {
        ALL: list(pairs),
        SEEN: [pair for pair in pairs if pair[0] not in held_out],
        HELD_OUT: [pair for pair in pairs if pair[0] in held_out],
    }


def measure_claims(study: Study, held_out: Sequence[str]) -> list[tuple[Claim, Measured | None]]:
    """Measure every claim of `STUDY_CLAIMS`; None where nothing was run."""
    study = study.of_system("zero_resource")
    return [
        (claim, measure_study(claim, study, select(study.directions(claim.measure.task), held_out)))
        for claim in STUDY_CLAIMS.values()
    ]


def rows_for(id: str, rows: Sequence[OutputRow], held_out: Sequence[str]) -> list[OutputRow]:
    """The rows of one run that a claim is judged on: its languages together, as one test set.

    Translations are all into one language, so their scores may be pooled; transcripts are too,
    for rates of errors.
    """
    claim = CLAIMS[id]
    measure = claim.measure
    chosen = [row for row in rows if row.task == measure.task]
    if claim.pairs != ALL:
        chosen = [row for row in chosen if (row.source in held_out) == (claim.pairs == HELD_OUT)]
    names = {measure.strategy, measure.over}
    return [row for row in chosen if row.strategy in names or row.system == "baseline"]
