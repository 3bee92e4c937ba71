"""Scores of a backbone before fine-tuning: ASR of each language, MT and ST of a few pairs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lib.data.collate import Collator
from lib.decoding import decode
from lib.models.protocol import Search
from lib.models.seamless import Seamless
from lib.progress import Progress, no_progress
from lib.scoring.baselines import shuffled
from lib.scoring.comparisons import paired_difference
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow, output_rows
from lib.systems.backbones import MAX_SECONDS, TrainedBackbone
from lib.systems.corpora import pair_corpus
from lib.systems.gmu.recipe import RECIPES
from lib.systems.trial import trial_corpus, trial_recipe
from lib.tasks import ASR, MT, ST, examples
from lib.utterance import Corpus

DIRECTIONS = (("est", "eng"), ("spa", "eng"), ("eng", "spa"))  # scored as ST and as MT
SYSTEM, STAGE = "gmu", "joint"


def outputs(
    scale: str,
    backbone: TrainedBackbone,
    model: Seamless,
    cache: Path,
    progress: Progress = no_progress,
) -> tuple[list[OutputRow], Corpus]:
    """The backbone's greedy outputs on its test set, and the shuffled-audio baseline of ST.

    A published backbone is tested on the Estonian phrasebook of `lab`.
    """
    corpus = backbone.corpus
    if corpus is None:
        corpus = pair_corpus(RECIPES["lab"], "est", "eng", cache, progress=progress)
    corpus = trial_corpus(corpus)
    collate = Collator(model, model.feature_extractor(MAX_SECONDS))
    search = Search(beams=1, max_new_tokens=trial_recipe(RECIPES[scale]).max_new_tokens)
    spoken = sorted({utterance.language for utterance in corpus.utterances})
    tests = [examples(corpus.split("test", code), ASR) for code in spoken]
    for task in (MT, ST):
        for source, target in DIRECTIONS:
            if source in spoken:
                tests.append(examples(corpus.split("test", source), task, target))
    seed = backbone.recipe.seed
    columns: dict[str, Any] = {"stage": STAGE, "subset": "backbone", "seed": seed}
    rows: list[OutputRow] = []
    for test in tests:
        hypotheses = decode(model, test, collate, search, progress=progress)
        rows += output_rows(test, hypotheses, system=SYSTEM, strategy="backbone", **columns)
    return rows + _shuffled_audio(rows), corpus


def _shuffled_audio(rows: list[OutputRow]) -> list[OutputRow]:
    baseline = []
    for source, target in DIRECTIONS:
        own = _of_direction(rows, source, target)
        texts = shuffled([row.hypothesis for row in own], [row.reference for row in own])
        baseline += [
            replace(row, system="baseline", strategy="shuffled_audio", hypothesis=text)
            for row, text in zip(own, texts, strict=True)
        ]
    return baseline


def _of_direction(rows: list[OutputRow], source: str, target: str) -> list[OutputRow]:
    wanted = (ST.name, source, target)
    return [row for row in rows if (row.task, row.source, row.target) == wanted]


def speech_over_baseline(
    rows: list[OutputRow], source: str = "est", target: str = "eng"
) -> Estimate:
    """BLEU of speech translation minus that of shuffled audio."""
    return paired_difference(_of_direction(rows, source, target), "backbone", "shuffled_audio")
