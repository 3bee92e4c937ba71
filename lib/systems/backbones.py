"""Backbones: what fine-tuning starts from, found in the cache, trained, or taken from the hub.

A recipe says how one comes about. Below `full` it is trained here, once; other processes wait.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import nn

from lib.data.collate import Collator
from lib.files import as_written, content_hash, read_json, write_json
from lib.locks import lock, to_make
from lib.models.hub import pinned, resolved
from lib.models.protocol import TranslationModel
from lib.models.speech_encoder import SpeechEncoder, load_speech_encoder
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scales import preset, set_threads
from lib.tasks import ASR, Example, examples
from lib.training.ctc import CtcObjective, alphabet
from lib.training.finished import FitResult
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from lib.utterance import Corpus

MAX_SECONDS = 30.0  # of training audio
MAX_WAIT_SECONDS = 14 * 24 * 3600.0  # for another process's training, a cluster job's among them

# kind -> the module with its PRESETS; another kind of backbone is one more line
KINDS = {
    "seamless": "lib.systems.seamless_presets",
    "nllb": "lib.systems.nllb_backbone",
    "w2v_bert": "lib.systems.w2v_bert_backbone",
    "qwen": "lib.systems.qwen_backbone",
    "whisper": "lib.systems.whisper_backbone",
    "srt_qwen": "lib.systems.llm_srt.language_model",
    "best_rq": "lib.systems.best_rq_backbone",
    "mt5": "lib.systems.mt5_backbone",
}


class BackboneRecipe(ABC):
    """How a backbone comes about; subclasses are dataclasses with a `hub` field."""

    kind: ClassVar[str]
    version: ClassVar[int]  # raised when the same recipe would give other weights
    hub: str | None  # name on the hub; None: it is trained here
    seed: int

    @property
    @abstractmethod
    def seen(self) -> tuple[str, ...]:
        """The languages that it is trained on."""

    @abstractmethod
    def identity(self) -> Any:
        """Everything that decides its weights but the corpus, as JSON-able data."""

    @abstractmethod
    def corpus(self, cache: Path, progress: Progress) -> Corpus | None:
        """The speech that it is trained on; None: it takes text only."""

    @abstractmethod
    def train(self, job: TrainingJob) -> tuple[nn.Module, list[FitResult]]:
        """The trained model, and the results of its stages."""

    @abstractmethod
    def load(self, path: str, text: bool) -> nn.Module:
        """The model from a folder or the hub; `text`: with its text encoder."""

    def folder(self, corpus: Corpus | None, cache: Path) -> Path:
        """Where it lies in the cache: under the hash of all that decides its weights."""
        facts = [self.version, self.identity(), corpus.hash if corpus else ""]
        return Path(cache) / f"{self.kind}-{content_hash(facts)}"


@dataclass(kw_only=True)
class TrainingJob:
    """What a backbone's stages are trained with."""

    folder: Path
    corpus: Corpus | None
    callback: TrainingCallback = no_callback
    progress: Progress = no_progress
    device: torch.device | str = "cpu"


@dataclass(kw_only=True)
class TrainedBackbone:
    """A backbone on disk, and how it was trained."""

    recipe: BackboneRecipe
    path: str  # a folder, or the hub's name, with its commit where one is pinned
    stages: list[FitResult]
    corpus: Corpus | None

    @property
    def seen(self) -> tuple[str, ...]:
        """The languages that it was trained on."""
        return self.recipe.seen

    @property
    def name(self) -> str:
        """The same on every machine: the hub's name, or the folder's with the recipe's hash."""
        return self.path if self.recipe.hub else Path(self.path).parent.name

    def other(self, hub: str) -> TrainedBackbone:
        """Another published model of its kind.

        Raises:
            ValueError: this one was trained here.
        """
        if not self.recipe.hub:
            raise ValueError(f"{hub} is for scale full; smaller scales train their own models")
        return replace(self, recipe=replace(self.recipe, hub=hub), path=pinned(hub))

    def load(self, text: bool = False) -> nn.Module:
        """Its model; `text`: with its text encoder."""
        return self.recipe.load(self.path, text)

    def load_speech_encoder(self, pad_to_window: bool = True) -> SpeechEncoder:
        """Its speech encoder; see `lib.models.speech_encoder.load_speech_encoder`."""
        return load_speech_encoder(self.path, pad_to_window)


def backbone_recipe(kind: str, scale: str) -> BackboneRecipe:
    """The recipe of a kind of backbone at a scale."""
    presets: Mapping[str, BackboneRecipe] = import_module(KINDS[kind]).PRESETS
    return preset(presets, scale)


