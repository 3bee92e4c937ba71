"""The Conformer of zero-resource translation: w2v-BERT 2.0 at `full`, below that trained here.

The paper's encoder learnt by BEST-RQ from audio and is private. The one trained here hears the
audio of every language, those without paired data included. Minutes on two cores teach it little
that way, so it then learns the characters of transcripts by CTC, of the paired languages alone:
that is a departure, and `ctc=None` is the encoder without it. Without either it is random.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.data.collate import Collator
from lib.models.w2v_bert import W2vBert, W2vBertSize, build_w2v_bert, load_w2v_bert
from lib.progress import Progress
from lib.scales import scaled
from lib.systems.backbones import (
    MAX_SECONDS,
    BackboneRecipe,
    TrainingJob,
    train_backbone,
    train_ctc,
)
from lib.systems.zero_resource.languages import LANGUAGES
from lib.tasks import ASR, examples
from lib.training.best_rq import BestRqObjective
from lib.training.finished import FitResult
from lib.training.fit import fit
from lib.training.stages import Stage
from lib.utterance import Corpus

PUBLISHED_LAYERS = 24  # of w2v-BERT 2.0


@dataclass(frozen=True, kw_only=True)
class Masking:
    """What BEST-RQ hides and predicts."""

    codes: int = 8192
    code_width: int = 16
    mask_start: float = 0.04  # published: 0.01 for each frame of 10 ms
    mask_frames: int = 10  # published: 400 ms


@dataclass(frozen=True, kw_only=True)
class BestRqBackbone(BackboneRecipe):
    """How an encoder comes about."""

    kind = "best_rq"
    version = 1

    hub: str | None = scaled("name on the hub; None: trained here")
    size: W2vBertSize | None = scaled("of the model trained here")
    phrasebook: Phrasebook | None = scaled("its speech; the transcripts are for CTC alone")
    masking: Masking | None = scaled("what BEST-RQ hides and predicts")
    best_rq: Stage | None = scaled("BEST-RQ on the audio of all languages; None: left out")
    ctc: Stage | None = scaled("CTC on transcripts of the paired languages; None: left out")
    unpaired: tuple[str, ...] = ()  # languages of which no transcript is used
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        return self.phrasebook.spoken if self.phrasebook else LANGUAGES

    @property
    def paired(self) -> tuple[str, ...]:
        """The languages whose transcripts it was trained on."""
        return tuple(c for c in self.seen if c not in self.unpaired) if self.ctc else ()

    @property
    def layers(self) -> int:
        """Layers of the encoder."""
        return self.size.layers if self.size else PUBLISHED_LAYERS

    def identity(self) -> Any:
        # of audio alone, all languages are learnt alike
        return asdict(self if self.ctc else replace(self, unpaired=()))

    def corpus(self, cache: Path, progress: Progress) -> Corpus | None:
        trained = self.best_rq or self.ctc
        return synthesize(self.phrasebook, cache, progress) if trained else None

    def load(self, path: str, text: bool) -> W2vBert:
        return load_w2v_bert(path)

    def train(self, job: TrainingJob) -> tuple[W2vBert, list[FitResult]]:
        model, results = build_w2v_bert(self.size, self.seed), []
        if not self.ctc:
            return self._masked_prediction(job) if self.best_rq else (model, results)
        if self.best_rq:  # shared by every choice of paired languages
            cache = job.folder.parent
            hooks = {"callback": job.callback, "progress": job.progress, "device": job.device}
            begun = train_backbone(replace(self, ctc=None), cache, **hooks)
            model, results = begun.load(), begun.stages
        heard = [u for u in job.corpus.utterances if u.language in self.paired]
        paired = replace(job, corpus=replace(job.corpus, utterances=heard))
        return model, [*results, train_ctc(model, self.ctc, self.seed, paired)[1]]

    def _masked_prediction(self, job: TrainingJob) -> tuple[W2vBert, list[FitResult]]:
        model = build_w2v_bert(self.size, self.seed)
        objective = BestRqObjective(model, **asdict(self.masking), seed=self.seed)
        # audio alone: a text that is not there cannot be learnt
        given = [replace(e, target_text="") for e in examples(job.corpus.split("train"), ASR)]
        result = fit(
            objective,
            self.best_rq,
            given,
            Collator(objective, model.feature_extractor(MAX_SECONDS)),
            job.folder / self.best_rq.name,
            seed=self.seed,
            callback=job.callback,
            device=job.device,
        )
        return model, [result]


def _phrasebook(train: int, **options: Any) -> Phrasebook:
    return Phrasebook(spoken=LANGUAGES, written=(), train=train, dev=10, test=10, **options)


def _smoke() -> BestRqBackbone:
    """Random weights but for a few updates: every line of code runs, nothing is learnt."""
    few: dict[str, Any] = {"updates": 3, "learning_rate": 1e-3, "warmup_updates": 1}
    few |= {"schedule": "cosine", "batch_seconds": 20.0}
    return BestRqBackbone(
        hub=None,
        size=W2vBertSize(hidden=32, heads=2, layers=2, feed_forward=64, stack=4),
        phrasebook=_phrasebook(6, breadth=TINY_BREADTH),
        masking=Masking(codes=64),
        best_rq=Stage(name="best_rq", **few),
        ctc=Stage(name="ctc", **few),
    )


def _tiny() -> BestRqBackbone:
    """1.5 M parameters, 3.5 h of speech in ten languages; 108 s of BEST-RQ and 256 s of CTC."""
    common: dict[str, Any] = {"schedule": "cosine", "clip_norm": 1.0, "batch_seconds": 32.0}
    return BestRqBackbone(
        hub=None,
        size=W2vBertSize(hidden=144, heads=4, layers=4, feed_forward=384, stack=4),
        phrasebook=_phrasebook(600, breadth=TINY_BREADTH),
        masking=Masking(codes=256),
        best_rq=Stage(name="best_rq", updates=800, learning_rate=1e-3, warmup_updates=80, **common),
        ctc=Stage(name="ctc", updates=1800, learning_rate=3e-3, warmup_updates=100, **common),
    )


def _lab() -> BestRqBackbone:
    """About 40 M parameters over all of CLDR; one GPU. Not run at this size."""
    common: dict[str, Any] = {"schedule": "cosine", "clip_norm": 1.0, "warmup_updates": 1000}
    common |= {"batch_seconds": 480.0, "batch_max_items": 256}
    return BestRqBackbone(
        hub=None,
        size=W2vBertSize(hidden=384, heads=6, layers=12, feed_forward=1536, stack=4, kernel=31),
        phrasebook=_phrasebook(8000, breadth=ALL_OF_CLDR),
        masking=Masking(),
        best_rq=Stage(name="best_rq", updates=20_000, learning_rate=1e-3, **common),
        ctc=Stage(name="ctc", updates=8000, learning_rate=1e-3, **common),
    )


def _full() -> BestRqBackbone:
    """The public stand-in, MIT: 4.5 M hours of audio in 143 languages, a state every 20 ms."""
    return BestRqBackbone(
        hub="facebook/w2v-bert-2.0",
        size=None,
        phrasebook=None,
        masking=None,
        best_rq=None,
        ctc=None,
    )


PRESETS = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab(), "full": _full()}
