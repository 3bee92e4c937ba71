"""What notebook 01 curates: the phrasebook's corpora as notebooks 03 and 10 use them, a published corpus, or one's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from lib.corpora import catalogue
from lib.corpora.curation.curate import Curated, curate
from lib.corpora.curation.rules import Rules
from lib.corpora.synthesis import Progress, no_progress, synthesize
from lib.scales import preset
from lib.systems import backbones
from lib.systems.gmu.corpora import fine_tuning_corpus
from lib.systems.gmu.strategies import RECIPES
from lib.utterance import Corpus, Utterance

PHRASEBOOK_PAIRS = (("est", "eng"), ("que", "spa"))  # of notebook 10, beside the backbone's own languages


def curated(
    scale: str,
    corpus: str,
    folder: str,
    source: str,
    target: str,
    rules: Rules,
    cache: Path,
    progress: Progress = no_progress,
) -> Curated:
    """A corpus by its name through all steps of curation.

    Args:
        corpus: "phrasebook", a source of `data_cards/`, or "own".
        source: "" for every spoken language that there is.
        target: "" for every text that there is.

    Raises:
        ValueError: the phrasebook at a scale that trains on recordings; and see `catalogue.load_curated`.
    """
    if corpus != "phrasebook":
        return catalogue.load_curated(corpus, folder, cache, rules, source or None, target or None, progress)
    backbone = preset(backbones.PRESETS, scale).phrasebook
    if backbone is None:
        raise ValueError(f"{scale} trains on recordings: give corpus= a source of data_cards/, or own, and folder= its place")
    direct = preset(RECIPES, scale)
    pairs = [pair for pair in PHRASEBOOK_PAIRS if source in ("", pair[0])] or [(source, target or "eng")]
    spoken = [fine_tuning_corpus(direct, *pair, cache, progress) for pair in pairs]
    corpora = [synthesize(backbone, cache, progress), *spoken]
    return curate("phrasebook", cache, _listed(corpora, source), rules, cache, progress)


def _listed(corpora: list[Corpus], source: str) -> Iterator[Utterance]:
    """All of them as one corpus, so that what leaks from one to another is found; they number their clips alike."""
    for corpus in corpora:
        for line, utterance in enumerate(corpus.utterances, start=1):
            if source in ("", utterance.language):
                name = f"{corpus.hash}/{utterance.id}"
                origin = f"{corpus.name}, {corpus.hash}:{line}"
                yield replace(utterance, id=name, origin=origin, source="phrasebook", licence="Unicode-3.0")
