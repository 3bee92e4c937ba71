"""Curate a corpus: all checks, the utterances that are kept, the findings, and counts of both."""

from __future__ import annotations

import csv
import hashlib
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lib.content import Contents
from lib.corpora.audio_stats import AudioStatsCache
from lib.corpora.curation import across_corpus
from lib.corpora.curation.corpus_table import KEPT, STEP_NUMBER, CorpusTable
from lib.corpora.curation.examination import FINDINGS_FILE, Examination, FindingsWriter
from lib.corpora.curation.rules import STEPS, Rules
from lib.corpora.store import UtteranceStore
from lib.corpora.text import repair_text, text_fingerprint
from lib.files import (
    as_written,
    atomic_path,
    content_hash,
    file_hash,
    read_json,
    stamp,
    write_json,
)
from lib.locks import to_make
from lib.progress import Progress, no_progress
from lib.spreadsheet import from_text
from lib.utterance import SPLITS, Finding, Utterance

PROGRESS_EVERY = 1000  # utterances
LOCK_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class Curated:
    """A curated corpus."""

    name: str
    folder: Path  # of the results, with findings.tsv
    listed: UtteranceStore  # every utterance, as the corpus lists it
    store: UtteranceStore  # the utterances that are kept
    root: Path  # of the corpus
    rules: Rules
    # for each step, language and split: utterances, hours and speakers that are left
    funnel: list[dict]
    # number of files by sampling rate ("rates") and by channels ("channels"); of utterances with a
    # listed length ("lengths": "given"), and with one in whole seconds ("lengths": "whole")
    files: dict[str, dict[str, int]]
    hash: str  # of lists, files, rules and code
    audio_hash: str  # of the content of all listed files; "": they were not decoded

    def findings(self, outcome: str | None = None) -> Iterator[Finding]:
        """All findings, or those of an outcome ("dropped", "repaired" or "noted")."""
        with open(self.folder / FINDINGS_FILE, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if outcome in (None, row["outcome"]):
                    yield Finding(**{name: from_text(cell) for name, cell in row.items()})


def curate(
    name: str,
    folder: Path,
    listed: Iterable[Utterance | Finding],
    rules: Rules,
    cache: Path,
    progress: Progress = no_progress,
) -> Curated:
    """Check a corpus against the rules. The same lists, files and rules are checked once.

    Args:
        folder: of the corpus; audio outside it is dropped.
        listed: what a source's `read` yields.

    Raises:
        OSError: a file of `rules.held_out` is missing.
    """
    folder = Path(os.path.abspath(folder))
    cache_folder = cache / "curation"
    list_findings: list[Finding] = []
    file_stamps = hashlib.sha256()
    with _temporary_folder(cache_folder) as temporary, Contents(cache) as contents:
        look = {"samples": contents.hash, "header": stamp, "none": lambda path: ""}[rules.audio]
        stream = _split_entries(name, listed, list_findings, look, file_stamps, progress)
        columns = {"id": ("Q", lambda utterance: text_fingerprint("", utterance.id))}
        utterances = UtteranceStore.write(Path(temporary) / "listed", folder, stream, columns)
        key = _cache_key(utterances.hash, list_findings, rules, file_stamps.hexdigest())
        result = cache_folder / f"{name}-{key}"
        lock_path = result.with_name(f".{result.name}.lock")
        with to_make([result], lock_path, f"the curation of {name}", LOCK_SECONDS) as missing:
            if missing:
                stats_cache = AudioStatsCache(cache_folder / "sounds.sqlite")
                with atomic_path(result) as new:
                    _run_checks(new, utterances, list_findings, rules, stats_cache, progress)
                    shutil.move(utterances.rows.folder, new / "listed")
    with as_written(result):
        return Curated(
            name=name,
            folder=result,
            listed=UtteranceStore(result / "listed", folder),
            store=UtteranceStore(result / "kept", folder),
            root=folder,
            rules=rules,
            funnel=read_json(result / "funnel.json"),
            files=read_json(result / "files.json"),
            hash=key,
            audio_hash=file_stamps.hexdigest() if rules.audio == "samples" else "",
        )


def _temporary_folder(cache: Path) -> TemporaryDirectory[str]:
    """A folder for the lists: in the cache, or elsewhere where this user only reads the cache."""
    try:
        cache.mkdir(parents=True, exist_ok=True)
        return TemporaryDirectory(dir=cache)
    except OSError:
        return TemporaryDirectory()


def _cache_key(listed_hash: str, list_findings: list[Finding], rules: Rules, stamps: str) -> str:
    held_out = [file_hash(Path(path).expanduser()) for path in rules.held_out]
    findings = [astuple(finding) for finding in list_findings]
    return content_hash([listed_hash, findings, asdict(rules), stamps, held_out, _code_hash()])


def _code_hash() -> str:
    """Part of the key: a change of the code invalidates the cache."""
    curation = Path(__file__).parent
    corpora = curation.parent
    sound = [corpora / name for name in ("audio_stats.py", "audio.py", "sound_shape.py")]
    others = [corpora / "text.py", corpora.parent / "languages.py"]
    paths = [*sorted(curation.glob("*.py")), *sound, *others]
    return content_hash([file_hash(path) for path in paths])


def _split_entries(
    name: str,
    listed: Iterable[Utterance | Finding],
    findings: list[Finding],
    look: Callable[[Path], str],
    file_stamps: hashlib._Hash,
    progress: Progress,
) -> Iterator[Utterance]:
    """Yield the utterances; findings go to `findings`, and what files are to `file_stamps`.

    Args:
        look: what tells a file from another one; "missing" if it raises an OSError.
    """
    count = 0
    for entry in listed:
        if isinstance(entry, Finding):
            findings.append(entry)
            continue
        try:
            found = look(entry.audio)
        except OSError:
            found = "missing"
        file_stamps.update(f"{found}\n".encode())
        count += 1
        if count % PROGRESS_EVERY == 0:
            progress(f"reading the lists of {name}", count, count)
        yield entry


def _run_checks(
    result: Path,
    utterances: UtteranceStore,
    list_findings: list[Finding],
    rules: Rules,
    stats_cache: AudioStatsCache,
    progress: Progress,
) -> None:
    """Run all checks; write findings, counts and the utterances that are kept to `result`."""
    with FindingsWriter(result) as writer:
        writer.write(list_findings)
        examination = Examination(utterances.root, rules, stats_cache, progress)
        table = examination.run(utterances, writer)
        _compare(utterances, table, rules, writer)
    kept = _kept(utterances, table, progress)
    UtteranceStore.write(result / "kept", utterances.root, kept)
    unreadable = sum(finding.outcome == "dropped" for finding in list_findings)
    write_json(result / "files.json", examination.file_counts)
    write_json(result / "funnel.json", _funnel(table, unreadable))


def _compare(
    utterances: UtteranceStore, table: CorpusTable, rules: Rules, writer: FindingsWriter
) -> None:
    """Run the checks that compare utterances, each on what the ones before have kept."""
    for check in across_corpus.CHECKS:
        for index, finding in list(check(table, utterances, rules)):
            writer.write([finding])
            if index is not None and finding.outcome == "dropped":
                table.drop(index, finding.step)


def _kept(
    utterances: UtteranceStore, table: CorpusTable, progress: Progress
) -> Iterator[Utterance]:
    """The utterances that no check dropped, with repaired texts and the lengths of their files."""
    for index, utterance in enumerate(utterances):
        if table.dropped[index] == KEPT:
            texts = {code: repair_text(text)[0] for code, text in utterance.texts.items()}
            seconds = utterance.seconds
            if utterance.start is None:
                seconds = round(float(table.seconds[index]), 4)
            yield replace(utterance, texts=texts, seconds=seconds)
        if index % PROGRESS_EVERY == 0:
            progress("keeping", index, len(utterances))


def _funnel(table: CorpusTable, unreadable: int) -> list[dict]:
    """What each step leaves, by language and split; unreadable lines have neither."""
    a = table.arrays()
    rows = []
    if unreadable:
        unknown = {"language": "", "split": "", "hours": 0.0, "speakers": 0}
        rows.append({"step": "listed", "utterances": unreadable} | unknown)
        rows.append({"step": "line", "utterances": 0} | unknown)
    for code, number in table.languages.items():
        for split_number, split in enumerate(SPLITS):
            selected = (a["language"] == number) & (a["split"] == split_number)
            if not selected.any():
                continue
            for step in STEPS:
                left = selected & ((a["dropped"] == KEPT) | (a["dropped"] > STEP_NUMBER[step]))
                seconds = float(a["seconds"][left].sum(dtype=float))
                rows.append(
                    {
                        "step": step,
                        "language": code,
                        "split": split,
                        "utterances": int(left.sum()),
                        "hours": round(seconds / 3600, 6),
                        "speakers": len(np.unique(a["speaker"][left & (a["speaker"] >= 0)])),
                    }
                )
    return rows
