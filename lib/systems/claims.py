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
    # after prototypes on the Mboshi hour
    Claim(
        id="RECORDINGS-1",
        paper=THIS_WORKBOOK,
        about=SYSTEM,
        statement="Character error rate of a recogniser trained on the recordings alone (percent)",
        predicted_low=0,
        predicted_high=60,
        post_hoc=True,
    ),
    Claim(
        id="RECORDINGS-2",
        paper=THIS_WORKBOOK,
        about=SYSTEM,
        statement="A translator trained on the recordings' transcripts beats one constant sentence "
        "on true transcripts (chrF++)",
        predicted_low=0,
        predicted_high=100,
        measure=Gain(strategy="mt", over="constant", metric="chrF++", task="MT"),
        post_hoc=True,
    ),
    Claim(
        id="RECORDINGS-3",
        paper=THIS_WORKBOOK,
        about=SYSTEM,
        statement="Speech translation trained on the recordings alone beats the same outputs for "
        "shuffled audio (chrF++)",
        predicted_low=0,
        predicted_high=100,
        measure=Gain(strategy="cascade", over="shuffled_audio", metric="chrF++"),
        post_hoc=True,
    ),
    # in chrF++ after CER of one lean seed had been seen, which a few outputs that loop ruled
    Claim(
        id="COMP-1",
        paper=THIS_WORKBOOK,
        statement="Compression 8x instead of the finest ratio (2x, or 4x of an encoder with states "
        "of 40 ms), at equal updates: change of the transcripts (chrF++)",
        published="IT-IST uses 8x; no other ratio is reported",
        predicted_low=-2,
        predicted_high=100,
        post_hoc=True,
    ),
    Claim(
        id="COMP-2",
        paper=THIS_WORKBOOK,
        statement="Compression 16x instead of the finest ratio changes transcripts more at twice "
        "the speaking rate than at the clips' own (chrF++; negative: more is lost)",
        published="asked by IT-IST's paper as a next check",
        predicted_low=-100,
        predicted_high=0,
        post_hoc=True,
    ),
    Claim(
        id="COMP-3",
        paper=THIS_WORKBOOK,
        statement="A second voice, 10 dB below the first, costs as much at 8x as at the finest "
        "ratio (difference of chrF++)",
        published="asked by IT-IST's paper as a next check",
        predicted_low=-5,
        predicted_high=5,
        post_hoc=True,
    ),
    # asked after single trainings had been seen, of 900 sentences
    Claim(
        id="PAIR-1",
        paper=THIS_WORKBOOK,
        statement="One pair: the best of three speech language models against the best of GMU's "
        "two ways (BLEU)",
        published="whether they help at low resource is asked by GMU's paper",
        predicted_low=0,
        predicted_high=100,
        post_hoc=True,
    ),
    Claim(
        id="PAIR-2",
        paper=THIS_WORKBOOK,
        statement="One pair with a third of the training speech: the best of three speech language "
        "models against the best of GMU's two ways (BLEU)",
        published="whether they help at low resource is asked by GMU's paper",
        predicted_low=0,
        predicted_high=100,
    ),
    Claim(
        id="PAIR-3",
        paper=THIS_WORKBOOK,
        statement="What the mean of all systems loses on phrases wider than those it was trained "
        "on (BLEU)",
        predicted_low=20,
        predicted_high=100,
        post_hoc=True,
    ),
    # the lean run of one seed had been seen
    Claim(
        id="INSTR-1",
        paper=THIS_WORKBOOK,
        statement="IT-IST: a model that was trained on one sentence for each task follows fewer "
        "requests in unseen words than in its own; how much more it loses than one that was "
        "trained on paraphrases (percentage points)",
        published="zero-resource translation's paper trains on paraphrases; no figure is known",
        predicted_low=0,
        predicted_high=100,
        post_hoc=True,
    ),
    Claim(
        id="INSTR-2",
        paper=THIS_WORKBOOK,
        statement="IT-IST: tags as new tokens cost at most 2 BLEU against a detailed instruction",
        published="LLM-SRT's paper says so of tags in plain text; no figure is known",
        predicted_low=-2,
        predicted_high=100,
        post_hoc=True,
    ),
    Claim(
        id="INSTR-3",
        paper=THIS_WORKBOOK,
        statement="IT-IST: requests that are followed with tags as new tokens, above those with no "
        "instruction (percentage points)",
        published="IT-IST's paper: its model often transcribes instead of translating",
        predicted_low=10,
        predicted_high=100,
        post_hoc=True,
    ),
    # its direction is of the papers; a single training, of two encoders, had been seen
    Claim(
        id="INIT-1",
        paper=THIS_WORKBOOK,
        statement="A frozen encoder that was taught to transcribe many languages translates a seen "
        "one better than a self-supervised encoder (BLEU)",
        published="GMU's paper: +3 to +5 BLEU by ASR initialisation, for languages that the "
        "encoder had not transcribed; within 1 for others",
        predicted_low=3,
        predicted_high=100,
        post_hoc=True,
    ),
    Claim(
        id="INIT-2",
        paper=THIS_WORKBOOK,
        statement="Tuning the whole of such an encoder gains more for a seen language than for "
        "unseen ones: the difference of both gains (BLEU)",
        published="the paper of zero-resource translation: LoRA improves seen languages and "
        "slightly worsens held-out ones; no figure is known",
        predicted_low=0,
        predicted_high=100,
        post_hoc=True,
    ),
    Claim(
        id="INIT-3",
        paper=THIS_WORKBOOK,
        statement="A frozen encoder that was taught to transcribe other languages translates a "
        "seen one better than a self-supervised encoder (BLEU)",
        predicted_low=0,
        predicted_high=100,
    ),
    Claim(
        id="INIT-4",
        paper=THIS_WORKBOOK,
        statement="Unseen languages: an encoder whose top layers were tuned translates better than "
        "one that was tuned as a whole (BLEU)",
        predicted_low=0,
        predicted_high=100,
    ),
    Claim(
        id="INIT-5",
        paper=THIS_WORKBOOK,
        statement="With a tenth of the speech, encoders keep their order: the smallest step "
        "between neighbours, in the order that they have with all of it (BLEU)",
        predicted_low=0,
        predicted_high=100,
    ),
)
CLAIMS = {claim.id: claim for claim in _CLAIMS}
