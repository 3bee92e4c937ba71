"""Synthetic training data with a chosen amount and rate of errors, added to a corpus (GMU, gle)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from lib.corpora.synthesis import synthesize
from lib.files import content_hash
from lib.progress import Progress, no_progress
from lib.systems.corpora import DataRecipe, pair_phrasebook
from lib.systems.gmu.claims import CLEAN, LOW_QUALITY
from lib.utterance import Corpus, Dropped

SEED = 77  # of the synthetic data's contents and voices


@dataclass(frozen=True, kw_only=True)
class Synthetic:
    """How much synthetic data, and how wrong it is."""

    text_error_rate: float = 0.0  # share of wrong words in the translations
    speech_error_rate: float = 0.0  # share of spoken words that differ from the transcript
    amount: float = 1.0  # contents, as a multiple of the recipe's training contents


# strategies of notebook 15: direct fine-tuning with as much synthetic data as there is other, for
# twice the updates, so that the other data is used as often as in direct
SYNTHETIC = {CLEAN: Synthetic()} | {
    f"direct + {percent} % wrong synthetic": Synthetic(
        text_error_rate=percent / 100, speech_error_rate=percent / 100
    )
    for percent in (5, 10, 20, 30, 60)
}
LEAN = (CLEAN, LOW_QUALITY)
UPDATE_FACTOR = 2.0


def with_synthetic(
    corpus: Corpus,
    recipe: DataRecipe,
    source: str,
    target: str,
    synthetic: Synthetic,
    cache: Path,
    progress: Progress = no_progress,
) -> Corpus:
    """The corpus with synthetic training contents: speech, transcript and translation.

    Contents with the text of one of the corpus's dev or test utterances are dropped and named.
    """
    specification = replace(
        pair_phrasebook(recipe, source, target),
        train=round(synthetic.amount * recipe.train_contents),
        dev=0,
        test=0,
        seed=SEED,
        text_error_rate=synthetic.text_error_rate,
        speech_error_rate=synthetic.speech_error_rate,
    )
    made = synthesize(specification, cache, progress)
    codes = (source, target)
    held_out = {
        utterance.texts[code]
        for utterance in corpus.utterances
        if utterance.split != "train"
        for code in codes
        if code in utterance.texts
    }
    added, dropped = [], []
    for utterance in made.utterances:
        name = f"synthetic-{utterance.id}"
        leaks = [text for code in codes if (text := utterance.texts.get(code)) in held_out]
        if leaks:
            dropped.append(Dropped(name, f"{leaks[0]!r} is a dev or test text"))
        else:
            added.append(replace(utterance, id=name))
    return Corpus(
        name=f"{corpus.name} + {len(added)} of {made.name}",
        utterances=[*corpus.utterances, *added],
        hash=content_hash([corpus.hash, made.hash]),
        synthetic=corpus.synthetic,
        licence=corpus.licence,
        dropped=[*corpus.dropped, *made.dropped, *dropped],
    )
