"""GMU's recipe: how one pair is fine-tuned, at each scale."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Breadth
from lib.scales import scaled
from lib.training.stages import Stage


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How one pair is fine-tuned, whatever the strategy."""

    asr: Stage = scaled("speech to its transcript")
    mt: Stage = scaled("transcript to translation; the speech encoder is frozen")
    nllb: Stage = scaled("the same with NLLB-200")
    st: Stage = scaled("speech to translation")
    st_from_asr: Stage = scaled("the same from a speech encoder trained on ASR")
    multitask: Stage = scaled("three losses; the text encoder is frozen")
    train_contents: int = scaled("phrasebook contents to train on, without recordings")
    dev_contents: int = scaled("to select by")
    test_contents: int = scaled("to score")
    # development utterances decoded at each evaluation; None: all of them, as GMU
    selection_utterances: int | None = scaled("")
    breadth: Breadth | None = scaled("of the phrasebook")
    max_new_tokens: int = scaled("the paper's 256; smoke's models never end by themselves")
    # limit of `drop_long_audio`: the official code's 15 s; phrasebook clips are shorter
    official_max_seconds: float = scaled("")
    # limit of `cut_long_audio`: GMU's 30 s; phrasebook clips are shorter
    hf_max_seconds: float = scaled("")
    max_train_seconds: float = 30.0  # longer recordings are left out by curation, counted
    max_test_seconds: float = 45.0  # longer audio is decoded in segments
    overlap_seconds: float = 0.0  # of such segments; 0: they are cut at pauses
    max_source_tokens: int = 1024  # of a text at test; in training GMU's 128
    nllb_max_new_tokens: int = 128
    beams: int = 5
    length_penalty: float = 1.0
    # of selection, ASR included; the paper selects by loss, which may fall while outputs degrade
    selection_metric: str = "chrF++"
    corpus_seed: int = 2  # not the backbone's: other contents, other speech


# GMU: label smoothing 0.2, AdamW (0.9, 0.98), no weight decay, no clipping, inverse square root
COMMON: dict[str, Any] = {"schedule": "inverse_sqrt", "label_smoothing": 0.2, "patience": 10}
SPEECH_ENCODER, TEXT_ENCODER = ("speech_encoder",), ("text_encoder",)  # frozen parts


def _smoke() -> Recipe:
    """Every line of code runs, nothing is learnt. `run 10 --scale smoke`; 2 cores, seconds."""
    few = COMMON | {
        "updates": 2,
        "learning_rate": 1e-3,
        "warmup_updates": 1,
        "evaluate_every": 1,
        "batch_max_items": 8,
    }
    return Recipe(
        asr=Stage(name="asr", batch_seconds=20.0, **few),
        mt=Stage(name="mt", batch_seconds=8.0, frozen=SPEECH_ENCODER, **few),
        nllb=Stage(name="nllb", batch_seconds=8.0, **few),
        st=Stage(name="direct", batch_seconds=20.0, **few),
        st_from_asr=Stage(name="from_asr", batch_seconds=20.0, **few),
        multitask=Stage(name="multitask", batch_seconds=20.0, frozen=TEXT_ENCODER, **few),
        train_contents=8,
        dev_contents=4,
        test_contents=6,
        selection_utterances=4,
        breadth=TINY_BREADTH,
        max_new_tokens=16,
        official_max_seconds=3.0,
        hf_max_seconds=3.0,
    )


def _tiny() -> Recipe:
    """About a minute a training on one thread. `run 10`; est-eng direct, one seed: BLEU about 43.

    Longer training scores higher: 52 after 400 updates, 62 after 500 of 48 s.
    """
    some = COMMON | {
        "learning_rate": 1e-3,
        "warmup_updates": 50,
        "evaluate_every": 100,
        "batch_max_items": 32,
    }
    return Recipe(
        asr=Stage(name="asr", updates=300, batch_seconds=24.0, **some),
        mt=Stage(name="mt", updates=200, batch_seconds=16.0, frozen=SPEECH_ENCODER, **some),
        nllb=Stage(name="nllb", updates=200, batch_seconds=16.0, **some),
        st=Stage(name="direct", updates=300, batch_seconds=24.0, **some),
        st_from_asr=Stage(name="from_asr", updates=300, batch_seconds=24.0, **some),
        multitask=Stage(
            name="multitask", updates=300, batch_seconds=24.0, frozen=TEXT_ENCODER, **some
        ),
        train_contents=1000,
        dev_contents=60,
        test_contents=600,
        selection_utterances=60,
        breadth=TINY_BREADTH,
        max_new_tokens=256,
        official_max_seconds=4.0,
        hf_max_seconds=4.0,
    )


