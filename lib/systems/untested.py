"""Claims of the four papers that no run here can answer, each with the reason.

Figures are second-hand, as in the systems' `claims`. A claim that can be tested at some scales only
is a `Claim` of its system; `NOT_AT` says why it is left out at the others.
"""

from __future__ import annotations

from dataclasses import dataclass

from lib.scales import SCALES


@dataclass(frozen=True, kw_only=True)
class UntestedClaim:
    """A statement of a paper without a prediction and a measurement."""

    id: str  # such as GMU-U1
    paper: str  # arXiv number
    statement: str
    published: str  # the paper's own figure, in words
    reason: str
    scales: tuple[str, ...]  # at which it cannot be tested


MADE_HERE = ("smoke", "tiny", "lab")  # scales whose models and speech are made here
ABSOLUTE = (
    "an absolute score on real recordings: models and speech of this scale are made here, so its "
    "level says nothing about the paper's"
)
NO_ENCODER = (
    "the paper's speech encoder is not public; a public one stands in for it, so a score here is "
    "of another system"
)
NO_TABLE = "the paper's tables could not be read, so there is no figure to hold a score against"
NO_RATE = "there is no rate to hold a number against"
ONE_GPU = "neither GPU, precision nor lengths are stated"

# paper -> id, statement, published figure, reason, scales
_UNTESTED = {
    "2505.21781": (
        (
            *("GMU-U1", "Bemba to English: direct, ASR initialisation, multi-task training (BLEU)"),
            "30.74, 32.39 and 30.28; the tables of the other eight pairs are not known here",
            *(ABSOLUTE, MADE_HERE),
        ),
        (
            *("GMU-U2", "In Bemba, speech is translated better than true transcripts (BLEU)"),
            "by about 2",
            "the phrasebook's sentences follow few patterns, so that text is translated nearly "
            "without error; notebooks 11 and 12 show both scores",
            MADE_HERE,
        ),
        (
            *("GMU-U3", "Fine-tuned recognition of Tunisian Arabic: WER (percent)"),
            *("about 41", ABSOLUTE, MADE_HERE),
        ),
        (
            *("GMU-U4", "Hours of one A100 for a training", "15 to 24, by its logs"),
            *("it is about one model of GPU, which no run here had", SCALES),
        ),
    ),
    "2506.17019": (
        (
            *("IT-U1", "COMET of translations, BERTScore of answers, WER on the task's test sets"),
            *("not known here", NO_TABLE, SCALES),
        ),
        (
            *("IT-U2", "Segments of Common Voice that pseudo-labelling keeps (percent)"),
            "58 to 62 of several MT models, 62.5 of one",
            "neither the MT models nor the version of the quality estimator are named; IT-2 tests "
            "the difference",
            SCALES,
        ),
        (
            *("IT-U3", "The model generates repetitively", "said so; no rate"),
            *(f"{NO_RATE}; notebook 61 counts outputs that loop", SCALES),
        ),
        (
            *("IT-U4", "Qwen2.5 of 0.5 B and of 1.5 B parameters and Phi-4-mini, side by side"),
            *("not known here", NO_TABLE, SCALES),
        ),
        (
            *("IT-U5", "Questions are answered about audio of up to 120 seconds"),
            "the limit is stated; the released configuration has 90 and 45 seconds",
            *("clips of the phrasebook last seconds", MADE_HERE),
        ),
    ),
    "2409.19510": (
        (
            *("SRT-U1", "FLEURS, 6 sources and 12 targets: above SeamlessM4T-v2 (BLEU)"),
            *("20.6 (3B) against 20.2", ABSOLUTE, MADE_HERE),
        ),
        (
            *("SRT-U2", "FLEURS, 210 directions: above SeamlessM4T-v2 (BLEU)"),
            "21.4 against 18.8; the released sheet has 21.2 with 3B",
            *(ABSOLUTE, MADE_HERE),
        ),
        (
            *("SRT-U3", "CoVoST 2 from English: above Qwen2-Audio (BLEU)"),
            *("39.1 (7B) against 37.9", ABSOLUTE, MADE_HERE),
        ),
        (
            *("SRT-U4", "A larger language model translates better (BLEU)"),
            "20.6 (3B), 21.4 (7B, perhaps of other directions), 24.6 (32B)",
            "language models of this scale are trained here on the phrasebook, so a larger one has "
            "not read more",
            MADE_HERE,
        ),
        (
            *("SRT-U5", "Seconds for 1,000 utterances, in batches of 64 against batches of 4"),
            "19 against 59 of Qwen2-Audio",
            *(f"{ONE_GPU}; SRT-3 tests the ratio at equal batch and output", SCALES),
        ),
        (
            *("SRT-U6", "With true transcripts the second stage translates far better (BLEU)"),
            "English to Chinese 55.6, against 47.1 from speech",
            *(f"{ABSOLUTE}; notebook 30 shows the scores of both tasks", MADE_HERE),
        ),
    ),
    "2412.18566": (
        (
            *("ZR-U1", "CoVoST 2, languages without paired data: translation (BLEU)"),
            "above 23 for two of them; which two is contradictory",
            *(NO_ENCODER, SCALES),
        ),
        (
            *("ZR-U2", "Recognition of languages without paired data: WER (percent)"),
            *("28.2 at best", NO_ENCODER, SCALES),
        ),
        ("ZR-U3", "mT0-XXL against mT0-XL", "not known here", NO_TABLE, SCALES),
        (
            *("ZR-U4", "Output in a wrong language is a main error", "said so; no rate is known"),
            *(f"{NO_RATE}; notebooks 40 and 61 show the language of the outputs", SCALES),
        ),
    ),
}
UNTESTED = tuple(
    UntestedClaim(
        id=id, paper=paper, statement=statement, published=published, reason=reason, scales=scales
    )
    for paper, rows in _UNTESTED.items()
    for id, statement, published, reason, scales in rows
)

_READ_MORE = "a published language model cannot be made to have read less"
NOT_AT = {  # claim -> scale -> why it cannot be tested there
    "ZR-5": {"full": _READ_MORE},
    "ZR-5-ST": {"full": _READ_MORE},
}
