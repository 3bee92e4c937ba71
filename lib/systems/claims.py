"""The workbook's own claims, about no system in particular."""

from __future__ import annotations

from lib.scoring.claims import BEST_BASELINE, DATA, SYSTEM, Claim, Gain

THIS_WORKBOOK = "this workbook"

_CLAIMS = (
    Claim(
        id="TOUR-1",
        paper=THIS_WORKBOOK,
        statement="A translator trained for minutes beats every input-independent baseline (BLEU)",
        about=SYSTEM,
        predicted_low=5,
        predicted_high=100,
        measure=Gain(strategy="tour", over=BEST_BASELINE),
    ),
    Claim(
        id="BACKBONE-1",
        paper=THIS_WORKBOOK,
        about=SYSTEM,
        statement="Speech translation of the backbone before fine-tuning beats the same outputs "
        "for shuffled audio (BLEU)",
        predicted_low=5,
        predicted_high=100,
    ),
    Claim(
        id="DATA-1",
        paper=THIS_WORKBOOK,
        about=DATA,
        statement="Sentences of dev or test, in any language, that occur in training after "
        "curation (count)",
        predicted_low=0,
        predicted_high=0,
    ),
    Claim(
        id="DATA-2",
        paper=THIS_WORKBOOK,
        about=DATA,
        statement="Share of the listed utterances that curation drops (percent)",
        predicted_low=0,
        predicted_high=10,
    ),
    Claim(
        id="ERRORS-1",
        paper=THIS_WORKBOOK,
        about=SYSTEM,
        statement="Outputs of a fine-tuned system that loop, without penalties in the search "
        "(percent)",
        predicted_low=0,
        predicted_high=2,
    ),
    Claim(
        id="OBEY-1",
        paper=THIS_WORKBOOK,
        about=SYSTEM,
        statement="Requests to IT-IST's model that it follows: it transcribes, translates or "
        "answers as asked, well or badly (percent)",
        predicted_low=90,
        predicted_high=100,
        published="often transcribes instead of translating, and answers with a question",
    ),
    Claim(
        id="LISTEN-1",
        paper=THIS_WORKBOOK,
        about=SYSTEM,
        statement="Change of a translation when another clip is heard in place of the right one "
        "(percent of the characters)",
        predicted_low=60,
        predicted_high=100,
    ),
)
CLAIMS = {claim.id: claim for claim in _CLAIMS}
