"""Checks that compare utterances: speaking rates, duplicates, leaks between splits, speakers."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lib.corpora import text
from lib.corpora.audio_stats import AudioStats
from lib.corpora.curation.per_utterance import make_finding
from lib.corpora.curation.rules import STEPS, Rules
from lib.corpora.store import UtteranceStore
from lib.languages import language
from lib.utterance import SPLITS, Finding, Utterance

KEPT = 0
STEP_NUMBER = {step: number for number, step in enumerate(STEPS)}
TRAIN, TEST = SPLITS.index("train"), SPLITS.index("test")
MIN_RATE_UTTERANCES = 50  # of a language, for its median speaking rate to be reliable
# of the log speaking rate: a floor for corpora of similar sentences
MIN_RATE_SPREAD = 0.2
# two voices under one name: clips of each, distance in semitones, distance in spreads of either
MIN_VOICE_CLIPS, MIN_VOICE_SEMITONES, MIN_VOICE_SPREADS = 3, 5.0, 4.0


def _column(typecode: str) -> Any:
    return field(default_factory=lambda: array(typecode))


@dataclass
class CorpusTable:
    """What the checks need of every utterance, in columns: about 60 bytes an utterance."""

    split: array = _column("b")  # index in SPLITS
    language: array = _column("h")  # value of `languages`
    speaker: array = _column("l")  # value of `speakers`; -1: unknown
    seconds: array = _column("f")
    characters: array = _column("l")  # of the transcript
    content_key: array = _column("Q")  # fingerprint of all texts and the question
    transcript_key: array = _column("Q")
    audio_key: array = _column("Q")  # hash of the samples; 0: not decoded
    pitch: array = _column("f")  # Hz
    dropped: array = _column("b")  # number of the step; KEPT: none
    # of each text that is long enough for the overlap check:
    sentence_key: array = _column("Q")
    sentence_index: array = _column("l")  # of its utterance
    languages: dict[str, int] = field(default_factory=dict)
    speakers: dict[str, int] = field(default_factory=dict)

    def add(
        self,
        utterance: Utterance,
        findings: Sequence[Finding],
        stats: AudioStats | None,
        rules: Rules,
    ) -> None:
        """Append an utterance, with the findings about it and, if it was decoded, its audio."""
        index = len(self.split)
        code, speaker = utterance.language, utterance.speaker
        known_speaker = self.speakers.setdefault(speaker, len(self.speakers)) if speaker else -1
        dropped = (STEP_NUMBER[f.step] for f in findings if f.outcome == "dropped")
        self.split.append(SPLITS.index(utterance.split))
        self.language.append(self.languages.setdefault(code, len(self.languages)))
        self.speaker.append(known_speaker)
        self.seconds.append(0.0 if math.isnan(utterance.seconds) else utterance.seconds)
        self.characters.append(len(utterance.texts.get(code, "")))
        self.audio_key.append(int(stats.hash, 16) if stats else 0)
        self.pitch.append(stats.pitch_hz if stats else math.nan)
        self.dropped.append(next(dropped, KEPT))
        texts = {c: text.normalize_text(words) for c, words in sorted(utterance.texts.items())}
        # utterances without text are told apart by their files
        content = "\n".join(texts.values()) or str(utterance.sound)
        self.content_key.append(text.text_fingerprint(utterance.question, content))
        self.transcript_key.append(text.text_fingerprint(code, texts.get(code, "")))
        for text_code, normalized in texts.items():
            if long_enough(normalized, text_code, rules):
                self.sentence_key.append(text.text_fingerprint(text_code, normalized))
                self.sentence_index.append(index)

    def drop(self, index: int, step: str) -> None:
        """Mark an utterance as dropped, unless an earlier step has dropped it."""
        if self.dropped[index] == KEPT:
            self.dropped[index] = STEP_NUMBER[step]

    def arrays(self) -> dict[str, np.ndarray]:
        """The columns as numpy arrays that share their memory."""
        columns = {name: value for name, value in vars(self).items() if isinstance(value, array)}
        return {name: np.frombuffer(column, column.typecode) for name, column in columns.items()}


def long_enough(normalized: str, code: str, rules: Rules) -> bool:
    """True if a normalized text is too long to be in two splits by coincidence."""
    by_characters = language(code).unit == "char"
    words = len(normalized) / 2 if by_characters else len(normalized.split())
    return words >= rules.min_overlap_words


# a check yields findings with the index of their utterance (None: about the corpus). It sees the
# utterances that earlier checks have kept, and runs to its end before any of its own are dropped
Findings = Iterator[tuple[int | None, Finding]]


def check_rates(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Find utterances far from the median speaking rate (log characters a second) of a language."""
    a = table.arrays()
    usable = (a["dropped"] == KEPT) & (a["characters"] > 0) & (a["seconds"] > 0)
    for code, number in table.languages.items():
        indices = np.flatnonzero(usable & (a["language"] == number))
        if len(indices) < MIN_RATE_UTTERANCES:
            continue
        rates = a["characters"][indices] / a["seconds"][indices]
        log_rates = np.log(rates)
        median = np.median(log_rates)
        deviations = np.abs(log_rates - median)
        spread = max(1.4826 * np.median(deviations), MIN_RATE_SPREAD)
        usual = f"the median of {language(code).name} is {np.exp(median):.1f}"
        for position in np.flatnonzero(deviations > rules.max_rate_deviation * spread):
            index = int(indices[position])
            problem = f"{rates[position]:.1f} characters a second; {usual}"
            remedy = "listen: text and audio may not belong together"
            yield index, make_finding(utterances[index], "speaking rate", problem, remedy)


