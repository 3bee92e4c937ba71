"""The five-minute tour of notebook 00: the first ears of the backbone, and the shortest way from them to a translator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lib.batches import Collator
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.studio import Progress, record, silent
from lib.features import Ears
from lib.recipes import backbones
from lib.recipes.gmu.data import fine_tuning_corpus
from lib.recipes.gmu.strategies import RECIPES, STRATEGIES
from lib.recipes.gmu.workbench import System, Workbench, fine_tune
from lib.recipes.scales import preset
from lib.scoring.table import Said
from lib.tasks import Task, examples
from lib.training.fit import Fitted, Tick, fit
from lib.training.losses import Spelling, Translation
from lib.utterance import Corpus, Utterance

HEARD = ("est", "eng", "spa", "fra", "que")
SOURCE, TARGET = "est", "eng"

# updates of the reading and the translating stage; the hearing stage is the backbone's own, found there again by 03
UPDATES = {"smoke": (2, 2), "tiny": (200, 300), "lab": (4000, 4000)}


def five_languages(cache: Path, progress: Progress = silent) -> list[list[Utterance]]:
    """A few phrases, each spoken in five languages: one list a phrase."""
    corpus = record(Phrasebook(HEARD, (), train=1, dev=1, test=4, breadth=backbones.TINY_BREADTH, seed=5), cache, progress)
    phrases: dict[str, list[Utterance]] = {}
    for utterance in corpus.split("test"):
        phrases.setdefault(utterance.meaning, []).append(utterance)
    return list(phrases.values())


@dataclass
class Tour:
    """What the tour trained."""

    corpus: Corpus
    ears: Spelling
    system: System
    bench: Workbench
    stages: list[Fitted]

    def outputs(self) -> list[Said]:
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
    watch: Callable[[Tick], None] = lambda tick: None,
    progress: Progress = silent,
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
        Translation(model, recipe.read.label_smoothing),
        replace(recipe.read, updates=read),
        [e for e in backbones.reading(recipe) if (e.source, e.target) == (SOURCE, TARGET)],
        Collator(model, Ears(model.stack)),
        folder / "read",
        seed=seed,
        watch=watch,
        device=device,
    )
    short = replace(whole, st=replace(whole.st, updates=translate, evaluate_every=max(1, translate // 2)))
    direct = STRATEGIES["direct"]
    system = fine_tune(model, direct, short, corpus, SOURCE, TARGET, seed, folder / "direct", watch, device)
    # it trains nothing: what the tour starts from is no backbone yet
    start = backbones.Trained(str(backbone_folder), recipe.seen, [], heard)
    bench = Workbench(scale, short, start, corpus, SOURCE, TARGET, seed, cache, watch, progress, device)
    return Tour(corpus, ears, system, bench, [hearing, reading, system.fitted])
