"""Checks of single utterances: licence, file, length, texts and audio."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from lib.corpora import text
from lib.corpora.audio import BadAudio
from lib.corpora.audio_stats import AudioStats, Header
from lib.corpora.curation.rules import Rules, licence_remedy, outcome_of
from lib.corpora.curation.text_defects import pair_defect, text_defects
from lib.utterance import SAMPLING_RATE, Finding, Utterance

MAX_CHARACTERS_PER_SECOND = 100  # of speech; the fastest speakers say 30
MIN_DROP_DB = 45.0  # at 4 kHz; speech recorded at 16 kHz has 35 at most, at 8 kHz 80
MAX_DC_OFFSET = 0.05  # of full scale
MAX_STILL_SHARE = 0.4  # of the samples; synthetic voices with pauses have 0.3
MAX_NOISE_MODULATION_DB = 3.0  # of sound without a voice
# listed length / actual length -> the unit that was probably used instead of seconds
WRONG_UNITS = {
    1000.0: "milliseconds",
    1000 / 60: "milliseconds divided by 60",
    1 / 60: "minutes",
    16000.0: "samples",
}


def make_finding(
    utterance: Utterance, step: str, problem: str, remedy: str, outcome: str = ""
) -> Finding:
    """A finding about an utterance; without an outcome, it follows from step and split."""
    if not outcome:
        outcome = outcome_of(step, utterance.split)
        if outcome == "noted":
            remedy = f"kept, since it is in {utterance.split}"
    return Finding(
        step=step,
        id=utterance.id,
        origin=utterance.origin,
        problem=problem,
        remedy=remedy,
        outcome=outcome,
    )


def check_access(utterance: Utterance, folder: Path, rules: Rules) -> Finding | None:
    """Check the licence and that the file is inside the corpus folder, without opening it."""
    if remedy := licence_remedy(utterance.licence, rules.licences):
        problem = f"its licence is {utterance.licence or 'not stated'!r}"
        return make_finding(utterance, "licence", problem, remedy)
    # links are not resolved: one from the folder to another disk is the user's choice
    if not os.path.normpath(utterance.audio).startswith(f"{os.path.normpath(folder)}{os.sep}"):
        problem = f"{str(utterance.audio)!r} is outside {folder}"
        return make_finding(utterance, "file", problem, "move the file into the folder")
    return None


def check_header(
    utterance: Utterance, header: Header | BadAudio, rules: Rules
) -> Iterator[Finding]:
    """Check the file's header: readable, complete, as long as listed; note rate and channels."""
    if isinstance(header, BadAudio):
        yield make_finding(utterance, "file", str(header), "repair the file, or delete the line")
        return
    if header.seconds < header.declared_seconds - rules.tolerance_seconds:
        declared = f"its header declares {header.declared_seconds:.2f} s"
        problem = f"{utterance.audio.name} is truncated: {declared}, it has {header.seconds:.2f} s"
        yield make_finding(utterance, "file", problem, "copy or download the file again")
        return
    mismatch = _length_mismatch(utterance, header, rules)
    if mismatch:
        yield mismatch
        return
    if header.channels > 1:
        problem, remedy = f"{header.channels} channels", "they are averaged"
        yield make_finding(utterance, "file", problem, remedy, "repaired")
    rate = header.sampling_rate
    if rate < SAMPLING_RATE:
        problem, remedy = (
            f"{rate} Hz: no audio above {rate // 2} Hz",
            f"resampled to {SAMPLING_RATE} Hz",
        )
        yield make_finding(utterance, "file", problem, remedy, "repaired")


