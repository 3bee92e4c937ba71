"""COMETKiwi, quality estimation without a reference: published, or trained here by COMET's code.

COMET's checkpoints are pickles, which may run code when they are loaded. Only the published ones
named here and those trained in the cache are loaded.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pickle
import random
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from huggingface_hub import snapshot_download

from lib.corpora.phrasebook import Phrasebook
from lib.files import content_hash, file_hash, read_json, write_json
from lib.models.hub import REVISIONS
from lib.progress import Progress, no_progress
from lib.systems.backbones import to_train
from lib.systems.it_ist.pseudo_labels.defects import Pair, draw_damaged
from lib.systems.it_ist.pseudo_labels.kiwi_encoder import (
    EncoderSize,
    length_batches,
    pretrain_encoder,
)

VERSION = 1  # increment when the same recipe gives other weights
# The licence of the metric, not of the labels that it scores: it writes none of their text.
HUB = {"Unbabel/wmt22-cometkiwi-da": "CC-BY-NC-SA-4.0"}
BATCH = 64  # pairs


class UnknownCheckpoint(ValueError):
    """A pickled checkpoint that neither `HUB` names nor this cache made."""


@dataclass(frozen=True, kw_only=True)
class KiwiRecipe:
    """How a small COMETKiwi is trained."""

    encoder: EncoderSize
    sentences: int  # of the phrasebook, in each target language
    copies: int  # of each pair, with different defects
    updates: tuple[int, ...]  # of training, one number for each learning rate
    learning_rates: tuple[float, ...]
    seed: int = 1


@dataclass(frozen=True)
class Kiwi:
    """A loaded COMETKiwi."""

    model: Any  # a `comet.models.CometModel`
    name: str
    licence: str  # of the metric

    def score(self, pairs: Sequence[Pair], device: str = "cpu") -> list[float]:
        """The quality of each translation; higher is better, about 1 for a perfect one."""
        samples = [{"src": pair.source, "mt": pair.text} for pair in pairs]
        with _quiet(), torch.random.fork_rng(devices=[]):  # its data loader draws a seed
            return self.model.predict(
                samples,
                batch_size=BATCH,
                gpus=int(str(device).startswith("cuda")),
                num_workers=0,
                progress_bar=False,
            )["scores"]


def download_kiwi(name: str) -> Kiwi:
    """A published COMETKiwi, at its pinned commit. Not run at full size.

    Raises:
        UnknownCheckpoint: `HUB` does not name it.
    """
    if name not in HUB:
        raise UnknownCheckpoint(
            f"{name} is not one of {', '.join(HUB)}; COMET's checkpoints are pickles, which may "
            "run code, so add it to HUB in lib/systems/it_ist/pseudo_labels/kiwi.py if you trust it"
        )
    from comet import load_from_checkpoint

    folder = Path(snapshot_download(name, revision=REVISIONS[name]))
    with _quiet():
        return Kiwi(load_from_checkpoint(folder / "checkpoints" / "model.ckpt"), name, HUB[name])


def get_kiwi(
    recipe: KiwiRecipe,
    book: Phrasebook,
    targets: Sequence[str],
    held_out: frozenset[str],
    cache: Path,
    progress: Progress = no_progress,
) -> Kiwi:
    """The small COMETKiwi of a recipe, from the cache or trained now on damaged translations.

    Args:
        held_out: transcripts that it must not see, because their translations are scored later.
    """
    facts = [VERSION, asdict(recipe), book.hash, list(targets), sorted(held_out)]
    folder = Path(cache) / f"cometkiwi-{content_hash(facts)}"
    with to_train([folder / "done.json"], folder, progress) as missing:
        if missing:
            pairs = correct_pairs(book, "train", recipe.sentences, targets)
            pairs = [pair for pair in pairs if pair.source not in held_out]
            pretrain_encoder(pairs, recipe.encoder, recipe.seed, folder / "encoder", progress)
            _train(recipe, pairs, folder, progress)
            checkpoint = folder / "checkpoints" / "model.ckpt"
            write_json(folder / "done.json", {"checkpoint": file_hash(checkpoint)}, sealed=True)
    return load_trained(folder)


def load_trained(folder: Path) -> Kiwi:
    """Load a COMETKiwi of the cache by COMET's own loader.

    Raises:
        UnknownCheckpoint: the checkpoint is not the one that was trained, or holds more than
            tensors and plain values.
    """
    from comet import load_from_checkpoint

    path = folder / "checkpoints" / "model.ckpt"
    if read_json(folder / "done.json")["checkpoint"] != file_hash(path):
        raise UnknownCheckpoint(f"{path} is not what was trained here; delete {folder}")
    try:  # COMET's loader unpickles anything; this one refuses all but tensors and plain values
        torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError) as error:
        raise UnknownCheckpoint(f"{path} holds more than tensors; delete {folder}") from error
    # the checkpoint names its encoder relatively, and its model is drawn before it is loaded
    with _quiet(), contextlib.chdir(folder), torch.random.fork_rng(devices=[]):
        return Kiwi(load_from_checkpoint("./checkpoints/model.ckpt"), folder.name, "Unicode-3.0")


def correct_pairs(
    book: Phrasebook, split: str, sentences: int, targets: Sequence[str]
) -> list[Pair]:
    """The phrasebook's sentences with their translations; its first language is the source."""
    pairs = []
    for content in book.contents(split, sentences):
        texts = book.texts(content)
        source = texts[book.codes[0]]
        pairs += [Pair(source=source, text=texts[t], target=t, content=content) for t in targets]
    return pairs