def check_duplicates(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Find repeated audio, and sentences that a speaker repeats within a split too often.

    Within a split, the same audio may come with another question or another translation.
    """
    a = table.arrays()
    split, content, audio = a["split"], a["content_key"], a["audio_key"]
    transcript = a["transcript_key"]
    reported: set[int] = set()

    decoded = np.flatnonzero((a["dropped"] == KEPT) & (audio != 0))
    for index, first in _repeats(audio[decoded] ^ content[decoded], decoded, split):
        reported.add(index)
        yield index, _duplicate(utterances, index, first, "same audio and text as")
    for index, first in _repeats(audio[decoded], decoded, split):
        differs = split[index] != split[first] or transcript[index] != transcript[first]
        if index not in reported and differs:
            reported.add(index)
            yield index, _duplicate(utterances, index, first, "same audio, with other text, as")

    if not rules.max_repeats:
        return
    known = np.flatnonzero((a["dropped"] == KEPT) & (a["speaker"] >= 0))
    # an odd constant mixes the bits of the speaker's number
    speaker_key = a["speaker"][known].astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for index, first in _repeats(content[known] ^ speaker_key, known, split, rules.max_repeats):
        # between splits it is for the overlap check
        if index not in reported and split[index] == split[first]:
            problem = "same sentence by the same speaker as"
            yield index, _duplicate(utterances, index, first, problem)


def _repeats(
    keys: np.ndarray, indices: np.ndarray, split: np.ndarray, allowed: int = 1
) -> Iterator[tuple[int, int]]:
    """Yield (index, index of the first) of equal keys after the first `allowed`.

    Of equal keys, test comes before dev before train.
    """
    order = np.lexsort((indices, -split[indices], keys))
    keys, indices = keys[order], indices[order]
    edges = (
        np.flatnonzero(np.r_[True, keys[1:] != keys[:-1], True]) if len(keys) else np.zeros(1, int)
    )
    for group in np.flatnonzero(np.diff(edges) > allowed):
        start, end = edges[group], edges[group + 1]
        for index in indices[start + allowed : end]:
            yield int(index), int(indices[start])


def _duplicate(utterances: UtteranceStore, index: int, first: int, problem: str) -> Finding:
    utterance, other = utterances[index], utterances[first]
    # if the other is in another split, that one is more held out, and this one has to go
    outcome = "dropped" if utterance.split != other.split else ""
    remedy = "nothing to do: the first is kept"
    return make_finding(utterance, "duplicate", f"{problem} {other.origin}", remedy, outcome)


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
    """Note speakers of train that are also in dev or test; drop them from train if required."""
    a = table.arrays()
    known = (a["dropped"] == KEPT) & (a["speaker"] >= 0)
    counts = np.zeros((len(table.speakers), len(SPLITS)), int)
    np.add.at(counts, (a["speaker"][known], a["split"][known]), 1)
    names = list(table.speakers)  # in the order of their numbers
    for number in np.flatnonzero((counts[:, TRAIN] > 0) & (counts[:, TRAIN + 1 :].sum(1) > 0)):
        found = zip(SPLITS, counts[number], strict=True)
        places = ", ".join(f"{count} in {split}" for split, count in found if count)
        yield (
            None,
            Finding(
                step="speaker",
                origin="",
                problem=f"speaker {names[number]!r} is in several splits: {places}",
                remedy=(
                    "scores say little about other voices; Rules(shared_speakers='drop') removes "
                    "such speakers from train"
                ),
                outcome="noted",
            ),
        )
        if rules.shared_speakers == "drop":
            of_speaker = known & (a["speaker"] == number) & (a["split"] == TRAIN)
            for index in np.flatnonzero(of_speaker).tolist():
                problem = f"speaker {names[number]!r} is also in dev or test"
                yield index, make_finding(utterances[index], "speaker", problem, "nothing to do")


def check_voices(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Note speakers whose clips sound like two people: one clip of each voice.

    The clips of a speaker, sorted by pitch, are split at the widest gap. They are two voices if
    both parts have enough clips, and their medians are MIN_VOICE_SEMITONES apart and
    MIN_VOICE_SPREADS times what either varies. A single lively voice has no such gap.
    """
    a = table.arrays()
    known = np.flatnonzero((a["speaker"] >= 0) & np.isfinite(a["pitch"]))
    order = known[np.lexsort((a["pitch"][known], a["speaker"][known]))]
    names = list(table.speakers)
    for clips in np.split(order, np.flatnonzero(np.diff(a["speaker"][order])) + 1):
        if len(clips) < 2 * MIN_VOICE_CLIPS:
            continue
        semitones = 12 * np.log2(a["pitch"][clips].astype(float))
        gaps = np.diff(semitones)[MIN_VOICE_CLIPS - 1 : len(clips) - MIN_VOICE_CLIPS]
        cut = MIN_VOICE_CLIPS + int(np.argmax(gaps))
        voices = [(clips[:cut], semitones[:cut]), (clips[cut:], semitones[cut:])]
        medians = [float(np.median(pitches)) for _, pitches in voices]
        spread = max(*(float(pitches.std()) for _, pitches in voices), 0.25)
        if medians[1] - medians[0] <= max(MIN_VOICE_SEMITONES, MIN_VOICE_SPREADS * spread):
            continue
        name = names[int(a["speaker"][clips[0]])]
        for (voice_clips, pitches), median in zip(voices, medians, strict=True):
            index = int(voice_clips[np.argmin(np.abs(pitches - median))])
            problem = f"one of two voices under the name {name!r}: near {2 ** (median / 12):.0f} Hz"
            remedy = "listen to both, and give each speaker a name"
            yield index, make_finding(utterances[index], "sound", problem, remedy, "noted")


CHECKS = (check_rates, check_duplicates, check_overlaps, check_speakers, check_voices)
