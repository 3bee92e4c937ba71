"""The five-minute tour of notebook 00: the shortest way from random weights to a translator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.data.collate import Collator
from lib.models.seamless import Seamless
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scales import preset, set_threads
from lib.scoring.outputs import OutputRow
from lib.systems.backbones import (
    MAX_SECONDS,
    TrainedBackbone,
    TrainingJob,
    backbone_recipe,
)
from lib.systems.corpora import pair_corpus
from lib.systems.experiment import Experiment
from lib.systems.gmu.system import Gmu
from lib.systems.outputs import TrainedSystem
from lib.systems.seamless_backbone import SeamlessBackbone
from lib.tasks import ASR, examples
from lib.training.ctc import CtcObjective
from lib.training.finished import FitResult
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.utterance import Corpus, Utterance

LANGUAGES = ("est", "eng", "spa", "fra", "que")
SOURCE, TARGET = "est", "eng"
# updates of the text stage and of fine-tuning; the CTC stage is the backbone's own
TRANSCRIBED = 4  # test clips
UPDATES = {"smoke": (2, 2), "tiny": (200, 300), "lab": (4000, 4000), "full": None}


def parallel_phrases(cache: Path, progress: Progress = no_progress) -> list[list[Utterance]]:
    """A few phrases, each spoken in five languages: one list per phrase."""
    book = Phrasebook(
        spoken=LANGUAGES, written=(), train=1, dev=1, test=4, breadth=TINY_BREADTH, seed=5
    )
    phrases: dict[str, list[Utterance]] = {}
    for utterance in synthesize(book, cache, progress).split("test"):
        phrases.setdefault(utterance.meaning, []).append(utterance)
    return list(phrases.values())


@dataclass(kw_only=True)
class Tour:
    """What the tour trained."""

    corpus: Corpus
    system: TrainedSystem
    experiment: Experiment
    stages: list[FitResult]
    clips: list[Utterance]  # a few of the test set
    transcripts: list[str]  # of the clips, by CTC, before the encoder trained on translation

    def outputs(self) -> list[OutputRow]:
        """The system's outputs on the test set, and the three input-independent baselines."""
        rows = self.experiment.outputs(self.system, "tour")  # not notebook 10's direct
        return rows + self.experiment.baselines(self.system, rows)


def train(
    scale: str,
    cache: Path,
    folder: Path,
    seed: int,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
) -> Tour:
    """CTC, text translation, then speech translation from Estonian into English.

    Raises:
        ValueError: the scale starts from a published backbone.
    """
    if (updates := preset(UPDATES, scale)) is None:
        raise ValueError("the tour trains a small model; at the full scale start with notebook 10")
    set_threads(scale)
    system, backbone = Gmu(), backbone_recipe("seamless", scale)
    recipe = system.recipe(scale)
    speech = backbone.corpus(cache, progress)
    job = TrainingJob(
        folder=backbone.folder(speech, cache),
        corpus=speech,
        callback=callback,
        progress=progress,
        device=device,
    )
    corpus = pair_corpus(recipe, SOURCE, TARGET, cache, progress=progress)
    model, ctc, ctc_result = backbone.ctc_model(job)
    clips = corpus.split("test")[:TRANSCRIBED]
    transcripts = _transcribe(ctc.to(device), model, clips, device)
    text_result = _train_text(backbone, model, job, updates[0], folder, seed)
    short = replace(recipe.st, updates=updates[1], evaluate_every=max(1, updates[1] // 2))
    experiment = Experiment(
        system=system,
        scale=scale,
        recipe=replace(recipe, st=short),
        # not a finished backbone, but fine-tuning starts from its first stage
        backbone=TrainedBackbone(
            recipe=backbone, path=str(job.folder / "model"), stages=[ctc_result], corpus=speech
        ),
        corpus=corpus,
        directions=((SOURCE, TARGET),),
        subset="tour",  # its scores are not those of notebook 10
        seed=seed,
        cache=folder,
        callback=callback,
        progress=progress,
        device=device,
    )
    trained = experiment.fine_tune(model, system.strategies["direct"])
    stages = [ctc_result, text_result, trained.fit_result]
    return Tour(
        corpus=corpus,
        system=trained,
        experiment=experiment,
        stages=stages,
        clips=clips,
        transcripts=transcripts,
    )


def _train_text(
    backbone: SeamlessBackbone,
    model: Seamless,
    job: TrainingJob,
    updates: int,
    folder: Path,
    seed: int,
) -> FitResult:
    """The text stage of the backbone, shorter and on one direction."""
    given = [e for e in backbone.text_examples() if (e.source, e.target) == (SOURCE, TARGET)]
    return fit(
        Seq2SeqObjective(model, backbone.text.label_smoothing),
        replace(backbone.text, updates=updates),
        given,
        Collator(model),
        folder / f"text-{job.folder.name}",  # another backbone, another training
        seed=seed,
        callback=job.callback,
        device=job.device,
    )


@torch.no_grad()
def _transcribe(
    ctc: CtcObjective, model: Seamless, clips: list[Utterance], device: torch.device | str
) -> list[str]:
    """Transcripts of the speech encoder alone, greedy CTC."""
    collate = Collator(model, model.feature_extractor(MAX_SECONDS))
    return ctc.eval().greedy_decode(collate(examples(clips, ASR)).to(device))
