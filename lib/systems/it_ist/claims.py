"""Claims of IT-IST's paper (arXiv 2506.17019), and questions that it leaves open.

Figures of the paper are second-hand, from summaries of it. Error rates and rates of behaviour are
better when lower, so a gain is negative there.
"""

from __future__ import annotations

from collections.abc import Sequence

from lib.scoring.claims import BEST_BASELINE, DATA, SYSTEM, Claim, Gain, Measured, measure_study
from lib.scoring.study import Direction, Study

PAPER = "2506.17019"
THIS_WORKBOOK = "this workbook"
WER_MARGIN = 3.0  # percentage points of WER that 8x compression may cost

_CLAIMS = (
    Claim(
        id="IT-ALIGN",
        paper=PAPER,
        statement="After alignment a frozen language model transcribes English: WER (percent)",
        published="about 15 % on LibriSpeech",
        published_low=15.0,
        published_high=15.0,
        about=SYSTEM,
        predicted_low=0.0,
        predicted_high=40.0,
    ),
    Claim(
        id="IT-BASELINE",
        paper=THIS_WORKBOOK,
        statement="Speech translation after instruction tuning beats every baseline (BLEU)",
        about=SYSTEM,
        measure=Gain(strategy="instruct", over=BEST_BASELINE),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="IT-ANSWERS",
        paper=THIS_WORKBOOK,
        statement="Spoken question answering after instruction tuning beats every baseline (F1)",
        about=SYSTEM,
        measure=Gain(strategy="instruct", over=BEST_BASELINE, metric="F1", task="SQA"),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="IT-1",
        paper=PAPER,
        statement="Two stages keep more text translation than joint training from the start, at "
        "equal updates (BLEU of MT)",
        published="the reason given for two stages; no figure",
        measure=Gain(strategy="instruct", over="joint", task="MT"),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    # is what two stages learn of speech worth more as well?
    Claim(
        id="IT-1-SPEECH",
        paper=THIS_WORKBOOK,
        statement="Two stages translate speech better than joint training from the start, at equal "
        "updates (BLEU of ST)",
        measure=Gain(strategy="instruct", over="joint"),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="IT-2",
        paper=PAPER,
        statement="Several MT models keep more segments at equal threshold than the best single "
        "one (percentage points)",
        published="said so, but 58 to 62 % are given for several and 62.5 % for one",
        published_low=-4.5,
        published_high=-0.5,
        about=DATA,
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="IT-3",
        paper=PAPER,
        statement=f"8x compression costs at most {WER_MARGIN:g} percentage points of WER over 4x",
        published="8x is used; no other ratio is reported",
        measure=Gain(strategy="align", over="align, 4x", metric="WER", task="ASR"),
        predicted_low=-100.0,
        predicted_high=WER_MARGIN,
    ),
    Claim(
        id="IT-3-2X",
        paper=PAPER,
        statement=f"8x compression costs at most {WER_MARGIN:g} percentage points of WER over 2x",
        published="8x is used; no other ratio is reported",
        measure=Gain(strategy="align", over="align, 2x", metric="WER", task="ASR"),
        predicted_low=-100.0,
        predicted_high=WER_MARGIN,
    ),
    Claim(
        id="IT-4",
        paper=THIS_WORKBOOK,
        statement="A balanced mixture transcribes less often instead of translating than a natural "
        "one (percentage points)",
        published="the natural mixture often transcribes; no figure",
        measure=Gain(strategy="instruct, balanced", over="instruct", metric="transcribed rate"),
        predicted_low=-100.0,
        predicted_high=0.0,
    ),
    Claim(
        id="IT-5",
        paper=THIS_WORKBOOK,
        statement="Ten times fewer questions in training: more answers that are questions "
        "(percentage points)",
        published="answers are often questions; no figure",
        measure=Gain(
            strategy="instruct, few questions",
            over="instruct",
            metric="question rate",
            task="SQA",
        ),
        predicted_low=0.0,
        predicted_high=100.0,
    ),
    Claim(
        id="IT-6",
        paper=PAPER,
        statement="Bidirectional attention over speech lowers WER (percentage points)",
        published="a summary says bidirectional, the released code is causal; no figure",
        measure=Gain(strategy="align, bidirectional", over="align", metric="WER", task="ASR"),
        predicted_low=-100.0,
        predicted_high=0.0,
    ),
)
CLAIMS = {claim.id: claim for claim in _CLAIMS}
# measured over seeds; a study has no baselines
STUDY_CLAIMS = {
    id: claim
    for id, claim in CLAIMS.items()
    if claim.measure and claim.measure.over != BEST_BASELINE
}


def measure_claims(study: Study) -> list[tuple[Claim, Measured | None]]:
    """Measure every claim of `STUDY_CLAIMS`; None where nothing was run.

    Transcripts and answers are of English, translations of each direction.
    """
    study = study.of_system("it_ist")
    measured = []
    for claim in STUDY_CLAIMS.values():
        pairs: Sequence[Direction] = study.directions(claim.measure.task)
        if claim.measure.task == "ASR":  # WER means little in Chinese
            pairs = [pair for pair in pairs if pair == ("eng", "eng")]
        measured.append((claim, measure_study(claim, study, {"all": pairs})))
    return measured
