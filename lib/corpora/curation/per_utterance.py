"""What is wrong with one utterance, looked at by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lib.corpora import text
from lib.corpora.audio import BadAudio
from lib.corpora.audio_stats import Header, Sound
from lib.corpora.curation.rules import Rules, outcome
from lib.corpora.voices import SAMPLING_RATE
from lib.utterance import Finding, Utterance

UNITS = {1000.0: "milliseconds", 1000 / 60: "milliseconds divided by 60", 1 / 60: "minutes", 16000.0: "samples"}


def finding(utterance: Utterance, step: str, what: str, remedy: str, became: str = "") -> Finding:
    """A finding about an utterance; dev and test are spared by the steps that are about quality only."""
    if not became and (became := outcome(step, utterance.split)) == "noted":
        remedy = f"kept, since it is {utterance.split} material"
    return Finding(step, utterance.id, utterance.origin, what, remedy, became)


def outside(utterance: Utterance, folder: Path, rules: Rules) -> Finding | None:
    """What forbids the utterance before its file is touched: its licence, or where the file lies."""
    if rules.licences and utterance.licence not in rules.licences:
        allowed = ", ".join(rules.licences)
        return finding(utterance, "licence", f"its licence is {utterance.licence or 'not stated'!r}", f"the run allows {allowed}")
    # by the words of the path: a link inside the folder to a disk elsewhere is the user's own doing
    if not os.path.normpath(utterance.audio).startswith(f"{os.path.normpath(folder)}{os.sep}"):
        return finding(utterance, "file", f"{str(utterance.audio)!r} lies outside {folder}", "move the file into the folder")
    return None


def of_file(utterance: Utterance, header: Header | BadAudio, rules: Rules) -> Iterator[Finding]:
    """What is wrong with the file as it says of itself."""
    if isinstance(header, BadAudio):
        yield finding(utterance, "file", str(header), "repair the file, or leave the line out")
        return
    if header.seconds < header.promised - rules.tolerance:
        what = f"{utterance.audio.name} is cut off: its header promises {header.promised:.2f} s, it holds {header.seconds:.2f} s"
        yield finding(utterance, "file", what, "copy or download the file again")
        return
    listed, real = utterance.seconds, header.seconds
    if utterance.start is not None:
        if utterance.start + listed > real + rules.tolerance:
            what = f"ends at {utterance.start + listed:.2f} s, but {utterance.audio.name} lasts {real:.2f} s"
            yield finding(utterance, "length", what, "look at offset and duration, and their unit")
            return
    elif listed == listed and abs(listed - real) > rules.tolerance:  # NaN where nothing is listed
        unit = next((name for factor, name in UNITS.items() if abs(listed / real / factor - 1) < 0.02), None)
        guess = f" ({unit}?)" if unit else ""
        what = f"seconds is {listed:g}{guess}, but {utterance.audio.name} lasts {real:.3f}"
        yield finding(utterance, "length", what, "correct the column, or empty it: the file knows its length")
        return
    if header.channels > 1:
        yield finding(utterance, "file", f"{header.channels} channels", "they are averaged", "repaired")
    if header.rate < SAMPLING_RATE:
        what = f"{header.rate} Hz: nothing above {header.rate // 2} Hz can be heard"
        yield finding(utterance, "file", what, f"resampled to {SAMPLING_RATE} Hz", "repaired")


def of_length(utterance: Utterance, rules: Rules) -> Finding | None:
    """Too short or too long; a test clip that is too long is decoded in parts (lib/corpora/segments.py)."""
    if utterance.seconds != utterance.seconds:
        return finding(utterance, "length", "no length is listed", "let files be opened: audio='header'")
    if utterance.seconds <= 0 or utterance.seconds < rules.shortest:
        what = f"{utterance.seconds:.3f} s is shorter than {rules.shortest:g} s"
        # nothing can be heard in it, whatever the split
        return Finding("duration", utterance.id, utterance.origin, what, "leave the line out, or record it again")
    if utterance.seconds > rules.longest:
        what = f"{utterance.seconds:.1f} s is longer than {rules.longest:g} s"
        return finding(utterance, "duration", what, "cut the recording at pauses, text and all, or raise `longest`")
    return None


def of_texts(utterance: Utterance, rules: Rules) -> Iterator[Finding]:
    """Empty or too short texts, invisible characters, and texts in another language than the list says."""
    if rules.wanted and rules.wanted not in utterance.texts:
        yield finding(utterance, "text", f"it has no text in {rules.wanted}", "translate it, or leave it out")
        return
    if not any(utterance.texts.values()) and not utterance.question:
        yield finding(utterance, "text", "there is no text at all", "write its transcript or its translation, or leave it out")
        return
    for code, words in utterance.texts.items():
        clean, repairs = text.repaired(words)
        for what in repairs:
            yield finding(utterance, "text", f"{code} text has {what}", "taken out of the text", "repaired")
        kind = "transcript" if code == utterance.language else "translation"
        if not text.comparable(clean):
            yield finding(utterance, "text", f"{code} {kind} is empty", "fill it in, or leave the line out")
            return
        if len(clean) < rules.fewest_characters:
            what = f"{code} {kind} has {len(clean)} characters, fewer than {rules.fewest_characters}"
            yield finding(utterance, "text", what, "lower `fewest_characters` to keep it")
            return
        if text.quoted(clean):
            remedy = "kept as they are: in a TSV a quote is a character; export without quoting if they are not the text's"
            yield finding(utterance, "text", f"{code} {kind} has quotes around it, or one that is not closed", remedy, "noted")
    if rules.language:
        yield from _languages(utterance)


def _languages(utterance: Utterance) -> Iterator[Finding]:
    codes = list(utterance.texts)
    seems = {}
    for code in codes:
        other = next((c for c in codes if c != code), None)
        if found := text.foreign(utterance.texts[code], code, other):
            seems[code] = found
    if len(seems) == 2 and all(seems[code] == other for code, other in zip(codes, reversed(codes), strict=True)):
        yield finding(
            utterance, "language", f"{codes[0]} and {codes[1]} texts are swapped", "exchange the two columns in this line"
        )
    elif seems:
        what = "; ".join(f"{code} text seems to be {found}" for code, found in seems.items())
        yield finding(utterance, "language", what, "correct the text or its language, or set `language` to False")


def of_sound(utterance: Utterance, sound: Sound | BadAudio, rules: Rules) -> Finding | None:
    """What is wrong with the samples."""
    if isinstance(sound, BadAudio):
        return finding(utterance, "file", str(sound), "copy or download the file again")
    if sound.seconds < utterance.seconds - rules.tolerance:
        what = f"{utterance.audio.name} is cut off: {sound.seconds:.2f} s can be decoded of {utterance.seconds:.2f} s"
        return finding(utterance, "file", what, "copy or download the file again")
    if sound.level < rules.quietest:
        what = f"silent: {sound.level:.0f} dB of full scale, mono"
        return finding(utterance, "sound", what, "look at the recording; channels may cancel each other")
    if sound.clipped > rules.clipped:
        what = f"clipped: {100 * sound.clipped:.1f} % of the samples at full scale"
        return finding(utterance, "sound", what, "record it again with less gain, or raise `clipped`")
    return None
