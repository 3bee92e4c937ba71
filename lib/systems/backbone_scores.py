"""How good a backbone is before any fine-tuning: ASR of each language, MT and ST of a few pairs."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.synthesis import Progress, no_progress
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import decode
from lib.models.seamless import Seamless
from lib.scales import preset
from lib.scoring.baselines import shuffled
from lib.scoring.outputs import OutputRow
from lib.scoring.significance import Difference, difference
from lib.systems.backbones import TrainedBackbone
from lib.systems.gmu.corpora import fine_tuning_corpus
from lib.systems.gmu.strategies import RECIPES, STRATEGIES
from lib.tasks import Example, Task, examples
from lib.utterance import Corpus

SPOKEN = (("est", "eng"), ("spa", "eng"), ("eng", "spa"))  # pairs that are scored as ST and as MT


def outputs(scale: str, trained: TrainedBackbone, model: Seamless, cache: Path, progress: Progress = no_progress) -> tuple[list[OutputRow], Corpus]:
    """What the backbone says to its test set; a hub's backbone is given the Estonian phrasebook of `lab`."""
    corpus = trained.corpus or fine_tuning_corpus(preset(RECIPES, "lab"), "est", "eng", cache, progress)
    collate = Collator(model, FbankExtractor(model.stack))
    greedy = preset(RECIPES, scale).search(STRATEGIES["direct"], beams=1)
    spoken = sorted({utterance.language for utterance in corpus.utterances})
    pairs = [(source, target) for source, target in SPOKEN if source in spoken]
    tests = [examples(corpus.split("test", code), Task.ASR) for code in spoken]
    tests += [examples(corpus.split("test", s), task, t) for task in (Task.MT, Task.ST) for s, t in pairs]
    rows: list[OutputRow] = []
    for test in tests:
        rows += output_rows(test, decode(model, test, collate, greedy, progress=progress), "gmu", "backbone", "join", "test", seed=1)
    return rows + _shuffled(rows, [test for test in tests if test[0].task is Task.ST]), corpus


def _shuffled(rows: list[OutputRow], tests: list[list[Example]]) -> list[OutputRow]:
    found = []
    for test in tests:
        own = [row for row in rows if (row.task, row.source, row.target) == ("ST", test[0].source, test[0].target)]
        texts = shuffled([row.hypothesis for row in own], [row.reference for row in own])
        found += [OutputRow(**vars(row) | {"system": "baseline", "strategy": "shuffled_audio", "hypothesis": text})
                  for row, text in zip(own, texts, strict=True)]  # fmt: skip
    return found


def speech_against_baseline(rows: list[OutputRow], source: str = "est", target: str = "eng") -> Difference:
    """BLEU of speech translation above what the same system says to another clip's audio."""
    part = [row for row in rows if (row.task, row.source, row.target) == ("ST", source, target)]
    ours, theirs = [[r for r in part if (r.system == "baseline") is other] for other in (False, True)]
    return difference(
        "BLEU", [r.hypothesis for r in ours], [r.hypothesis for r in theirs], [r.reference for r in ours], target,
        [r.speaker for r in ours], "plain",
    )  # fmt: skip
