"""Check every utterance by itself, in chunks: listing, file header, texts, samples."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import astuple, fields, replace
from itertools import islice
from pathlib import Path

import numpy as np

from lib.corpora.audio_stats import AudioStats, AudioStatsCache, Header
from lib.corpora.curation import per_utterance
from lib.corpora.curation.corpus_table import CorpusTable
from lib.corpora.curation.rules import Rules
from lib.corpora.store import UtteranceStore
from lib.progress import Progress
from lib.spreadsheet import as_text
from lib.utterance import Finding, Utterance

CHUNK = 500  # utterances
# longer audio, in multiples of max_seconds, is not decoded: it would be read into memory
MAX_DECODED = 10
FINDINGS_FILE = "findings.tsv"
CONTROL_CHARACTERS = re.compile("[\x00-\x1f\x7f]")


class FindingsWriter:
    """Writes findings.tsv."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._file = open(folder / FINDINGS_FILE, "w", newline="", encoding="utf-8")  # noqa: SIM115
        self._rows = csv.writer(self._file, delimiter="\t", lineterminator="\n")
        self._rows.writerow([field.name for field in fields(Finding)])

    def __enter__(self) -> FindingsWriter:
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def write(self, findings: Iterable[Finding]) -> None:
        """Append findings; control characters, which would break a line, become spaces."""
        self._rows.writerows(
            [as_text(CONTROL_CHARACTERS.sub(" ", value)) for value in astuple(finding)]
            for finding in findings
        )


class Examination:
    """Checks of single utterances; `file_counts` describes the files of the corpus."""

    def __init__(
        self, folder: Path, rules: Rules, stats_cache: AudioStatsCache, progress: Progress
    ) -> None:
        self.folder, self.rules = folder, rules
        self.stats_cache, self.progress = stats_cache, progress
        self.file_counts = {
            "rates": Counter(),
            "channels": Counter(),
            "lengths": Counter(given=0, whole=0),
        }

    def run(self, utterances: UtteranceStore, writer: FindingsWriter) -> CorpusTable:
        """Check all utterances and write the findings; returns what the corpus checks need."""
        table, stream = CorpusTable(), iter(utterances)
        has_new_id = np.zeros(len(utterances), bool)
        has_new_id[np.unique(utterances.rows.columns["id"], return_index=True)[1]] = True
        while chunk := list(islice(stream, CHUNK)):
            start = len(table.split)
            findings = [
                self._check_listing(utterance, has_new_id[start + offset])
                for offset, utterance in enumerate(chunk)
            ]
            if self.rules.audio != "none":
                self._check_headers(chunk, findings)
            for utterance, found in zip(chunk, findings, strict=True):
                self._check_texts(utterance, found)
            stats = self._check_audio(chunk, findings) if self.rules.audio == "samples" else {}
            for offset, utterance in enumerate(chunk):
                table.add(utterance, findings[offset], stats.get(offset), self.rules)
                writer.write(findings[offset])
            self.progress("curating", len(table.split), len(utterances))
        return table

    def _check_listing(self, utterance: Utterance, has_new_id: np.bool_) -> list[Finding]:
        self.file_counts["lengths"]["given"] += not math.isnan(utterance.seconds)
        self.file_counts["lengths"]["whole"] += utterance.seconds % 1 == 0
        if not has_new_id:
            problem = f"the id {utterance.id!r} is also on an earlier line"
            remedy = "give each utterance its own id"
            return [per_utterance.make_finding(utterance, "identifier", problem, remedy)]
        finding = per_utterance.check_access(utterance, self.folder, self.rules)
        return [finding] if finding else []

    def _check_headers(self, chunk: list[Utterance], findings: list[list[Finding]]) -> None:
        """Read headers; an utterance that is a whole file gets the length of the file."""
        offsets = [offset for offset, found in enumerate(findings) if not found]
        headers = self.stats_cache.headers([chunk[offset].audio for offset in offsets])
        for offset, header in zip(offsets, headers, strict=True):
            findings[offset] += per_utterance.check_header(chunk[offset], header, self.rules)
            if isinstance(header, Header):
                self.file_counts["rates"][str(header.sampling_rate)] += 1
                self.file_counts["channels"][str(header.channels)] += 1
                if chunk[offset].start is None:
                    chunk[offset] = replace(chunk[offset], seconds=header.seconds)

    def _check_texts(self, utterance: Utterance, found: list[Finding]) -> None:
        if not _dropped(found) and (finding := per_utterance.check_duration(utterance, self.rules)):
            found.append(finding)
        if not _dropped(found):
            found += per_utterance.check_texts(utterance, self.rules)

    def _check_audio(
        self, chunk: list[Utterance], findings: list[list[Finding]]
    ) -> dict[int, AudioStats]:
        offsets = []
        for offset, found in enumerate(findings):
            seconds = chunk[offset].seconds
            if _dropped(found):
                continue
            if seconds <= MAX_DECODED * self.rules.max_seconds:
                offsets.append(offset)
            else:
                problem = f"{seconds:.0f} s is over {MAX_DECODED} x `max_seconds`: not decoded"
                remedy = "cut the recording, or raise `max_seconds`"
                found.append(
                    per_utterance.make_finding(chunk[offset], "sound", problem, remedy, "noted")
                )
        measured = self.stats_cache.stats([chunk[offset].sound for offset in offsets])
        for offset, stats in zip(offsets, measured, strict=True):
            findings[offset] += per_utterance.check_audio(chunk[offset], stats, self.rules)
        return {
            offset: stats
            for offset, stats in zip(offsets, measured, strict=True)
            if isinstance(stats, AudioStats)
        }


def _dropped(found: list[Finding]) -> bool:
    return any(finding.outcome == "dropped" for finding in found)