def _train(
    recipe: KiwiRecipe, pairs: Sequence[Pair], folder: Path, progress: Progress
) -> None:
    """Train with COMET's `UnifiedMetric` and Lightning's trainer, as comet-train does.

    Its data loader forks two workers; here the same reader and collation run in this process.
    """
    with _quiet():
        from comet.models import UnifiedMetric
        from pytorch_lightning import Trainer
        from pytorch_lightning.callbacks import LambdaCallback
        from pytorch_lightning.core.saving import save_hparams_to_yaml
        from torch.utils.data import DataLoader

    done, updates = itertools.count(1), sum(recipe.updates)
    told = LambdaCallback(
        on_train_batch_end=lambda *_: progress("training COMETKiwi", next(done), updates)
    )
    rng = random.Random(recipe.seed)
    drawn = [pair for _ in range(recipe.copies) for pair in draw_damaged(pairs, rng)]
    rows = [{"src": pair.source, "mt": pair.text, "score": pair.score} for pair in drawn]
    pd.DataFrame(rows).to_csv(folder / "train.csv", index=False)
    with contextlib.chdir(folder), torch.random.fork_rng(devices=[]), _quiet():
        torch.manual_seed(recipe.seed)
        model = UnifiedMetric(**_options(recipe))
        data = model.read_training_data("train.csv")
        lengths = [len(row["src"]) + len(row["mt"]) for row in data]
        batches = length_batches(lengths, rng)
        for updates, rate in zip(recipe.updates, recipe.learning_rates, strict=True):
            model.hparams.encoder_learning_rate = model.hparams.learning_rate = rate
            drawn_batches = [next(batches) for _ in range(updates)]
            loader = DataLoader(data, batch_sampler=drawn_batches, collate_fn=model.prepare_sample)
            trainer = Trainer(
                max_epochs=1,
                accelerator="cpu",
                devices=1,
                logger=False,
                enable_checkpointing=False,
                enable_progress_bar=False,
                enable_model_summary=False,
                callbacks=[told],
                limit_val_batches=0,
                gradient_clip_val=1.0,
            )
            trainer.fit(model.train(), train_dataloaders=loader)
        Path("checkpoints").mkdir(exist_ok=True)
        trainer.save_checkpoint("checkpoints/model.ckpt", weights_only=True)
        save_hparams_to_yaml("hparams.yaml", model.hparams)


def _options(recipe: KiwiRecipe) -> dict[str, Any]:
    """As wmt22-cometkiwi-da, except where a small model trained from the start needs otherwise."""
    return {
        "encoder_model": "XLM-RoBERTa",
        "pretrained_model": "./encoder",
        "input_segments": ["mt", "src"],
        "sent_layer": recipe.encoder.layers,  # the last; published: a mix of all
        "layerwise_decay": 1.0,  # published: 0.95
        "layer_transformation": "softmax",
        "layer_norm": False,
        "loss": "mse",
        "activations": "Tanh",
        "train_data": ["train.csv"],
        # COMET counts warm-up in epochs, since Lightning steps its scheduler after each: the first
        # epoch would have learning rate 0
        "warmup_steps": 0,
        # published: 3072 and 1024, dropout 0.1, 0.3 of an epoch and the embeddings frozen
        "hidden_sizes": [recipe.encoder.hidden],
        "dropout": 0.0,
        "nr_frozen_epochs": 0,
        "keep_embeddings_frozen": False,
        "word_level_training": False,  # its loss calls .cuda()
    }


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Silence the hints of Lightning and COMET; errors are raised as ever."""
    names = ("pytorch_lightning", "pytorch_lightning.utilities.rank_zero", "lightning", "comet")
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)
