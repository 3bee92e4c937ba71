"""Corpora of experiments: the phrasebook or recordings, curated, in the shape training takes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, runtime_checkable

from lib.corpora import catalogue
from lib.corpora.curation.curate import Curated, curate
from lib.corpora.curation.rules import Rules, parse_licences
from lib.corpora.phrasebook import Breadth, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.corpora.text import normalize_text, text_fingerprint
from lib.files import content_hash
from lib.progress import Progress, no_progress
from lib.systems.backbones import backbone_recipe
from lib.utterance import Corpus, Dropped, Utterance

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


def parse_corpora(text: str, licences: str = "") -> list[CorpusChoice]:
    """Corpora with their folders, such as "covost2=/data/covost2 fleurs=/data/fleurs".

    Raises:
        ValueError: there is none.
    """
    parts = [part.partition("=") for part in text.split()]
    if not parts:
        raise ValueError("no corpus is given; write them as: covost2=/data/covost2")
    return [CorpusChoice(name=name, folder=at, licences=licences) for name, _, at in parts]


def joined_recordings(
    recipe: DataRecipe,
    choices: Sequence[CorpusChoice],
    languages: Sequence[str],
    cache: Path,
    progress: Progress = no_progress,
    all_splits: bool = False,
) -> Corpus:
    """Curated recordings in some languages as one corpus.

    Args:
        all_splits: development and test sets are those of all corpora, not of the first alone.
    """
    found: list[tuple[Corpus, tuple[str, ...] | None]] = []
    for number, choice in enumerate(choices):
        rules = Rules(
            licences=parse_licences(choice.licences), max_seconds=recipe.max_train_seconds
        )
        curated = catalogue.load_curated(
            choice.name, choice.folder, cache, rules, progress=progress
        )
        splits = ("train",) if number and not all_splits else None
        found.append((catalogue.to_corpus(curated), splits))
    return join_corpora(found, languages)


def join_corpora(
    corpora: Sequence[tuple[Corpus, tuple[str, ...] | None]], sources: Sequence[str]
) -> Corpus:
    """Corpora as one, with the splits that are wanted of each; ids get the corpus's name.

    Training clips whose transcript is in a development or test set are left out and named, since
    corpora share recordings: CoVoST 2 has those of Common Voice.
    """
    utterances: list[Utterance] = []
    for corpus, splits in corpora:
        utterances += [
            replace(u, id=f"{corpus.name}/{u.id}", source=corpus.name)
            for u in corpus.utterances
            if u.language in sources and (splits is None or u.split in splits)
        ]
    tested = {_transcript(u) for u in utterances if u.split != "train"} - {None}
    leaks = [u for u in utterances if u.split == "train" and _transcript(u) in tested]
    left_out = {u.id for u in leaks}
    reason = "its transcript is in a development or test set"
    names = [corpus for corpus, _ in corpora]
    dropped = [dropped for corpus in names for dropped in corpus.dropped]
    return Corpus(
        name=" and ".join(corpus.name for corpus in names),
        utterances=[u for u in utterances if u.id not in left_out],
        hash=content_hash([[corpus.hash for corpus in names], list(sources), len(leaks)]),
        synthetic=any(corpus.synthetic for corpus in names),
        licence=", ".join(dict.fromkeys(corpus.licence for corpus in names)),
        dropped=[*dropped, *(Dropped(u.id, f"{u.origin or u.id}: {reason}") for u in leaks)],
    )


def _transcript(u: Utterance) -> int | None:
    """A fingerprint of what is said, in its language; None where there is no transcript."""
    normalized = normalize_text(u.texts.get(u.language, ""))
    return text_fingerprint(u.language, normalized) if normalized else None


def share_of(utterances: Sequence[Utterance], share: float, seed: int) -> Sequence[Utterance]:
    """A share of the utterances, drawn by content: the same in every language."""
    if share >= 1:
        return utterances
    names = sorted({u.meaning or u.id for u in utterances})
    random.Random(f"{seed}/share").shuffle(names)
    kept = set(names[: max(1, round(share * len(names)))])
    return [u for u in utterances if (u.meaning or u.id) in kept]


def with_test_clips(corpus: Corpus, count: int) -> Corpus:
    """The corpus with the first `count` test clips of each spoken language; 0: all.

    It keeps its hash: what is trained on it is the same, and outputs are kept by their examples.
    """
    if not count:
        return corpus
    tests = [u for u in corpus.utterances if u.split == "test"]
    spoken = dict.fromkeys(u.language for u in tests)
    kept = {u.id for code in spoken for u in [t for t in tests if t.language == code][:count]}
    left = [u for u in corpus.utterances if u.split != "test" or u.id in kept]
    return replace(corpus, utterances=left)


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
