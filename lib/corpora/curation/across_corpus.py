"""Checks that compare utterances within a corpus: speaking rates, duplicates, texts, voices."""

from __future__ import annotations

import numpy as np

from lib.corpora.curation import leaks
from lib.corpora.curation.corpus_table import KEPT, CorpusTable, Findings, repeats
from lib.corpora.curation.per_utterance import find_too_much_text, make_finding
from lib.corpora.curation.rules import Rules
from lib.corpora.store import UtteranceStore
from lib.languages import language
from lib.utterance import Finding

MIN_RATE_UTTERANCES = 50  # of a language, for its median speaking rate to be reliable
# of the log speaking rate: a floor for corpora of similar sentences
MIN_RATE_SPREAD = 0.2
MIXER = np.uint64(0x9E3779B97F4A7C15)  # an odd constant spreads small numbers over all bits
MAX_TRANSCRIPTS = 9  # different ones, with the same translation
# two voices under one name: clips of each, distance in semitones, distance in spreads of either
MIN_VOICE_CLIPS, MIN_VOICE_SEMITONES, MIN_VOICE_SPREADS = 3, 5.0, 4.0


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
            if find_too_much_text(utterances[index]):
                continue  # this is a finding already
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
    for index, first in repeats(audio[decoded] ^ content[decoded], decoded, split):
        reported.add(index)
        yield index, _duplicate(utterances, index, first, "same audio and text as")
    for index, first in repeats(audio[decoded], decoded, split):
        differs = split[index] != split[first] or transcript[index] != transcript[first]
        if index not in reported and differs:
            reported.add(index)
            yield index, _duplicate(utterances, index, first, "same audio, with other text, as")

    if not rules.max_repeats:
        return
    known = np.flatnonzero((a["dropped"] == KEPT) & (a["speaker"] >= 0))
    speaker_key = a["speaker"][known].astype(np.uint64) * MIXER
    for index, first in repeats(content[known] ^ speaker_key, known, split, rules.max_repeats):
        # between splits it is for the overlap check
        if index not in reported and split[index] == split[first]:
            problem = "same sentence by the same speaker as"
            yield index, _duplicate(utterances, index, first, problem)


def _duplicate(utterances: UtteranceStore, index: int, first: int, problem: str) -> Finding:
    utterance, other = utterances[index], utterances[first]
    # if the other is in another split, that one is more held out, and this one has to go
    outcome = "dropped" if utterance.split != other.split else ""
    remedy = "nothing to do: the first is kept"
    return make_finding(utterance, "duplicate", f"{problem} {other.origin}", remedy, outcome)


def check_translations(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Note a translation that stands beside many different transcripts, once.

    It may be a template, or a cell that was filled down; short ones are left out, as always.
    """
    a = table.arrays()
    index_of = a["sentence_index"]
    usable = (a["dropped"][index_of] == KEPT) & (a["characters"][index_of] > 0)
    index_of = index_of[usable]
    # of a spoken language: a translation may well have transcripts in many
    sentence = a["sentence_key"][usable] ^ a["language"][index_of].astype(np.uint64) * MIXER
    transcript = a["transcript_key"][index_of]
    order = np.lexsort((transcript, sentence))
    sentence, transcript, index_of = sentence[order], transcript[order], index_of[order]
    first = np.r_[True, sentence[1:] != sentence[:-1]]
    starts = np.flatnonzero(first[: len(sentence)])
    if not len(starts):
        return
    counts = np.add.reduceat(
        first | np.r_[True, transcript[1:] != transcript[:-1]], starts, dtype=int
    )
    lines = np.minimum.reduceat(index_of, starts)
    for group in np.flatnonzero(counts > MAX_TRANSCRIPTS):
        index, count = int(lines[group]), counts[group]
        problem = f"its translation is that of {count} different transcripts"
        remedy = "compare the lines: the translation may have been copied down"
        yield index, make_finding(utterances[index], "text", problem, remedy, "noted")


def check_voices(table: CorpusTable, utterances: UtteranceStore, rules: Rules) -> Findings:
    """Note speakers whose clips sound like two people: one clip of each voice.

    The clips of a speaker in a language, sorted by pitch, are split at the widest gap. They are two
    voices if both parts have enough clips, and their medians are MIN_VOICE_SEMITONES apart and
    MIN_VOICE_SPREADS times what either varies. A single lively voice has no such gap.
    """
    a = table.arrays()
    known = np.flatnonzero((a["speaker"] >= 0) & np.isfinite(a["pitch"]))
    voice = a["speaker"] * len(table.languages) + a["language"]
    order = known[np.lexsort((a["pitch"][known], voice[known]))]
    names = list(table.speakers)
    for clips in np.split(order, np.flatnonzero(np.diff(voice[order])) + 1):
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


CHECKS = (
    check_rates,
    check_translations,
    check_duplicates,
    leaks.check_copies,
    leaks.check_parts,
    leaks.check_overlaps,
    leaks.check_speakers,
    check_voices,
)