def _length_mismatch(utterance: Utterance, header: Header, rules: Rules) -> Finding | None:
    listed, actual = utterance.seconds, header.seconds
    name = utterance.audio.name
    if utterance.start is not None:
        end = utterance.start + listed
        if end > actual + rules.tolerance_seconds:
            problem = f"ends at {end:.2f} s, but {name} lasts {actual:.2f} s"
            remedy = "correct offset and duration, or their unit"
            return make_finding(utterance, "length", problem, remedy)
    elif not math.isnan(listed) and abs(listed - actual) > rules.tolerance_seconds:
        ratio = listed / actual
        units = [unit for factor, unit in WRONG_UNITS.items() if abs(ratio / factor - 1) < 0.02]
        hint = f" ({units[0]}?)" if units else ""
        problem = f"seconds is {listed:g}{hint}, but {name} lasts {actual:.3f}"
        remedy = "correct the column, or empty it: the length is then read from the file"
        return make_finding(utterance, "length", problem, remedy)
    return None


def check_duration(utterance: Utterance, rules: Rules) -> Finding | None:
    """Check the limits of length. Long test audio is decoded in parts (lib/data/segments.py)."""
    seconds = utterance.seconds
    if math.isnan(seconds):
        remedy = "let files be opened: audio='header'"
        return make_finding(utterance, "length", "no length is listed", remedy)
    if utterance.start is not None and utterance.start < 0:
        problem = f"starts at {utterance.start:.2f} s, before {utterance.audio.name} does"
        return make_finding(utterance, "length", problem, "correct the offset")
    if seconds <= 0 or seconds < rules.min_seconds:
        problem = f"{seconds:.3f} s is shorter than {rules.min_seconds:g} s"
        remedy = "delete the line, or record it again"
        return make_finding(utterance, "duration", problem, remedy, "dropped")  # in any split
    if seconds > rules.max_seconds:
        problem = f"{seconds:.1f} s is longer than {rules.max_seconds:g} s"
        remedy = "cut audio and text at pauses, or raise `max_seconds`"
        return make_finding(utterance, "duration", problem, remedy)
    return None


def find_too_much_text(utterance: Utterance) -> Finding | None:
    """Find a text that nobody can have said in that time: rather a whole file than a sentence."""
    longest = max(map(len, utterance.texts.values()), default=0)
    if longest <= MAX_CHARACTERS_PER_SECOND * max(1.0, utterance.seconds):
        return None
    problem = f"a text of {longest:,} characters for {utterance.seconds:.2f} s of speech"
    remedy = "look for missing line breaks or an unclosed quote"
    return make_finding(utterance, "speaking rate", problem, remedy)


def check_texts(utterance: Utterance, rules: Rules) -> Iterator[Finding]:
    """Check for missing, empty or doubtful texts (see text_defects.py), and the language."""
    required = rules.required_language
    if required and required not in utterance.texts:
        yield make_finding(utterance, "text", f"it has no text in {required}", "add or delete it")
        return
    if not any(utterance.texts.values()) and not utterance.question:
        remedy = "add a transcript or a translation, or delete the line"
        yield make_finding(utterance, "text", "it has no text", remedy)
        return
    if lengthy := find_too_much_text(utterance):
        yield lengthy
        return
    for code, original in utterance.texts.items():
        clean, repairs = text.repair_text(original)
        for repair in repairs:
            problem = f"{code} text has {repair}"
            yield make_finding(utterance, "text", problem, "removed from the text", "repaired")
        kind = "transcript" if code == utterance.language else "translation"
        if not text.normalize_text(clean):
            remedy = "fill it in, or delete the line"
            yield make_finding(utterance, "text", f"{code} {kind} is empty", remedy)
            return
        if len(clean) < rules.min_characters:
            count = f"{len(clean)} characters, fewer than {rules.min_characters}"
            remedy = "lower `min_characters` to keep it"
            yield make_finding(utterance, "text", f"{code} {kind} has {count}", remedy)
            return
        if text.has_stray_quotes(clean):
            problem = f"{code} {kind} is in quotes, or has an unclosed one"
            remedy = (
                "kept: quotes are characters in a TSV. Export without quoting if they are not text"
            )
            yield make_finding(utterance, "text", problem, remedy, "noted")
        for problem, remedy in text_defects(code, original):
            problem = f"{code} {kind} {problem}"
            yield make_finding(utterance, "text", problem, remedy, "noted")
    transcript = utterance.texts.get(utterance.language)
    for code, translation in utterance.texts.items() if transcript else ():
        if code == utterance.language:
            continue
        if problem := pair_defect(utterance.language, transcript, code, translation):
            remedy = "compare the two: one may be of another line, or copied"
            yield make_finding(utterance, "text", problem, remedy, "noted")
    if rules.check_language and (mismatch := _language_mismatch(utterance)):
        yield mismatch


