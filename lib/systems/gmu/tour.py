"""The five-minute tour of notebook 00: the first ears of the backbone, and the shortest way from them to a translator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import Progress, no_progress, synthesize
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.scales import preset
from lib.scoring.outputs import OutputRow
from lib.systems import backbones
from lib.systems.gmu.corpora import fine_tuning_corpus
from lib.systems.gmu.experiment import Experiment, TrainedSystem, fine_tune
from lib.systems.gmu.strategies import RECIPES, STRATEGIES
from lib.tasks import Task, examples
from lib.training.fit import FitResult, TrainingProgress, fit
from lib.training.objectives import CtcObjective, Seq2SeqObjective
from lib.utterance import Corpus, Utterance

HEARD = ("est", "eng", "spa", "fra", "que")
SOURCE, TARGET = "est", "eng"

# updates of the reading and the translating stage; the hearing stage is the backbone's own, found there again by 03
UPDATES = {"smoke": (2, 2), "tiny": (200, 300), "lab": (4000, 4000)}


def five_languages(cache: Path, progress: Progress = no_progress) -> list[list[Utterance]]:
    """A few phrases, each spoken in five languages: one list a phrase."""
    corpus = synthesize(Phrasebook(HEARD, (), train=1, dev=1, test=4, breadth=backbones.TINY_BREADTH, seed=5), cache, progress)
    phrases: dict[str, list[Utterance]] = {}
    for utterance in corpus.split("test"):
        phrases.setdefault(utterance.meaning, []).append(utterance)
    return list(phrases.values())


@dataclass
class Tour:
    """What the tour trained."""

    corpus: Corpus
    ears: CtcObjective
    system: TrainedSystem
    bench: Experiment
    stages: list[FitResult]

    def outputs(self) -> list[OutputRow]:
        """What the system says to the test set, and the three baselines that do not listen."""
        rows = self.bench.outputs(self.system)
        return rows + self.bench.baselines(self.system, rows)

    def spelled(self, utterances: list[Utterance]) -> list[str]:
        """What the ears alone make of speech, letter by letter."""
        return self.ears.read(
            self.system.hear(self.bench.recipe.longest_train, self.bench.recipe.longest_read)(examples(utterances, Task.ASR))
        )


def train(
    scale: str,
    cache: Path,
    folder: Path,
    seed: int,
    watch: Callable[[TrainingProgress], None] = lambda tick: None,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
) -> Tour:
    """Teach a Seamless to hear (CTC), to read (text), and then to translate Estonian speech into English text."""
    read, translate = preset(UPDATES | {"full": None}, scale) or (0, 0)
    if not read:
        raise ValueError("the tour trains a small model; at the full scale start with notebook 10")
    whole = preset(RECIPES, scale)
    recipe, model, heard, backbone_folder = backbones.untrained(scale, cache, progress)
    corpus = fine_tuning_corpus(whole, SOURCE, TARGET, cache, progress)
    ears, hearing = backbones.hear(recipe, model, heard, backbone_folder, watch, device)
    reading = fit(
        Seq2SeqObjective(model, recipe.read.label_smoothing),
        replace(recipe.read, updates=read),
        [e for e in backbones.reading(recipe) if (e.source, e.target) == (SOURCE, TARGET)],
        Collator(model, FbankExtractor(model.stack)),
        folder / "read",
        seed=seed,
        watch=watch,
        device=device,
    )
    short = replace(whole, st=replace(whole.st, updates=translate, evaluate_every=max(1, translate // 2)))
    direct = STRATEGIES["direct"]
    system = fine_tune(model, direct, short, corpus, SOURCE, TARGET, seed, folder / "direct", watch, device)
    # it trains nothing: what the tour starts from is no backbone yet
    start = backbones.TrainedBackbone(str(backbone_folder), recipe.seen, [], heard)
    bench = Experiment(scale, short, start, corpus, SOURCE, TARGET, seed, cache, watch, progress, device)
    return Tour(corpus, ears, system, bench, [hearing, reading, system.fitted])
