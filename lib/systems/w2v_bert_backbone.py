"""The w2v-BERT encoder: the hub's at `full`, below that trained here by CTC on transcripts.

The published one learnt from audio alone (4.5 M hours). Minutes on two cores do not suffice for
that, so the one trained here knows characters before it meets a language model, and alignment has
less to do than with the published one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.models.w2v_bert import W2vBert, W2vBertSize, build_w2v_bert, load_w2v_bert
from lib.progress import Progress
from lib.scales import scaled
from lib.systems.backbones import BackboneRecipe, TrainingJob, train_ctc
from lib.systems.qwen_backbone import LANGUAGES
from lib.training.finished import FitResult
from lib.training.stages import Stage
from lib.utterance import Corpus


@dataclass(frozen=True, kw_only=True)
class W2vBertBackbone(BackboneRecipe):
    """How a w2v-BERT encoder comes about."""

    kind = "w2v_bert"
    version = 1

    hub: str | None = scaled("name on the hub; None: trained here")
    size: W2vBertSize | None = scaled("of the model trained here")
    phrasebook: Phrasebook | None = scaled("its speech")
    ctc: Stage | None = scaled("CTC on the characters of transcripts")
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        return self.phrasebook.spoken if self.phrasebook else LANGUAGES

    def identity(self) -> Any:
        return asdict(self)

    def corpus(self, cache: Path, progress: Progress) -> Corpus:
        return synthesize(self.phrasebook, cache, progress)

    def load(self, path: str, text: bool) -> W2vBert:
        return load_w2v_bert(path)

    def train(self, job: TrainingJob) -> tuple[W2vBert, list[FitResult]]:
        model = build_w2v_bert(self.size, self.seed)
        return model, [train_ctc(model, self.ctc, self.seed, job)[1]]


def _phrasebook(train: int, **options: Any) -> Phrasebook:
    return Phrasebook(spoken=LANGUAGES, written=(), train=train, dev=10, test=30, **options)


def _smoke() -> W2vBertBackbone:
    """Random weights but for a few updates: every line of code runs, nothing is learnt."""
    return W2vBertBackbone(
        hub=None,
        size=W2vBertSize(hidden=32, heads=2, layers=1, feed_forward=64, stack=2),
        phrasebook=_phrasebook(12, breadth=TINY_BREADTH),
        ctc=Stage(
            name="ctc",
            updates=3,
            learning_rate=1e-3,
            warmup_updates=1,
            schedule="cosine",
            batch_seconds=20.0,
        ),
    )


def _tiny() -> W2vBertBackbone:
    """1.2 M parameters, 2.5 h of speech in three languages; 500 s of processor time.

    To expect of CTC alone, one seed: CER 14 % in English and German, 17 in Chinese. Batches of
    twice the size, for as long, had ten times the loss. At a rate of 3e-3 after 80 updates of
    warm-up, one batch could throw the weights back: rounding decided if the mean loss of updates
    800 to 1,000 was 0.8 or 2.4; it is 0.7 now.
    """
    return W2vBertBackbone(
        hub=None,
        size=W2vBertSize(hidden=128, heads=4, layers=4, feed_forward=320, stack=2),
        phrasebook=_phrasebook(1200, breadth=TINY_BREADTH),
        ctc=Stage(
            name="ctc",
            updates=2800,
            learning_rate=2e-3,
            warmup_updates=200,
            schedule="cosine",
            batch_seconds=24.0,
            clip_norm=1.0,
        ),
    )


def _lab() -> W2vBertBackbone:
    """About 40 M parameters over all of CLDR; one GPU. Not run at this size."""
    return W2vBertBackbone(
        hub=None,
        size=W2vBertSize(hidden=384, heads=6, layers=12, feed_forward=1536, stack=2, kernel=31),
        phrasebook=_phrasebook(15_000, breadth=ALL_OF_CLDR),
        ctc=Stage(
            name="ctc",
            updates=12_000,
            learning_rate=1e-3,
            warmup_updates=1000,
            schedule="cosine",
            batch_seconds=480.0,
            batch_max_items=256,
            clip_norm=1.0,
        ),
    )


def _full() -> W2vBertBackbone:
    """The published checkpoint, MIT. Loading is tested on a small one in its layout."""
    return W2vBertBackbone(hub="facebook/w2v-bert-2.0", size=None, phrasebook=None, ctc=None)


PRESETS = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab(), "full": _full()}
