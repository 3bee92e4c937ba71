"""The NLLB backbone: the hub's at `full`, below that trained here on the phrasebook's texts.

NLLB-200 has text in more languages than Seamless has speech, so the one trained here also reads
Quechua and Maltese.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transformers import NllbTokenizer

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Breadth, Phrasebook
from lib.data.collate import Collator
from lib.locks import intact
from lib.models.nllb import (
    Nllb,
    NllbSize,
    build_nllb,
    load_nllb,
    nllb_languages,
    train_nllb_tokenizer,
)
from lib.progress import Progress
from lib.scales import scaled
from lib.systems.backbones import BackboneRecipe, TrainingJob, train_seq2seq
from lib.systems.seamless_backbone import TOKENIZER_SENTENCES
from lib.tasks import Example, text_examples
from lib.training.finished import FitResult
from lib.training.stages import Stage
from lib.utterance import Corpus

DIRECTIONS_PER_SENTENCE = 4


@dataclass(frozen=True, kw_only=True)
class NllbBackbone(BackboneRecipe):
    """How an NLLB backbone comes about."""

    kind = "nllb"
    version = 1

    hub: str | None = scaled("name on the hub; None: trained here")
    size: NllbSize | None = scaled("of the model trained here")
    phrasebooks: tuple[Phrasebook, ...] = scaled("its texts; nothing of them is spoken")
    sentences: int = scaled("contents of each phrasebook, each in four directions")
    text: Stage | None = scaled("translating and copying text")
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        """The languages it is trained on; from the hub, all of the table's that NLLB-200 has."""
        codes = (code for book in self.phrasebooks for code in book.codes)
        return tuple(dict.fromkeys(codes)) or tuple(nllb_languages())

    def identity(self) -> Any:
        books = [book.hash for book in self.phrasebooks]
        return [asdict(replace(self, phrasebooks=())), books]

    def corpus(self, cache: Path, progress: Progress) -> Corpus | None:
        return None

    def load(self, path: str, text: bool) -> Nllb:
        return load_nllb(path)

    def train(self, job: TrainingJob) -> tuple[Nllb, list[FitResult]]:
        job.progress("writing the phrasebooks' sentences", 0, 1)
        sentences = [s for book in self.phrasebooks for s in book.sentences(self.sentences)]
        folder = job.folder / "tokenizer"
        if not intact(folder, say=True):
            count = min(TOKENIZER_SENTENCES, len(sentences))
            sample = random.Random(self.seed).sample(sentences, count)
            texts = (text for sentence in sample for text in sentence.values())
            train_nllb_tokenizer(texts, self.seen, self.size.subwords, folder)
        tokenizer = NllbTokenizer.from_pretrained(folder)
        model = build_nllb(self.size, tokenizer, self.seen, self.seed)
        given = draw_directions(sentences, self.seed)
        result = train_seq2seq(model, self.text, given, Collator(model), self.seed, job)
        return model, [result]


def draw_directions(sentences: Sequence[dict[str, str]], seed: int) -> list[Example]:
    """Each sentence as MT in four directions drawn from its languages; into itself is copying."""
    rng = random.Random(seed)
    made = []
    for sentence in sentences:
        directions = [(source, target) for source in sentence for target in sentence]
        made += text_examples([sentence], rng.sample(directions, DIRECTIONS_PER_SENTENCE))
    return made


def _phrasebooks(
    breadth: Breadth, codes: tuple[str, ...], *separate: str
) -> tuple[Phrasebook, ...]:
    """A phrasebook of `codes`, and one more for each language of `separate` added to them.

    A phrasebook holds only what all its languages have, and CLDR has hardly any units and
    currencies in Maltese.
    """
    return tuple(
        Phrasebook(spoken=(), written=written, train=0, dev=0, test=0, breadth=breadth, seed=3)
        for written in [codes, *((*codes, code) for code in separate)]
    )


_TINY_BOOKS = _phrasebooks(TINY_BREADTH, ("est", "eng", "spa", "fra", "que"), "mlt", "gle", "swa")


def _smoke() -> NllbBackbone:
    """Random weights but for a few updates: every line of code runs, nothing is learnt."""
    return NllbBackbone(
        hub=None,
        size=NllbSize(
            hidden=32,
            heads=2,
            encoder_layers=1,
            decoder_layers=1,
            feed_forward=64,
            subwords=500,
        ),
        phrasebooks=_TINY_BOOKS,
        sentences=30,
        text=Stage(
            name="text",
            updates=3,
            learning_rate=1e-3,
            warmup_updates=1,
            schedule="cosine",
            batch_seconds=4.0,
        ),
    )


def _tiny() -> NllbBackbone:
    """1.77 M parameters, eight languages; trained by notebook 11, 182 s of processor time.

    To expect, greedily on unseen contents: BLEU 91 est-eng, 93 que-spa, 72 mlt-eng.
    """
    return NllbBackbone(
        hub=None,
        size=NllbSize(
            hidden=160,
            heads=4,
            encoder_layers=2,
            decoder_layers=3,
            feed_forward=512,
            subwords=700,
        ),
        phrasebooks=_TINY_BOOKS,
        sentences=6_000,
        # small batches: 350 updates of twice the size take as long and gave 63 BLEU (est-eng)
        text=Stage(
            name="text",
            updates=700,
            learning_rate=2e-3,
            warmup_updates=100,
            schedule="cosine",
            batch_seconds=16.0,
            batch_max_items=32,
            clip_norm=1.0,
            label_smoothing=0.1,
        ),
    )


def _lab() -> NllbBackbone:
    """About 28 M parameters, eleven languages over all of CLDR; one GPU. Not run at this size."""
    return NllbBackbone(
        hub=None,
        size=NllbSize(
            hidden=384,
            heads=6,
            encoder_layers=6,
            decoder_layers=6,
            feed_forward=1536,
            subwords=8000,
        ),
        phrasebooks=_phrasebooks(
            ALL_OF_CLDR,
            ("est", "eng", "deu", "spa", "fra", "zho", "hin"),
            "que",
            "gle",
            "mar",
            "mlt",
        ),
        sentences=50_000,
        text=Stage(
            name="text",
            updates=12_000,
            learning_rate=1e-3,
            warmup_updates=1000,
            schedule="cosine",
            batch_seconds=160.0,
            batch_max_items=256,
            clip_norm=1.0,
            label_smoothing=0.1,
        ),
    )


def _full() -> NllbBackbone:
    """The published checkpoint, CC-BY-NC-4.0. Loading is tested on a small one in its layout."""
    return NllbBackbone(
        hub="facebook/nllb-200-distilled-1.3B", size=None, phrasebooks=(), sentences=0, text=None
    )


PRESETS = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab(), "full": _full()}
