"""Corpora of recordings: one pair of one or several sources, a share of it, texts joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lib.data.segments import join_texts
from lib.files import content_hash
from lib.progress import Progress, no_progress
from lib.systems.corpora import (
    CorpusChoice,
    joined_recordings,
    pair_corpus,
    parse_corpora,
    share_of,
)
from lib.systems.recordings.recipe import recordings_recipe
from lib.tasks import MT, examples
from lib.utterance import Corpus, Utterance


def load_recordings(
    scale: str,
    source: str,
    target: str,
    seed: int,
    cache: Path,
    corpus: str,
    folder: str,
    licences: str = "",
    more: str = "",
    share: float = 1.0,
    progress: Progress = no_progress,
) -> Corpus:
    """The corpus of a pair, without what is in other languages.

    Args:
        corpus, folder, licences: see `CorpusChoice`.
        more: further corpora to train on, such as "own=/talks.tsv covost2=/data/covost2"; one
            without translations trains the recogniser alone.
        share: of the training clips, drawn by the seed; the test set stays.

    Raises:
        ValueError: a scale that starts from published checkpoints, a share that is none, or a
            corpus without transcripts; further as `pair_corpus`.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share={share} is no share of the training clips: above 0, at most 1")
    limits = recordings_recipe(scale).gmu
    choice = CorpusChoice(name=corpus, folder=folder, licences=licences)
    if more:
        choices = [choice, *parse_corpora(more, licences)]
        found = joined_recordings(limits, choices, (source,), cache, progress)
    else:
        found = pair_corpus(limits, source, target, cache, choice, progress)
    own = {split: found.split(split, source) for split in ("train", "dev", "test")}
    if not any(u.texts.get(source) for u in own["train"]):
        raise ValueError(
            f"{found.name} has no transcripts in {source}, which the recogniser learns from; "
            "notebook 10 trains on translations alone"
        )
    kept = share_of(own["train"], share, seed)
    return replace(
        found,
        utterances=[*kept, *own["dev"], *own["test"]],
        hash=content_hash([found.hash, source, share, seed if share < 1 else 0]),
    )


def joined(
    utterances: Sequence[Utterance], count: int, source: str, target: str
) -> list[Utterance]:
    """Each `count` neighbours of a list as one text; fewer than two at the end are left out."""
    complete = [u for u in utterances if u.texts.get(source) and u.texts.get(target)]
    groups = (complete[at : at + count] for at in range(0, len(complete), count))
    return [
        replace(
            group[0],
            id=f"{group[0].id}/joined",
            seconds=sum(u.seconds for u in group),
            texts={
                code: join_texts([u.texts[code] for u in group], code, False)
                for code in (source, target)
            },
        )
        for group in groups
        if count > 1 and len(group) > 1
    ]


def count_sentences(corpus: Corpus, source: str, target: str) -> int:
    """How many training clips have a transcript and a translation, at least 1."""
    return max(1, len(examples(corpus.split("train", source), MT, target)))
