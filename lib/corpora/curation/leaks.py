"""Checks for test data in train: sentences, sound and speakers that are in several splits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from lib.corpora import text
from lib.corpora.curation.corpus_table import (
    KEPT,
    TEST,
    TRAIN,
    CorpusTable,
    Findings,
    long_enough,
    repeats,
)
from lib.corpora.curation.per_utterance import make_finding
from lib.corpora.curation.rules import Rules
from lib.corpora.store import UtteranceStore
from lib.utterance import SPLITS, Finding

MAX_COPY_BITS = 16  # of 128 that differ; 1.3 million pairs of other clips differ in 30 and more
COPY_SECONDS = 0.02  # how much the lengths of copies may differ
NEIGHBOURS = 4  # of like fingerprint and length, with which a clip is compared
# two parts of a recording overlap by more than a cut at a pause does
MIN_SHARED_SECONDS, MIN_SHARED = 1.0, 0.5


def check_copies(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Find clips that are others at another level or rate, or compressed.

    Those of a less held-out split are dropped, within a split they are noted.
    """
    a = table.arrays()
    halves = a["fingerprint"].reshape(-1, 2)
    known = np.flatnonzero((a["dropped"] == KEPT) & halves.any(1))
    groups = _groups_of_copies(halves[known], a["seconds"][known])
    for index, first in repeats(groups, known, a["split"]):
        if a["audio_key"][index] == a["audio_key"][first]:
            continue  # the very same, for the check of duplicates
        utterance, other = utterances[index], utterances[first]
        outcome = "noted" if utterance.split == other.split else "dropped"
        problem = f"sounds like {other.split}, {other.origin}, at another level or rate"
        remedy = "keep one of them" if outcome == "noted" else "nothing to do: that one is kept"
        yield index, make_finding(utterance, "duplicate", problem, remedy, outcome)


