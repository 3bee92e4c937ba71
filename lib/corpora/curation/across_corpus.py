"""What is wrong with an utterance only beside the others: repeated, leaked, spoken at an odd rate, or under another's name."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from lib.corpora import text
from lib.corpora.audio_stats import Sound
from lib.corpora.curation.rules import STEPS, Rules, outcome
from lib.languages import language
from lib.utterance import SPLITS, Finding, Utterance

KEPT = 0
NUMBER = {step: number for number, step in enumerate(STEPS)}
ENOUGH = 50  # utterances of a language before its speaking rate has a usual
LEAST_SPREAD = 0.2  # of the logarithm of the rate: nobody is more even than that, short words among long sentences
FEW, APART, CLEAR = 3, 5.0, 4.0  # clips a voice; semitones between two voices; and that distance in spreads of either


@dataclass
class Facts:
    """What is remembered of every utterance, as arrays: some 60 bytes each, so that a million fit."""

    split: array = field(default_factory=lambda: array("b"))  # place in SPLITS
    language: array = field(default_factory=lambda: array("h"))
    speaker: array = field(default_factory=lambda: array("l"))  # -1: not known
    seconds: array = field(default_factory=lambda: array("f"))
    characters: array = field(default_factory=lambda: array("l"))  # of the transcript
    said: array = field(default_factory=lambda: array("Q"))  # all its texts, and what is asked
    transcript: array = field(default_factory=lambda: array("Q"))
    sound: array = field(default_factory=lambda: array("Q"))  # its samples; 0: not heard
    pitch: array = field(default_factory=lambda: array("f"))
    dropped: array = field(default_factory=lambda: array("b"))  # number of the step; KEPT: none
    sentence: array = field(default_factory=lambda: array("Q"))  # of each text that is long enough to leak ...
    sentence_of: array = field(default_factory=lambda: array("l"))  # ... and the utterance that it is of
    languages: dict[str, int] = field(default_factory=dict)
    speakers: dict[str, int] = field(default_factory=dict)

    def add(self, utterance: Utterance, found: Sequence[Finding], sound: Sound | None, rules: Rules) -> None:
        """Remember the next utterance, with what was found of it by itself."""
        index = len(self.split)
        self.split.append(SPLITS.index(utterance.split))
        self.language.append(self.languages.setdefault(utterance.language, len(self.languages)))
        self.speaker.append(self.speakers.setdefault(utterance.speaker, len(self.speakers)) if utterance.speaker else -1)
        self.seconds.append(utterance.seconds if utterance.seconds == utterance.seconds else 0.0)
        self.characters.append(len(utterance.texts.get(utterance.language, "")))
        self.sound.append(int(sound.hash, 16) if sound else 0)
        self.pitch.append(sound.pitch if sound else float("nan"))
        self.dropped.append(next((NUMBER[f.step] for f in found if f.outcome == "dropped"), KEPT))
        plain = {code: text.comparable(words) for code, words in sorted(utterance.texts.items())}
        # without any text it is the file that tells two utterances apart
        self.said.append(text.text_fingerprint(utterance.question, "\n".join(plain.values()) or str(utterance.sound)))
        self.transcript.append(text.text_fingerprint(utterance.language, plain.get(utterance.language, "")))
        for code, words in plain.items():
            if long_enough(words, code, rules):
                self.sentence.append(text.text_fingerprint(code, words))
                self.sentence_of.append(index)

    def arrays(self) -> dict[str, np.ndarray]:
        """The same as numpy arrays over the same memory."""
        return {name: np.frombuffer(value, value.typecode) for name, value in vars(self).items() if isinstance(value, array)}


def long_enough(plain: str, code: str, rules: Rules) -> bool:
    """Is a comparable text long enough that it does not stand on both sides of a split by chance?"""
    words = len(plain) / 2 if language(code).unit == "char" else len(plain.split())
    return words >= rules.overlap_words


StopRequest = tuple[int, str, str, str]  # place of the utterance, what, remedy, outcome


def rates(facts: Facts, rules: Rules) -> Iterator[StopRequest]:
    """Utterances of which a character takes much less or much more time than is usual in their language."""
    a = facts.arrays()
    usable = (a["dropped"] == KEPT) & (a["characters"] > 0) & (a["seconds"] > 0)
    for code, number in facts.languages.items():
        places = np.flatnonzero(usable & (a["language"] == number))
        if len(places) < ENOUGH:
            continue
        rate = np.log(a["characters"][places] / a["seconds"][places])
        middle = np.median(rate)
        spread = 1.4826 * np.median(np.abs(rate - middle))
        for index in places[np.abs(rate - middle) > rules.rate_spread * max(spread, LEAST_SPREAD)].tolist():
            here = a["characters"][index] / a["seconds"][index]
            what = f"{here:.1f} characters a second; usual in {language(code).name} is {np.exp(middle):.1f}"
            yield (
                index,
                what,
                "listen: text and sound may not belong together",
                outcome("speaking rate", SPLITS[a["split"][index]]),
            )


def _later(keys: np.ndarray, places: np.ndarray, split: np.ndarray, allowed: int = 1) -> Iterator[tuple[int, int]]:
    """(place, place of the first) of whatever comes more than `allowed` times; test goes before dev before train."""
    order = np.lexsort((places, -split[places], keys))
    keys, places = keys[order], places[order]
    edges = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1], True]) if len(keys) else np.zeros(1, int)
    for group in np.flatnonzero(np.diff(edges) > allowed):
        start, end = edges[group], edges[group + 1]
        for index in places[start + allowed : end]:
            yield int(index), int(places[start])


def duplicates(facts: Facts, rules: Rules) -> Iterator[tuple[int, int, str, str]]:
    """(place, place of the first, what, outcome): the same samples, or the same sentence by one speaker once too often.

    One sound may rightly come several times within a split: with another question, or another translation.
    """
    a = facts.arrays()
    split, said, sound = a["split"], a["said"], a["sound"]
    heard = np.flatnonzero((a["dropped"] == KEPT) & (sound != 0))
    told: set[int] = set()
    for index, first in _later(sound[heard] ^ said[heard], heard, split):
        told.add(index)
        yield index, first, "the same sound and text as", _outcome(split[index], split[first])
    for index, first in _later(sound[heard], heard, split):
        if index not in told and (split[index] != split[first] or a["transcript"][index] != a["transcript"][first]):
            told.add(index)
            yield index, first, "the same sound, but other words than", _outcome(split[index], split[first])
    known = np.flatnonzero((a["dropped"] == KEPT) & (a["speaker"] >= 0))
    key = said[known] ^ (a["speaker"][known].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15))  # an odd number that mixes bits
    for index, first in _later(key, known, split, rules.repeats) if rules.repeats else ():
        if index not in told and split[index] == split[first]:  # else it is an overlap
            yield index, first, "the same sentence by the same speaker as", outcome("duplicate", SPLITS[split[index]])


def _outcome(split: np.integer, of_first: np.integer) -> str:
    """Of a sound that stands elsewhere: where that is another split, which is more held out, it must go."""
    return "dropped" if split != of_first else outcome("duplicate", SPLITS[split])


def overlaps(facts: Facts, held_out: dict[str, np.ndarray]) -> Iterator[tuple[int, int | str]]:
    """(place, where else it stands) of utterances whose sentence is in a split that is held out from theirs.

    Args:
        held_out: name of a file -> fingerprints of its sentences, which neither train nor dev may hold.
    """
    a = facts.arrays()
    of = a["sentence_of"]
    kept = a["dropped"][of] == KEPT
    sentence, of = a["sentence"][kept], of[kept]
    split = a["split"][of]
    told: set[int] = set()
    for inside, outside in (((0,), (1, 2)), ((1,), (2,))):
        guarded = np.isin(split, outside)
        names, first = np.unique(sentence[guarded], return_index=True)
        homes = of[guarded][first]
        mine = np.flatnonzero(np.isin(split, inside))
        where = np.searchsorted(names, sentence[mine]).clip(max=max(0, len(names) - 1))
        hit = names[where] == sentence[mine] if len(names) else np.zeros(len(mine), bool)
        for index, home in zip(of[mine][hit], homes[where[hit]] if len(names) else [], strict=True):
            if index not in told:
                told.add(int(index))
                yield int(index), int(home)
    for name, fingerprints in held_out.items():
        for index in of[(split != SPLITS.index("test")) & np.isin(sentence, fingerprints)]:
            if index not in told:
                told.add(int(index))
                yield int(index), name


def sentences_of(path: str, codes: Sequence[str], rules: Rules) -> np.ndarray:
    """The fingerprints of a file's lines, under each language that they could be in.

    Raises:
        OSError: no such file.
    """
    lines = {text.comparable(line) for line in Path(path).expanduser().read_text(encoding="utf-8-sig").splitlines()}
    return np.array([text.text_fingerprint(c, w) for c in codes for w in lines if long_enough(w, c, rules)], dtype=np.uint64)


def speakers_on_both_sides(facts: Facts) -> dict[str, dict[str, int]]:
    """Speaker -> utterances of each split, for those in train and outside it."""
    a = facts.arrays()
    known = (a["dropped"] == KEPT) & (a["speaker"] >= 0)
    counts = np.zeros((len(facts.speakers), len(SPLITS)), int)
    np.add.at(counts, (a["speaker"][known], a["split"][known]), 1)
    names = list(facts.speakers)  # in the order of their numbers
    return {
        names[number]: {split: int(count) for split, count in zip(SPLITS, counts[number], strict=True) if count}
        for number in np.flatnonzero((counts[:, 0] > 0) & (counts[:, 1:].sum(1) > 0))
    }


def two_voices(facts: Facts) -> dict[str, list[tuple[int, float]]]:
    """Speaker -> (place of a clip, pitch in Hz) of each of what sounds like two people under one name.

    The clips of a speaker are cut in two where their pitch falls apart most. Two people: each has some clips, they are
    5 semitones apart, and that is four times what either one varies. A single voice, however lively, has no gap.
    """
    a = facts.arrays()
    known = np.flatnonzero((a["speaker"] >= 0) & np.isfinite(a["pitch"]))
    order = known[np.lexsort((a["pitch"][known], a["speaker"][known]))]
    names = list(facts.speakers)
    found = {}
    for places in np.split(order, np.flatnonzero(np.diff(a["speaker"][order])) + 1):
        heights = 12 * np.log2(a["pitch"][places].astype(float))
        if len(heights) < 2 * FEW:
            continue
        cut = FEW + int(np.argmax(np.diff(heights)[FEW - 1 : len(heights) - FEW]))
        voices = [(places[:cut], heights[:cut]), (places[cut:], heights[cut:])]
        middles = [float(np.median(part)) for _, part in voices]
        varies = max(*(float(part.std()) for _, part in voices), 0.25)
        if middles[1] - middles[0] > max(APART, CLEAR * varies):
            found[names[int(a["speaker"][places[0]])]] = [
                (int(clips[np.argmin(np.abs(part - middle))]), 2 ** (middle / 12))
                for (clips, part), middle in zip(voices, middles, strict=True)
            ]
    return found
