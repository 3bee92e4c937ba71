"""The Whisper backbone: the hub's at `full`, below that trained here on transcripts.

Trained in two stages: *ctc* (the encoder learns to transcribe characters), *asr* (encoder and
decoder learn to transcribe). The published one learnt 5 M hours of 30 s windows; the one trained
here hears clips of their own length, since minutes on two cores do not suffice for windows.
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import WhisperTokenizerFast

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.data.collate import Collator
from lib.locks import intact
from lib.models.whisper import (
    WhisperRecogniser,
    WhisperSize,
    build_whisper,
    load_whisper,
    train_whisper_tokenizer,
)
from lib.progress import Progress
from lib.scales import scaled
from lib.systems.backbones import (
    MAX_SECONDS,
    BackboneRecipe,
    TrainingJob,
    train_ctc,
    train_seq2seq,
)
from lib.systems.seamless_backbone import TOKENIZER_SENTENCES
from lib.tasks import ASR, examples
from lib.training.finished import FitResult
from lib.training.stages import Stage
from lib.utterance import Corpus

LANGUAGES = ("eng", "deu", "fra", "zho")  # of the paper's six sources; Russian is not here


@dataclass(frozen=True, kw_only=True)
class WhisperBackbone(BackboneRecipe):
    """How a Whisper comes about."""

    kind = "whisper"
    version = 1

    hub: str | None = scaled("name on the hub; None: trained here")
    size: WhisperSize | None = scaled("of the model trained here")
    phrasebook: Phrasebook | None = scaled("its speech")
    ctc: Stage | None = scaled("CTC on the characters of transcripts")
    asr: Stage | None = scaled("transcripts, written by the decoder")
    # the published one is used as it was trained: on 30 s windows
    pad_to_window: bool = scaled("clips are padded with silence to the window")
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        return self.phrasebook.spoken if self.phrasebook else LANGUAGES

    def identity(self) -> Any:
        return asdict(self)

    def corpus(self, cache: Path, progress: Progress) -> Corpus:
        return synthesize(self.phrasebook, cache, progress)

    def load(self, path: str, text: bool) -> WhisperRecogniser:
        return load_whisper(path, self.pad_to_window)

    def train(self, job: TrainingJob) -> tuple[WhisperRecogniser, list[FitResult]]:
        given = examples(job.corpus.split("train"), ASR)
        folder = job.folder / "tokenizer"
        if not intact(folder, say=True):
            sample = random.Random(self.seed).sample(given, min(TOKENIZER_SENTENCES, len(given)))
            texts = (e.target_text for e in sample)
            train_whisper_tokenizer(texts, self.seen, self.size.subwords, folder)
        tokenizer = WhisperTokenizerFast.from_pretrained(folder)
        model = build_whisper(self.size, tokenizer, self.seed, self.pad_to_window)
        results = [train_ctc(model, self.ctc, self.seed, job)[1]]
        collate = Collator(model, model.feature_extractor(MAX_SECONDS))
        result = train_seq2seq(model, self.asr, given, collate, self.seed, job)
        return model, [*results, result]


def _phrasebook(train: int, **options: Any) -> Phrasebook:
    return Phrasebook(spoken=LANGUAGES, written=(), train=train, dev=10, test=30, **options)


def _smoke() -> WhisperBackbone:
    """Random weights but for a few updates: every line of code runs, nothing is learnt."""
    few: dict[str, Any] = {"updates": 3, "learning_rate": 1e-3, "warmup_updates": 1}
    few |= {"schedule": "cosine", "batch_seconds": 20.0}
    return WhisperBackbone(
        hub=None,
        size=WhisperSize(
            hidden=32, heads=2, layers=1, decoder_layers=1, feed_forward=64, subwords=300
        ),
        phrasebook=_phrasebook(12, breadth=TINY_BREADTH),
        ctc=Stage(name="ctc", **few),
        asr=Stage(name="asr", **few),
        pad_to_window=False,
    )


def _tiny() -> WhisperBackbone:
    """2.1 M parameters, 3 h of speech in four languages; about 600 s of processor time.

    To expect: WER 51 to 53 % in English, 41 to 50 in German, 54 to 63 in French, CER 45 to 49 in
    Chinese (two seeds). The encoder alone is better: with a strided bridge the language model had
    31 % errors on the development set.
    """
    common: dict[str, Any] = {"schedule": "cosine", "clip_norm": 1.0}
    return WhisperBackbone(
        hub=None,
        size=WhisperSize(
            hidden=144, heads=4, layers=5, decoder_layers=2, feed_forward=448, subwords=450
        ),
        phrasebook=_phrasebook(1200, breadth=TINY_BREADTH),
        ctc=Stage(
            name="ctc",
            updates=2500,
            learning_rate=2e-3,
            warmup_updates=150,
            batch_seconds=24.0,
            **common,
        ),
        asr=Stage(
            name="asr",
            updates=1200,
            learning_rate=1.5e-3,
            warmup_updates=100,
            batch_seconds=24.0,
            **common,
        ),
        pad_to_window=False,
    )


def _lab() -> WhisperBackbone:
    """About 40 M parameters over all of CLDR; one GPU. Not run at this size."""
    common: dict[str, Any] = {"schedule": "cosine", "clip_norm": 1.0, "warmup_updates": 1000}
    common |= {"batch_seconds": 480.0, "batch_max_items": 256}
    return WhisperBackbone(
        hub=None,
        size=WhisperSize(
            hidden=384, heads=6, layers=12, decoder_layers=4, feed_forward=1536, subwords=8000
        ),
        phrasebook=_phrasebook(15_000, breadth=ALL_OF_CLDR),
        ctc=Stage(name="ctc", updates=12_000, learning_rate=1e-3, **common),
        asr=Stage(name="asr", updates=6000, learning_rate=5e-4, **common),
        pad_to_window=False,
    )


def _full() -> WhisperBackbone:
    """The published checkpoint, Apache-2.0. Loading is tested on a small one in its layout."""
    return WhisperBackbone(
        hub="openai/whisper-large-v3",
        size=None,
        phrasebook=None,
        ctc=None,
        asr=None,
        pad_to_window=True,
    )


PRESETS = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab(), "full": _full()}
