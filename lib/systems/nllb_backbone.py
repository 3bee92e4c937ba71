"""The NLLB that GMU fine-tunes beside Seamless: the hub's at `full`, trained here on the phrasebook's texts below that.

NLLB-200 reads more languages than Seamless hears, so the one trained here has read Quechua and Maltese as well.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from transformers import NllbTokenizer

from lib.corpora.phrasebook import ALL_OF_CLDR, Breadth, Phrasebook
from lib.corpora.synthesis import Progress, no_progress
from lib.data.collate import Collator
from lib.files import content_hash, write_json
from lib.models.nllb import NllbSize, build_nllb, nllb_languages, train_nllb_tokenizer
from lib.scales import preset, scaled
from lib.systems.backbones import TINY_BREADTH, TrainedBackbone, TrainingCallback, trained_once
from lib.tasks import Example, text_examples
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage

VERSION = 1  # raise it when the same recipe would give another backbone


@dataclass(frozen=True)
class NllbBackbone:
    """How an NLLB backbone comes about."""

    hub: str | None = scaled("its name on the hub; None: it is trained here")
    size: NllbSize | None = scaled("sizes of the one trained here")
    phrasebooks: tuple[Phrasebook, ...] = scaled("what it reads; nothing of it is spoken")
    sentences: int = scaled("contents of each phrasebook, each read in four directions")
    read: Stage | None = scaled("translating and copying text")
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        """The languages it was trained on (all of the table's that NLLB-200 has, where it comes from the hub)."""
        codes = (code for book in self.phrasebooks for code in book.codes)
        return tuple(dict.fromkeys(codes)) or tuple(nllb_languages())


def _books(breadth: Breadth, codes: tuple[str, ...], *narrow: str) -> tuple[Phrasebook, ...]:
    """A phrasebook of `codes`, and one for each language of `narrow` beside them.

    CLDR has next to no units and currencies in Maltese, and a phrasebook holds only what all its languages have.
    """
    each = [codes, *(codes + (code,) for code in narrow)]
    return tuple(Phrasebook((), written, train=0, dev=0, test=0, breadth=breadth, seed=3) for written in each)


_TINY = _books(TINY_BREADTH, ("est", "eng", "spa", "fra", "que"), "mlt")

PRESETS = {
    # random weights but for a few updates: every line of code runs, nothing is learnt
    "smoke": NllbBackbone(
        hub=None,
        size=NllbSize(32, 2, 1, 1, 64, pieces=500),
        phrasebooks=_TINY,
        sentences=30,
        read=Stage("read", updates=3, learning_rate=1e-3, warmup=1, schedule="cosine", batch_seconds=4.0),
    ),
    # 1.77 M parameters, six languages, 182 s of processor time; greedily, on unseen contents, 91 BLEU est-eng, 93 que-spa
    # and 72 mlt-eng
    "tiny": NllbBackbone(
        hub=None,
        size=NllbSize(160, 4, 2, 3, 512, pieces=700),
        phrasebooks=_TINY,
        sentences=6_000,
        # small batches: 350 updates of twice the size take as long and came to 63 BLEU (est-eng), not 91
        read=Stage("read", 700, 2e-3, 100, "cosine", batch_seconds=16.0, batch_most=32, clip=1.0, label_smoothing=0.1),
    ),
    # about 28 M parameters, eleven languages over all of CLDR; one GPU. Not run at this size yet.
    "lab": NllbBackbone(
        hub=None,
        size=NllbSize(384, 6, 6, 6, 1536, pieces=8000),
        phrasebooks=_books(ALL_OF_CLDR, ("est", "eng", "deu", "spa", "fra", "zho", "hin"), "que", "gle", "mar", "mlt"),
        sentences=50_000,
        read=Stage("read", 12_000, 1e-3, 1000, "cosine", batch_seconds=160.0, batch_most=256, clip=1.0, label_smoothing=0.1),
    ),
    # the published checkpoint, CC-BY-NC-4.0; its loading code is tested on a small checkpoint in the same layout
    "full": NllbBackbone("facebook/nllb-200-distilled-1.3B", None, (), 0, None),
}


def nllb_backbone(
    scale: str,
    cache: Path,
    watch: TrainingCallback = lambda tick: None,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
) -> TrainedBackbone:
    """The NLLB of a scale: found in `cache` by the hash of its recipe and phrasebook, trained where it is not there."""
    recipe: NllbBackbone = preset(PRESETS, scale)
    if recipe.hub:
        return TrainedBackbone(recipe.hub, recipe.seen, [], None)
    read = [book.hash for book in recipe.phrasebooks]
    folder = Path(cache) / f"nllb-{content_hash([VERSION, asdict(replace(recipe, phrasebooks=())), read])}"
    stages = trained_once(folder, lambda: _train(recipe, folder, watch, progress, device), progress)
    return TrainedBackbone(str(folder / "model"), recipe.seen, stages, None)


def _train(recipe: NllbBackbone, folder: Path, watch: TrainingCallback, progress: Progress, device: torch.device | str) -> None:
    progress("writing the phrasebooks' sentences", 0, 1)
    sentences = [sentence for book in recipe.phrasebooks for sentence in book.sentences(recipe.sentences)]
    if not (folder / "tokenizer").exists():
        some = random.Random(recipe.seed).sample(sentences, min(4000, len(sentences)))
        texts = (text for sentence in some for text in sentence.values())
        train_nllb_tokenizer(texts, recipe.seen, recipe.size.pieces, folder / "tokenizer")
    model = build_nllb(recipe.size, NllbTokenizer.from_pretrained(folder / "tokenizer"), recipe.seen, recipe.seed)
    objective, given = Seq2SeqObjective(model, recipe.read.label_smoothing), reading(sentences, recipe.seed)
    collate, index = Collator(model), folder / recipe.read.name
    fitted = fit(objective, recipe.read, given, collate, index, seed=recipe.seed, watch=watch, device=device)
    write_json(folder / "stages.json", [asdict(fitted)])
    model.save(folder / "model")


def reading(sentences: Sequence[dict[str, str]], seed: int) -> list[Example]:
    """Each sentence in four directions, drawn from all that its languages allow; into itself is copying."""
    rng = random.Random(seed)
    return [
        example
        for sentence in sentences
        for example in text_examples([sentence], rng.sample([(s, t) for s in sentence for t in sentence], 4))
    ]