def _lab() -> Recipe:
    """One GPU, meant to take less than an hour a training. Not run at this size yet.

    `python -m lib.workbook run 10 --scale lab`.
    """
    some = COMMON | {"evaluate_every": 250}
    speech = some | {"updates": 6000, "warmup_updates": 500}
    text = some | {"updates": 3000, "warmup_updates": 500, "batch_max_items": 256}
    return Recipe(
        asr=Stage(
            name="asr", learning_rate=3e-4, batch_seconds=480.0, batch_max_items=128, **speech
        ),
        mt=Stage(name="mt", learning_rate=3e-4, batch_seconds=320.0, frozen=SPEECH_ENCODER, **text),
        nllb=Stage(name="nllb", learning_rate=3e-4, batch_seconds=320.0, **text),
        st=Stage(
            name="direct", learning_rate=3e-4, batch_seconds=480.0, batch_max_items=128, **speech
        ),
        st_from_asr=Stage(
            name="from_asr",
            learning_rate=1.5e-4,
            batch_seconds=480.0,
            batch_max_items=128,
            **speech,
        ),
        multitask=Stage(
            name="multitask",
            updates=6000,
            learning_rate=2e-4,
            warmup_updates=1000,
            batch_seconds=240.0,
            batch_max_items=64,
            accumulate=2,
            frozen=TEXT_ENCODER,
            **some,
        ),
        train_contents=20_000,
        dev_contents=300,
        test_contents=1000,
        selection_utterances=300,
        breadth=ALL_OF_CLDR,
        max_new_tokens=256,
        official_max_seconds=6.0,
        hf_max_seconds=6.0,
    )


def _full() -> Recipe:
    """GMU's own sizes, from its logs: 120 utterances an update as 30 batches of 4. Not run here.

    `python -m lib.workbook run 10 --scale full -p source=bem -p target=eng -p corpus=bigc
    -p folder=...`; one A100-80GB: ASR and ST 15 to 20 h each (51 to 69 GB), MT 1.5 h, multi-task
    over 24 h. To expect on BIG-C's public test by the profile gmu, from the authors' re-run: BLEU
    30.74 and chrF++ 53.29 direct, 32.39 and 54.27 asr_init, 30.28 and 53.28 multi-task; MT on true
    transcripts 29.35 and 52.82, NLLB 29.85 and 53.43; ASR: WER 31.79, CER 9.16.
    """
    some = COMMON | {"evaluate_every": 250, "precision": "tf32", "max_epochs": 10}
    speech = some | {
        "updates": 7000,
        "warmup_updates": 1000,
        "batch_seconds": 120.0,
        "batch_max_items": 4,
        "accumulate": 30,
    }
    text = some | {
        "updates": 3500,
        "learning_rate": 1e-4,
        "warmup_updates": 1000,
        "batch_seconds": 160.0,
        "batch_max_items": 32,
        "accumulate": 8,
    }
    return Recipe(
        asr=Stage(name="asr", learning_rate=1e-4, **speech),
        mt=Stage(name="mt", frozen=SPEECH_ENCODER, **text),
        nllb=Stage(name="nllb", **text),
        st=Stage(name="direct", learning_rate=1e-4, **speech),
        st_from_asr=Stage(name="from_asr", learning_rate=5e-5, **speech),
        multitask=Stage(
            name="multitask",
            updates=7000,
            learning_rate=6e-5,
            warmup_updates=2000,
            batch_seconds=60.0,
            batch_max_items=2,
            accumulate=60,
            frozen=TEXT_ENCODER,
            **some,
        ),
        train_contents=0,
        dev_contents=0,
        test_contents=0,
        selection_utterances=None,
        breadth=None,
        max_new_tokens=256,
        official_max_seconds=15.0,
        hf_max_seconds=30.0,
    )


RECIPES = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab(), "full": _full()}