def _groups_of_copies(halves: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """The number of a group for each fingerprint; copies are in one.

    Copies have some of the eight 16-bit words of a fingerprint in common, and the length. Sorted by
    each word and the length, they are neighbours.
    """
    words, one, other = np.ascontiguousarray(halves).view(np.uint16), [], []
    for word in words.T:
        order = np.lexsort((seconds, word))
        for distance in range(1, NEIGHBOURS + 1):
            left, right = order[:-distance], order[distance:]
            near = np.abs(seconds[left] - seconds[right]) <= COPY_SECONDS
            near &= word[left] == word[right]
            left, right = left[near], right[near]
            differing = np.unpackbits((words[left] ^ words[right]).view(np.uint8), axis=1).sum(1)
            one.append(left[differing <= MAX_COPY_BITS])
            other.append(right[differing <= MAX_COPY_BITS])
    pairs = np.concatenate(one), np.concatenate(other)
    graph = coo_matrix((np.ones(len(pairs[0]), bool), pairs), (len(words), len(words)))
    return connected_components(graph, directed=False)[1]


def check_parts(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Find parts of a recording that overlap with parts of it in a more held-out split."""
    a = table.arrays()
    kept = np.flatnonzero((a["dropped"] == KEPT) & (a["seconds"] > 0))
    order = kept[np.lexsort((a["start"][kept], a["recording"][kept]))]
    for parts in _in_several_splits(order, a["recording"][order], a["split"][order]):
        splits = a["split"][parts]
        for inside in range(TRAIN, TEST):
            guarded, candidates = parts[splits > inside], parts[splits == inside]
            if not len(guarded) or not len(candidates):
                continue
            starts, ends = (_times(a, guarded, end=end) for end in (False, True))
            shared, position = _shared_seconds(
                starts, ends, _times(a, candidates), _times(a, candidates, end=True)
            )
            limits = np.minimum(MIN_SHARED_SECONDS, MIN_SHARED * a["seconds"][candidates])
            for number in np.flatnonzero(shared >= limits):
                utterance = utterances[int(candidates[number])]
                other = utterances[int(guarded[position[number]])]
                same = f"{shared[number]:.2f} s of it are also in {other.split}, {other.origin}"
                remedy = "nothing to do: that one is kept"
                yield int(candidates[number]), make_finding(utterance, "overlap", same, remedy)


def _in_several_splits(
    order: np.ndarray, recording: np.ndarray, split: np.ndarray
) -> Iterator[np.ndarray]:
    """The parts of each recording that has parts in several splits; most corpora have none."""
    starts = np.flatnonzero(np.r_[True, recording[1:] != recording[:-1]][: len(order)])
    if len(starts):
        mixed = np.minimum.reduceat(split, starts) != np.maximum.reduceat(split, starts)
        ends = np.r_[starts[1:], len(order)]
        yield from (order[starts[number] : ends[number]] for number in np.flatnonzero(mixed))


def _times(a: dict[str, np.ndarray], parts: np.ndarray, end: bool = False) -> np.ndarray:
    return a["start"][parts].astype(float) + (a["seconds"][parts] if end else 0.0)


def _shared_seconds(
    starts: np.ndarray, ends: np.ndarray, first: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What stretches from `first` to `last` share with others, which are sorted by their starts.

    Returns:
        Seconds, and the position of the other that reaches into the stretch and ends last.
    """
    reached = np.maximum.accumulate(ends)
    news = np.maximum(starts, np.r_[-np.inf, reached[:-1]])  # where what is covered anew begins
    covered = np.cumsum(np.maximum(0.0, ends - news))

    def until(times: np.ndarray) -> np.ndarray:
        position = np.searchsorted(starts, times, side="right") - 1
        beyond = np.maximum(0.0, reached[position] - times)
        return np.where(position < 0, 0.0, covered[position] - beyond)

    longest = np.maximum.accumulate(np.where(ends == reached, np.arange(len(ends)), 0))
    position = np.searchsorted(starts, last, side="left") - 1
    return until(last) - until(first), longest[np.maximum(position, 0)]


def check_overlaps(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Find train sentences that are in dev or test, and dev sentences that are in test.

    Sentences of `rules.held_out` count as test sentences.
    """
    a = table.arrays()
    kept = a["dropped"][a["sentence_index"]] == KEPT
    sentence, index_of = a["sentence_key"][kept], a["sentence_index"][kept]
    split = a["split"][index_of]
    overlaps: dict[int, str] = {}
    for inside in (TRAIN, TRAIN + 1):
        guarded = split > inside
        keys, first = np.unique(sentence[guarded], return_index=True)
        other = index_of[guarded][first]
        candidates = np.flatnonzero((split == inside) & np.isin(sentence, keys))
        positions = np.searchsorted(keys, sentence[candidates])
        for index, position in zip(index_of[candidates].tolist(), positions, strict=True):
            if index not in overlaps:
                match = utterances[int(other[position])]
                overlaps[index] = f"{match.split}, {match.origin}"
    for path in rules.held_out:
        keys = read_fingerprints(path, list(table.languages), rules)
        for index in index_of[(split != TEST) & np.isin(sentence, keys)].tolist():
            overlaps.setdefault(index, path)
    for index, location in overlaps.items():
        problem, remedy = f"its sentence is also in {location}", "nothing to do: that one is kept"
        yield index, make_finding(utterances[index], "overlap", problem, remedy)


def read_fingerprints(path: str, codes: Sequence[str], rules: Rules) -> np.ndarray:
    """The fingerprints of a file's lines, in each language that they may be in.

    Raises:
        OSError: the file is missing.
    """
    content = Path(path).expanduser().read_text(encoding="utf-8-sig")
    lines = {text.normalize_text(line) for line in content.splitlines()}
    fingerprints = [
        text.text_fingerprint(code, line)
        for code in codes
        for line in lines
        if long_enough(line, code, rules)
    ]
    return np.array(fingerprints, dtype=np.uint64)


def check_speakers(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Note speakers of train that are also in dev or test; drop them from train if required.

    Names that differ in case, spaces, punctuation or Unicode form alone are one.
    """
    a = table.arrays()
    known = (a["dropped"] == KEPT) & (a["speaker"] >= 0)
    spellings: dict[str, list[str]] = {}
    for name in table.speakers:  # in the order of their numbers
        spellings.setdefault(_folded(name), []).append(name)
    number_of = {folded: number for number, folded in enumerate(spellings)}
    person_of = np.array([number_of[_folded(name)] for name in table.speakers], int)
    counts = np.zeros((len(spellings), len(SPLITS)), int)
    np.add.at(counts, (person_of[a["speaker"][known]], a["split"][known]), 1)
    in_train = np.flatnonzero(known & (a["split"] == TRAIN))
    in_train = in_train[np.argsort(person_of[a["speaker"][in_train]], kind="stable")]
    edges = np.searchsorted(person_of[a["speaker"][in_train]], np.arange(len(spellings) + 1))
    names = [" or ".join(map(repr, spelled)) for spelled in spellings.values()]
    for number in np.flatnonzero((counts[:, TRAIN] > 0) & (counts[:, TRAIN + 1 :].sum(1) > 0)):
        found = zip(SPLITS, counts[number], strict=True)
        places = ", ".join(f"{count} in {split}" for split, count in found if count)
        lines = in_train[edges[number] : edges[number + 1]].tolist()
        yield (
            None,
            Finding(
                step="speaker",
                origin=utterances[lines[0]].origin,
                problem=f"speaker {names[number]} is in several splits: {places}",
                remedy=(
                    "scores say little about other voices; Rules(shared_speakers='drop') removes "
                    "such speakers from train"
                ),
                outcome="noted",
            ),
        )
        if rules.shared_speakers == "drop":
            for index in lines:
                problem = f"speaker {names[number]} is also in dev or test"
                yield index, make_finding(utterances[index], "speaker", problem, "nothing to do")


def _folded(name: str) -> str:
    """A name without case, spaces and punctuation; between digits, they stay: 1-11 is not 11-1."""
    plain = text.normalize_text(name)
    return re.sub(r"(?<!\d) | (?!\d)", "", plain) or name
