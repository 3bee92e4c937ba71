"""What a pair is fine-tuned on: recordings, the phrasebook, and synthetic data of chosen quality beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lib.corpora import catalogue
from lib.corpora.curation.rules import Rules, licences
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import Progress, no_progress, synthesize
from lib.files import content_hash
from lib.systems.gmu.strategies import Recipe
from lib.utterance import Corpus, Dropped

SYNTHETIC_SEED = 77  # of the synthetic data's contents and voices


def fine_tuning_corpus(
    recipe: Recipe,
    source: str,
    target: str,
    cache: Path,
    progress: Progress = no_progress,
    corpus: str = "phrasebook",
    folder: str = "",
    allowed: str = "",
) -> Corpus:
    """The phrasebook in the source language, or recordings, curated.

    Args:
        corpus: "phrasebook", a source of real recordings (`data_cards/`), or "own" for a manifest.
        folder: that the corpus lies in, or the manifest.
        allowed: licences; "": any.

    Raises:
        ValueError: `full` without recordings, a language that the phrasebook cannot speak, or recordings of which a split is empty.
        lib.corpora.sources.reading.NotObtained: the recordings are not there.
    """
    if corpus != "phrasebook":
        rules = Rules(licences(allowed), longest=recipe.longest_train, wanted=target)
        curated = catalogue.load_curated(corpus, folder, cache, rules, source, target, progress)
        return catalogue.corpus(curated, source)
    if recipe.breadth is None:
        raise ValueError(
            "the full scale trains on recordings: give corpus= a source of data_cards/, or own, and folder= its place"
        )
    return synthesize(_phrasebook(recipe, source, target), cache, progress)


def _phrasebook(recipe: Recipe, source: str, target: str) -> Phrasebook:
    # written in every language of the backbone too, so that all tiny corpora are made of the same items
    written = tuple(dict.fromkeys((target, "est", "eng", "spa", "fra", "que")))
    return Phrasebook((source,), written, recipe.train, recipe.dev, recipe.test, recipe.breadth, recipe.corpus_seed)


@dataclass(frozen=True)
class Quality:
    """How bad synthetic data is."""

    wrong_words: float = 0.0  # the share of wrong words in the translations
    misspoken: float = 0.0  # the share of spoken words that are not those of the transcript


SYNTHETIC = {  # the strategies of notebook 15: direct fine-tuning with as much synthetic data as there is other
    "direct + clean synthetic": Quality(),
    "direct + 30 % wrong synthetic": Quality(0.3, 0.3),
    "direct + 60 % wrong synthetic": Quality(0.6, 0.6),
}


def with_synthetic(
    corpus: Corpus,
    recipe: Recipe,
    source: str,
    target: str,
    quality: Quality,
    cache: Path,
    progress: Progress = no_progress,
) -> Corpus:
    """The corpus with as many more training contents of chosen quality: synthetic 3-way data as GMU added to Irish.

    Contents that read as one of the corpus's own dev or test texts are dropped and named.
    """
    spec = replace(
        _phrasebook(recipe, source, target),
        dev=0, test=0, seed=SYNTHETIC_SEED, wrong_words=quality.wrong_words, misspoken=quality.misspoken,
    )  # fmt: skip
    made = synthesize(spec, cache, progress)
    held_out = {u.texts[code] for u in corpus.utterances if u.split != "train" for code in (source, target) if code in u.texts}
    more, dropped = [], []
    for utterance in made.utterances:
        named = replace(utterance, id=f"synthetic-{utterance.id}")
        leaks = [utterance.texts[code] for code in (source, target) if utterance.texts.get(code) in held_out]
        if leaks:
            dropped.append(Dropped(named.id, f"{leaks[0]!r} stands in dev or test"))
        else:
            more.append(named)
    return Corpus(
        name=f"{corpus.name} + {len(more)} of {made.name}",
        utterances=[*corpus.utterances, *more],
        hash=content_hash([corpus.hash, made.hash]),
        synthetic=corpus.synthetic,
        licence=corpus.licence,
        dropped=[*corpus.dropped, *made.dropped, *dropped],
    )
