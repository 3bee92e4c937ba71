"""The Seamless backbone that fine-tuning starts from: the hub's at `full`, trained here on the phrasebook below that.

It is trained as the real one was, a part at a time: *hear* (CTC teaches the speech encoder to spell), *read* (the text
encoder and decoder learn to translate and to copy), *join* (ASR, MT and ST together).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from lib.corpora.phrasebook import ALL_OF_CLDR, Breadth, Phrasebook
from lib.corpora.synthesis import Progress, no_progress, synthesize
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.files import content_hash, lock, read_json, write_json
from lib.models.seamless import Seamless, SeamlessSize, build_seamless, load_seamless
from lib.models.tokenizer import seamless_languages, train_tokenizer
from lib.scales import preset, scaled
from lib.tasks import Example, Task, examples, text_examples
from lib.training.fit import FitResult, TrainingProgress, fit
from lib.training.objectives import CtcObjective, Seq2SeqObjective
from lib.training.stages import Stage
from lib.utterance import Corpus

PATIENCE = 14 * 24 * 3600.0  # seconds that a job on a cluster waits for another one's training
VERSION = 1  # raise it when the same recipe would give another backbone


@dataclass(frozen=True)
class Backbone:
    """How a Seamless backbone comes about."""

    hub: str | None = scaled("its name on the hub; None: it is trained here")
    size: SeamlessSize | None = scaled("sizes of the one trained here")
    phrasebook: Phrasebook | None = scaled("what it hears; its spoken languages are the *seen* ones")
    sentences: int = scaled("contents that its text side reads")
    hear: Stage | None = scaled("CTC on the characters of transcripts")
    read: Stage | None = scaled("translating and copying text")
    join: Stage | None = scaled("ASR, MT and ST together")
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        """The languages it was trained on (all that Seamless has a token for, where it comes from the hub)."""
        return self.phrasebook.spoken if self.phrasebook else tuple(seamless_languages())


_TINY_LANGUAGES = ("est", "eng", "spa", "fra")
TINY_BREADTH = Breadth(territories=16, languages=8, units=8, currencies=4, largest=12, items=(1, 3))

PRESETS = {
    # random weights but for a few updates: every line of code runs, nothing is learnt
    "smoke": Backbone(
        hub=None,
        size=SeamlessSize(32, 2, 1, 1, 1, 64, stack=4, adaptor_stride=4, pieces=500),
        phrasebook=Phrasebook(_TINY_LANGUAGES, ("que",), train=12, dev=4, test=4, breadth=TINY_BREADTH),
        sentences=60,
        hear=Stage("hear", updates=3, learning_rate=1e-3, warmup=1, schedule="cosine", batch_seconds=20.0),
        read=Stage("read", updates=3, learning_rate=1e-3, warmup=1, schedule="cosine", batch_seconds=4.0),
        join=Stage("join", updates=3, learning_rate=1e-3, warmup=1, schedule="cosine", batch_seconds=20.0),
    ),
    # about 2.7 M parameters, 2 h of speech in four languages, about 7 minutes on 2 cores
    "tiny": Backbone(
        hub=None,
        size=SeamlessSize(128, 4, 4, 2, 3, 320, stack=4, adaptor_stride=4, pieces=600),
        phrasebook=Phrasebook(_TINY_LANGUAGES, ("que",), train=800, dev=30, test=60, breadth=TINY_BREADTH),
        sentences=12_000,
        # no augmentation: with speeds 0.9 to 1.1 and SpecAugment the test CER after as many updates was 42 %, not 33 %;
        # the ears have not finished learning, and what makes that harder does not help them yet
        hear=Stage("hear", 600, 3e-3, 80, "cosine", batch_seconds=48.0, clip=1.0),
        read=Stage("read", 350, 2e-3, 100, "cosine", batch_seconds=32.0, batch_most=64, clip=1.0, label_smoothing=0.1),
        join=Stage("join", 1000, 1.5e-3, 60, "cosine", batch_seconds=48.0, clip=1.0, label_smoothing=0.1),
    ),
    # about 60 M parameters, 100 h in ten languages over all of CLDR; one GPU, under an hour. Not run at this size yet.
    "lab": Backbone(
        hub=None,
        size=SeamlessSize(384, 6, 12, 6, 6, 1536, stack=4, adaptor_stride=4, pieces=8000, kernel=31),
        phrasebook=Phrasebook(
            ("est", "gle", "mlt", "mar", "eng", "deu", "hin", "spa", "fra", "zho"), ("que",), 9000, 200, 400, ALL_OF_CLDR
        ),
        sentences=100_000,
        hear=Stage("hear", 12_000, 1e-3, 1000, "cosine", batch_seconds=480.0, batch_most=256, clip=1.0),
        read=Stage("read", 12_000, 1e-3, 1000, "cosine", batch_seconds=160.0, batch_most=256, clip=1.0, label_smoothing=0.1),
        join=Stage("join", 12_000, 7e-4, 1000, "cosine", batch_seconds=480.0, batch_most=256, clip=1.0, label_smoothing=0.1),
    ),
    # the published checkpoint, CC-BY-NC-4.0; its loading code is tested on a small checkpoint in the same layout
    "full": Backbone("facebook/seamless-m4t-v2-large", None, None, 0, None, None, None),
}


@dataclass
class TrainedBackbone:
    """A backbone on disk, and how it came about."""

    path: str  # a folder, or the hub's name
    seen: tuple[str, ...]
    stages: list[FitResult]
    corpus: Corpus | None

    @property
    def name(self) -> str:
        """The same on every machine: the hub's name, or that of its recipe's hash."""
        return Path(self.path).parent.name if self.stages else self.path


TrainingCallback = Callable[[TrainingProgress], None]


def trained_once(folder: Path, train: Callable[[], None], progress: Progress) -> list[FitResult]:
    """The stages of the backbone in `folder`, which one process trains while the others wait for it.

    Args:
        train: leaves `stages.json` in the folder, and `model` last: where that is, all is.
    """

    def waits(line: str) -> None:
        progress(line, 0, 1)

    with lock(folder.with_name(f".{folder.name}.lock"), f"backbone {folder.name}", PATIENCE, waits):
        if not (folder / "model").exists():
            train()
        return [FitResult(**row) for row in read_json(folder / "stages.json")]


def seamless_backbone(
    scale: str,
    cache: Path,
    watch: TrainingCallback = lambda tick: None,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
) -> TrainedBackbone:
    """The backbone of a scale: found in `cache` by the hash of its recipe and corpus, trained where it is not there."""
    recipe: Backbone = preset(PRESETS, scale)
    if recipe.hub:
        return TrainedBackbone(recipe.hub, recipe.seen, [], None)
    corpus = synthesize(recipe.phrasebook, cache, progress)
    folder = _folder(recipe, corpus, cache)
    stages = trained_once(folder, lambda: _train(recipe, corpus, folder, watch, progress, device), progress)
    return TrainedBackbone(str(folder / "model"), recipe.seen, stages, corpus)


def untrained(scale: str, cache: Path, progress: Progress = no_progress) -> tuple[Backbone, Seamless, Corpus, Path]:
    """The recipe of a scale with its random model, its corpus and the folder that its stages train in."""
    recipe: Backbone = preset(PRESETS, scale)
    corpus = synthesize(recipe.phrasebook, cache, progress)
    folder = _folder(recipe, corpus, cache)
    if not (folder / "tokenizer").exists():
        progress("writing the phrasebook's sentences", 0, 1)
        texts = (text for sentence in recipe.phrasebook.sentences(min(4000, recipe.sentences)) for text in sentence.values())
        train_tokenizer(texts, list(recipe.seen), recipe.size.pieces, folder / "tokenizer")
    from transformers import SeamlessM4TTokenizer

    tokenizer = SeamlessM4TTokenizer.from_pretrained(folder / "tokenizer")
    return recipe, build_seamless(recipe.size, tokenizer, list(recipe.seen), recipe.seed), corpus, folder


def hear(
    recipe: Backbone, model: Seamless, corpus: Corpus, folder: Path, watch: TrainingCallback, device: torch.device | str = "cpu"
) -> tuple[CtcObjective, FitResult]:
    """The first stage: the speech encoder learns to spell what it hears; returns the objective, which can read it out."""
    heard = examples(corpus.split("train"), Task.ASR)
    alphabet = "".join(sorted({letter for example in heard for letter in example.target_text.lower()}))
    objective = CtcObjective(model, alphabet)
    ears = Collator(model, FbankExtractor(model.stack))
    return objective, fit(objective, recipe.hear, heard, ears, folder / "hear", seed=recipe.seed, watch=watch, device=device)


def _train(recipe: Backbone, corpus: Corpus, folder: Path, watch: TrainingCallback, progress: Progress, device: torch.device | str) -> None:
    recipe, model, corpus, folder = untrained(_scale_of(recipe), folder.parent, progress)
    fitted = [hear(recipe, model, corpus, folder, watch, device)[1]]
    collate = Collator(model, FbankExtractor(model.stack))
    for stage, given in ((recipe.read, reading(recipe)), (recipe.join, joining(recipe, corpus))):
        objective = Seq2SeqObjective(model, stage.label_smoothing)
        fitted.append(fit(objective, stage, given, collate, folder / stage.name, seed=recipe.seed, watch=watch, device=device))
    write_json(folder / "stages.json", [asdict(stage) for stage in fitted])
    model.save(folder / "model")


def reading(recipe: Backbone) -> list[Example]:
    """What the text side reads: every seen language into every other, and into itself, which is copying."""
    pairs = [(source, target) for source in recipe.seen for target in recipe.seen]
    sentences = recipe.phrasebook.sentences(recipe.sentences)
    rng = random.Random(recipe.seed)
    return [rng.choice(text_examples([sentence], pairs)) for sentence in sentences for _ in range(4)]


def joining(recipe: Backbone, corpus: Corpus) -> list[Example]:
    """ASR in every seen language, ST into every other one, and a quarter as much reading."""
    spoken = [e for code in recipe.seen for e in examples(corpus.split("train", code), Task.ASR)]
    for source in recipe.seen:
        for target in recipe.seen:
            if source != target:
                spoken += examples(corpus.split("train", source), Task.ST, target)
    return spoken + reading(recipe)[: len(spoken) // 4]


def _folder(recipe: Backbone, corpus: Corpus, cache: Path) -> Path:
    facts = asdict(recipe) | {"phrasebook": recipe.phrasebook.facts}
    return Path(cache) / f"seamless-{content_hash([VERSION, facts, corpus.hash])}"


def _scale_of(recipe: Backbone) -> str:
    return next(scale for scale, entry in PRESETS.items() if entry == recipe)


def load_backbone(trained: TrainedBackbone, text: bool = False) -> Seamless:
    """The backbone's model, with the text side where it is wanted."""
    return load_seamless(trained.path, text=text)
