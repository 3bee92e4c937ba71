"""Corpora of experiments: the phrasebook or recordings, curated, in the shape training takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from lib.corpora import catalogue
from lib.corpora.curation.curate import Curated, curate
from lib.corpora.curation.rules import Rules, parse_licences
from lib.corpora.phrasebook import Breadth, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.progress import Progress, no_progress
from lib.systems.backbones import backbone_recipe
from lib.utterance import Corpus, Utterance

PHRASEBOOK = "phrasebook"
# texts of a phrasebook besides the target, so that corpora of all pairs have the same items
COMMON_LANGUAGES = ("est", "eng", "spa", "fra", "que")
CURATED_PAIRS = (("est", "eng"), ("que", "spa"))  # beside the backbone's own languages
ANY_SECONDS = 24 * 3600.0


@runtime_checkable
class DataRecipe(Protocol):
    """What a recipe says of its corpus."""

    train_contents: int
    dev_contents: int
    test_contents: int
    breadth: Breadth | None
    corpus_seed: int
    max_train_seconds: float


@dataclass(frozen=True, kw_only=True)
class CorpusChoice:
    """Which corpus, where it lies, and which licences are allowed; the parameters of notebooks."""

    name: str = PHRASEBOOK  # or a source of data_cards/, or "own" for a manifest
    folder: str = ""  # of the corpus, or the path of the manifest
    licences: str = ""  # "": any; "open"; or SPDX identifiers separated by commas
    keep_long_audio: bool = False  # training clips over the recipe's limit stay, to be cut


def pair_corpus(
    recipe: DataRecipe,
    source: str,
    target: str,
    cache: Path,
    choice: CorpusChoice = CorpusChoice(),
    progress: Progress = no_progress,
) -> Corpus:
    """The phrasebook in the source language, or recordings, curated.

    Raises:
        ValueError: `full` without recordings, a language that the phrasebook cannot speak, or
            recordings with an empty split.
        lib.corpora.sources.reading.NotObtained: the recordings are not there.
    """
    if choice.name != PHRASEBOOK:
        limit = ANY_SECONDS if choice.keep_long_audio else recipe.max_train_seconds
        rules = Rules(
            licences=parse_licences(choice.licences), max_seconds=limit, required_language=target
        )
        curated = catalogue.load_curated(
            choice.name, choice.folder, cache, rules, source, target, progress
        )
        return catalogue.to_corpus(curated, source)
    return synthesize(pair_phrasebook(recipe, source, target), cache, progress)


def pair_phrasebook(recipe: DataRecipe, source: str, target: str) -> Phrasebook:
    """The phrasebook of a pair.

    Raises:
        ValueError: the scale trains on recordings.
    """
    if recipe.breadth is None:
        raise ValueError(
            "the full scale trains on recordings: set corpus= to a source of data_cards/, or own, "
            "and folder= to where it lies"
        )
    return Phrasebook(
        spoken=(source,),
        written=tuple(dict.fromkeys((target, *COMMON_LANGUAGES))),
        train=recipe.train_contents,
        dev=recipe.dev_contents,
        test=recipe.test_contents,
        breadth=recipe.breadth,
        seed=recipe.corpus_seed,
    )


def curated_corpus(
    scale: str,
    recipe: DataRecipe,
    choice: CorpusChoice,
    source: str,
    target: str,
    rules: Rules,
    cache: Path,
    progress: Progress = no_progress,
) -> Curated:
    """A corpus through all steps of curation, for notebook 01.

    Args:
        source: spoken language; "": all.
        target: language of the translations; "": all.

    Raises:
        ValueError: the phrasebook at a scale that trains on recordings; see `load_curated`.
    """
    if choice.name != PHRASEBOOK:
        name, folder = choice.name, choice.folder
        return catalogue.load_curated(
            name, folder, cache, rules, source or None, target or None, progress
        )
    backbone = backbone_recipe("seamless", scale)
    if backbone.hub:
        raise ValueError(
            f"{scale} trains on recordings: set corpus= to a source of data_cards/, or own, and "
            "folder= to where it lies"
        )
    pairs = [pair for pair in CURATED_PAIRS if source in ("", pair[0])]
    pairs = pairs or [(source, target or "eng")]
    speech = [pair_corpus(recipe, *pair, cache, progress=progress) for pair in pairs]
    corpora = [backbone.corpus(cache, progress), *speech]
    return curate(PHRASEBOOK, cache, _as_one(corpora, source), rules, cache, progress)


def _as_one(corpora: list[Corpus], source: str) -> Iterator[Utterance]:
    """All corpora as one, so that leaks between them are found; ids get the corpus's hash."""
    for corpus in corpora:
        for line, utterance in enumerate(corpus.utterances, start=1):
            if source in ("", utterance.language):
                yield replace(
                    utterance,
                    id=f"{corpus.hash}/{utterance.id}",
                    origin=f"{corpus.name}, {corpus.hash}:{line}",
                    source=PHRASEBOOK,
                    licence="Unicode-3.0",
                )
