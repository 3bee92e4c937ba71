"""Every utterance looked at by itself, in chunks: its file opened, its texts read, its sound heard."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, fields, replace
from itertools import islice
from pathlib import Path

import numpy as np

from lib.corpora.audio_stats import Header, Measured, Sound
from lib.corpora.curation import per_utterance
from lib.corpora.curation.across_corpus import Facts
from lib.corpora.curation.rules import Rules
from lib.corpora.store import UtteranceStore
from lib.corpora.synthesis import Progress
from lib.utterance import Finding, Utterance

CHUNK = 500  # utterances looked at together
LONG = 10  # caps
FINDINGS = "findings.tsv"
CONTROL = re.compile("[\x00-\x1f\x7f]")


class Findings:
    """findings.tsv as it is written."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._file = open(folder / FINDINGS, "w", newline="", encoding="utf-8")  # noqa: SIM115
        self._rows = csv.writer(self._file, delimiter="\t", lineterminator="\n")
        self._rows.writerow([field.name for field in fields(Finding)])

    def __enter__(self) -> Findings:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def write(self, found: Iterable[Finding]) -> None:
        """Write findings down."""
        # whatever would break a line: a name may hold anything
        self._rows.writerows([CONTROL.sub(" ", value) for value in astuple(finding)] for finding in found)


class Examination:
    """Every utterance by itself, in chunks; and counts of what the files are like."""

    def __init__(self, folder: Path, rules: Rules, measured: Measured, progress: Progress) -> None:
        self.folder, self.rules, self.measured, self.progress = folder, rules, measured, progress
        self.files = {"rates": Counter(), "channels": Counter(), "lengths": Counter(given=0, whole=0)}

    def of(self, raw: UtteranceStore, findings: Findings) -> Facts:
        """Look at all of them, write down what is found, and remember what the steps that compare them need."""
        facts, rows = Facts(), iter(raw)
        first = np.zeros(len(raw), bool)
        first[np.unique(raw.rows.columns["id"], return_index=True)[1]] = True
        while chunk := list(islice(rows, CHUNK)):
            told = [self._unopened(utterance, first[len(facts.split) + index]) for index, utterance in enumerate(chunk)]
            if self.rules.audio != "listed":
                self._open(chunk, told)
            for index, utterance in enumerate(chunk):
                self._read(utterance, told[index])
            sounds = self._hear(chunk, told) if self.rules.audio == "heard" else {}
            for index, (utterance, found) in enumerate(zip(chunk, told, strict=True)):
                facts.add(utterance, found, sounds.get(index), self.rules)
                findings.write(found)
            self.progress("curating", len(facts.split), len(raw))
        return facts

    def _unopened(self, utterance: Utterance, first: np.bool_) -> list[Finding]:
        self.files["lengths"]["given"] += utterance.seconds == utterance.seconds
        self.files["lengths"]["whole"] += utterance.seconds % 1 == 0
        if not first:
            remedy = "give each utterance a name of its own"
            return [per_utterance.finding(utterance, "identifier", f"the id {utterance.id!r} stands on an earlier line too", remedy)]
        wrong = per_utterance.outside(utterance, self.folder, self.rules)
        return [wrong] if wrong else []

    def _open(self, chunk: list[Utterance], told: list[list[Finding]]) -> None:
        """The headers; an utterance without a length gets its file's."""
        wanted = [index for index, found in enumerate(told) if not found]
        headers = self.measured.headers([chunk[index].audio for index in wanted])
        for index, header in zip(wanted, headers, strict=True):
            told[index] += per_utterance.of_file(chunk[index], header, self.rules)
            if isinstance(header, Header):
                self.files["rates"][str(header.rate)] += 1
                self.files["channels"][str(header.channels)] += 1
                if chunk[index].start is None:
                    chunk[index] = replace(chunk[index], seconds=header.seconds)

    def _read(self, utterance: Utterance, found: list[Finding]) -> None:
        if not _dropped(found) and (wrong := per_utterance.of_length(utterance, self.rules)):
            found.append(wrong)
        if not _dropped(found):
            found += per_utterance.of_texts(utterance, self.rules)

    def _hear(self, chunk: list[Utterance], told: list[list[Finding]]) -> dict[int, Sound]:
        # what is many times as long as the cap is a whole recording, which is not read into memory for this
        most, wanted = LONG * self.rules.longest, []
        for index, found in enumerate(told):
            if not _dropped(found) and chunk[index].seconds <= most:
                wanted.append(index)
            elif not _dropped(found):
                what = f"{chunk[index].seconds:.0f} s, which is {LONG} times the cap and more, was not listened to"
                found.append(per_utterance.finding(chunk[index], "sound", what, "cut the recording, or raise `longest`", "noted"))
        heard = {}
        for index, sound in zip(wanted, self.measured.sounds([chunk[p].sound for p in wanted]), strict=True):
            if wrong := per_utterance.of_sound(chunk[index], sound, self.rules):
                told[index].append(wrong)
            if isinstance(sound, Sound):
                heard[index] = sound
        return heard


def _dropped(found: list[Finding]) -> bool:
    return any(finding.outcome == "dropped" for finding in found)