def get_backbone(
    kind: str,
    scale: str,
    cache: Path,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
    seed: int = 1,
    **changes: Any,
) -> TrainedBackbone:
    """The backbone of a scale, trained where it is not in the cache.

    Args:
        seed: of its training; a published backbone has one.
        changes: of its recipe, where it is trained here.
    """
    set_threads(scale)
    recipe = replace(backbone_recipe(kind, scale), seed=seed)
    if recipe.hub:
        return TrainedBackbone(recipe=recipe, path=pinned(recipe.hub), stages=[], corpus=None)
    hooks = {"callback": callback, "progress": progress, "device": device}
    return train_backbone(replace(recipe, **changes), cache, **hooks)


def train_backbone(
    recipe: BackboneRecipe,
    cache: Path,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
) -> TrainedBackbone:
    """The backbone of a recipe without a hub's name, trained where it is not in the cache."""
    corpus = recipe.corpus(cache, progress)
    folder = recipe.folder(corpus, cache)
    job = TrainingJob(
        folder=folder, corpus=corpus, callback=callback, progress=progress, device=device
    )
    with to_train([folder / "stages.json", folder / "model"], folder, progress) as missing:
        if missing:
            model, stages = recipe.train(job)
            write_json(folder / "stages.json", {"stages": [asdict(s) for s in stages]}, sealed=True)
            model.save(folder / "model")  # last: where it is, everything is
    found = read_json(folder / "stages.json")
    with as_written(folder / "stages.json"):
        rows = found["stages"] if isinstance(found, dict) else found  # of an older version
        stages = [FitResult(**row) for row in rows]
    return TrainedBackbone(
        recipe=recipe, path=str(folder / "model"), stages=stages, corpus=corpus
    )


def backbone_facts(backbones: Mapping[str, TrainedBackbone], cache: Path) -> dict[str, Any]:
    """Where a system's backbones lie, for its card: in the cache, which may move, or on the hub.

    Of the hub's, the commit is named: a system is loaded with the weights that it was trained on.
    """
    hub = all(backbone.recipe.hub for backbone in backbones.values())
    paths = {
        name: resolved(b.path) if hub else os.path.relpath(b.path, cache)
        for name, b in backbones.items()
    }
    return {"hub": hub, **paths}


def backbone_path(card: Mapping[str, Any], name: str, folder: Path) -> str:
    """The path of a backbone that `backbone_facts` wrote.

    Args:
        folder: of the system.
    """
    return card[name] if card["hub"] else str(folder.parent / card[name])


def train_ctc(
    model: nn.Module, stage: Stage, seed: int, job: TrainingJob
) -> tuple[CtcObjective, FitResult]:
    """Train a speech encoder on the characters of its corpus; the objective can transcribe.

    Args:
        model: has frame states (`lib.training.ctc.FrameModel`) and a feature extractor.
    """
    given = examples(job.corpus.split("train"), ASR)
    objective = CtcObjective(model, alphabet(given), seed)
    result = fit(
        objective,
        stage,
        given,
        Collator(objective, model.feature_extractor(MAX_SECONDS)),
        job.folder / stage.name,
        seed=seed,
        callback=job.callback,
        device=job.device,
    )
    return objective, result


def train_seq2seq(
    model: TranslationModel,
    stage: Stage,
    given: Sequence[Example],
    collate: Collator,
    seed: int,
    job: TrainingJob,
) -> FitResult:
    """Train a backbone to write the target texts of examples."""
    return fit(
        Seq2SeqObjective(model, stage.label_smoothing),
        stage,
        given,
        collate,
        job.folder / stage.name,
        seed=seed,
        callback=job.callback,
        device=job.device,
    )


def training_lock(folder: Path, progress: Progress) -> AbstractContextManager[None]:
    """Hold a training's folder alone; waiting is shown."""
    return lock(_lock_path(folder), folder.name, MAX_WAIT_SECONDS, partial(_show_wait, progress))


def to_train(
    made: Sequence[Path], folder: Path, progress: Progress
) -> AbstractContextManager[bool]:
    """Whether what a training makes lacks or is damaged; then its folder is held alone.

    Args:
        made: folders, or files of JSON.
    """
    show = partial(_show_wait, progress)
    return to_make(made, _lock_path(folder), folder.name, MAX_WAIT_SECONDS, show)


def _lock_path(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _show_wait(progress: Progress, line: str) -> None:
    progress(line, 0, 1)