def _language_mismatch(utterance: Utterance) -> Finding | None:
    codes = list(utterance.texts)
    detected = {}
    for code in codes:
        other = next((c for c in codes if c != code), None)
        if found := text.language_mismatch(utterance.texts[code], code, other):
            detected[code] = found
    if not detected:
        return None
    # where one is surely the other's language, the other need not be so sure
    seems = {
        code: detected.get(code) or text.identified_language(utterance.texts[code])
        for code in codes
    }
    if len(codes) == 2 and seems == dict(zip(codes, reversed(codes), strict=True)):
        problem = f"{codes[0]} and {codes[1]} texts are swapped"
        return make_finding(utterance, "language", problem, "exchange the columns in this line")
    problem = "; ".join(f"{code} text seems to be {found}" for code, found in detected.items())
    remedy = "correct the text or its language, or set `check_language` to False"
    return make_finding(utterance, "language", problem, remedy)


def check_audio(
    utterance: Utterance, stats: AudioStats | BadAudio, rules: Rules
) -> Iterator[Finding]:
    """Check the decoded audio: complete, neither silent nor clipped; note what is doubtful."""
    if problem := _unusable(utterance, stats, rules):
        yield make_finding(utterance, "file", problem, "copy or download the file again")
        return
    if stats.level_db < rules.min_level_db:
        problem = f"silent: {stats.level_db:.0f} dB of full scale, mono"
        remedy = "check the recording; its channels may cancel each other"
        yield make_finding(utterance, "sound", problem, remedy)
        return
    for share, where in (
        (stats.clipped_share, "at full scale"),
        (stats.flat_share, "on plateaus, turned down since"),
    ):
        if share > rules.max_clipped_share:
            problem = f"clipped: {100 * share:.1f} % of the samples {where}"
            remedy = "record it again with less gain, or raise `max_clipped_share`"
            yield make_finding(utterance, "sound", problem, remedy)
            return
    for doubt, problem, remedy in _doubts(stats):
        if doubt:
            yield make_finding(utterance, "sound", problem, remedy, "noted")


def _unusable(utterance: Utterance, stats: AudioStats | BadAudio, rules: Rules) -> str:
    if isinstance(stats, BadAudio):
        return str(stats)
    if stats.seconds >= utterance.seconds - rules.tolerance_seconds:
        return ""
    decoded = f"{stats.seconds:.2f} of {utterance.seconds:.2f} s can be decoded"
    return f"{utterance.audio.name} is truncated: {decoded}"


def _doubts(stats: AudioStats) -> tuple[tuple[bool, str, str], ...]:
    """What a person should listen to: whether it is so, the problem and its remedy."""
    unvoiced = math.isnan(stats.pitch_hz)
    return (
        (
            unvoiced and stats.modulation_db < MAX_NOISE_MODULATION_DB,
            f"steady noise, without a voice: its level varies by {stats.modulation_db:.1f} dB",
            "listen: nothing may be said",
        ),
        (
            stats.still_share > MAX_STILL_SHARE,
            f"{100 * stats.still_share:.0f} % of it is digital silence",
            "look for samples that were lost in recording or copying",
        ),
        (
            abs(stats.dc_offset) > MAX_DC_OFFSET,
            f"its mean is {stats.dc_offset:+.2f} of full scale (DC offset)",
            "subtract it, and look at the microphone's input",
        ),
        (
            stats.drop_at_4_khz_db > MIN_DROP_DB,
            f"no audio above 4 kHz ({stats.drop_at_4_khz_db:.0f} dB less): upsampled from 8 kHz",
            "keep it as telephone speech, or find the original",
        ),
        (
            bool(stats.silent_channels),
            f"channel {stats.silent_channels} is silent: averaging halves the level",
            "export the other channel alone",
        ),
    )
