"""A corpus through all steps of curation: what is kept lies on a shelf, what is not in a file with its reason, and both are counted."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lib.corpora.audio_stats import Measured
from lib.corpora.curation import across_corpus
from lib.corpora.curation.across_corpus import KEPT, NUMBER, Facts
from lib.corpora.curation.examination import FINDINGS, Examination, Findings
from lib.corpora.curation.rules import STEPS, Rules
from lib.corpora.store import UtteranceStore
from lib.corpora.synthesis import Progress, no_progress
from lib.corpora.text import repaired, text_fingerprint
from lib.files import atomic_path, content_hash, file_hash, lock, read_json, write_json
from lib.utterance import SPLITS, Finding, Utterance

EVERY = 1000  # utterances between two lines of progress


@dataclass(frozen=True)
class Curated:
    """What curation made of a corpus."""

    name: str
    folder: Path  # where findings.tsv is, to be read by people
    listed: UtteranceStore  # every utterance of the lists, as they stand there
    store: UtteranceStore  # those that are kept
    root: Path  # that the audio lies under
    rules: Rules  # that it was held against
    funnel: list[dict]  # step, language, split; utterances, hours and speakers that were left after the step
    files: dict[str, dict[str, int]]  # how many files of each sampling rate ("rates") and number of channels ("channels") ...
    hash: str  # ... and of how many the list gives a length ("lengths": "given"), and a whole number ("whole")

    def findings(self, outcome: str | None = None) -> Iterator[Finding]:
        """Everything that was found, or what was dropped, repaired or noted."""
        with open(self.folder / FINDINGS, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                if outcome in (None, row["outcome"]):
                    yield Finding(**row)


def curate(
    name: str,
    folder: Path,
    listed: Iterable[Utterance | Finding],
    rules: Rules,
    cache: Path,
    progress: Progress = no_progress,
) -> Curated:
    """Hold what a corpus lists against the rules; with the same lists, files and rules the work is done once.

    Args:
        folder: that the corpus lies in; audio outside it is refused.
        listed: as a source's `read` gives it.

    Raises:
        OSError: a file of `rules.held_out` is not there.
    """
    folder = Path(os.path.abspath(folder))
    index = cache / "curation"
    index.mkdir(parents=True, exist_ok=True)
    with lock(index / f".{name}.lock", f"the curation of {name}", patience=3600), TemporaryDirectory(dir=index) as new:
        broken: list[Finding] = []
        stamps = hashlib.sha256()
        stream = _utterances(name, listed, broken, stamps if rules.audio != "listed" else None, progress)
        raw = UtteranceStore.write(Path(new) / "listed", folder, stream, {"id": ("Q", lambda u: text_fingerprint("", u.id))})
        held = [file_hash(Path(path).expanduser()) for path in rules.held_out]
        key = content_hash([raw.hash, [astuple(f) for f in broken], asdict(rules), stamps.hexdigest(), held, _code()])
        made = index / f"{name}-{key}"
        if not made.exists():
            with atomic_path(made) as result, Findings(result) as findings:
                findings.write(broken)
                examination = Examination(folder, rules, Measured(index / "sounds.sqlite"), progress)
                facts = examination.of(raw, findings)
                _beside_each_other(raw, facts, rules, findings)
                _keep(result, raw, folder, facts, progress)
                write_json(result / "files.json", examination.files)
                write_json(result / "funnel.json", _funnel(facts, len([f for f in broken if f.outcome == "dropped"])))
                raw.rows.folder.rename(result / "listed")
    made_of = {name: read_json(made / f"{name}.json") for name in ("funnel", "files")}
    return Curated(name, made, *(UtteranceStore(made / part, folder) for part in ("listed", "kept")), folder, rules, hash=key, **made_of)


def _code() -> str:
    """Another version of the rules' code is other rules."""
    room = Path(__file__).parent
    others = (room.parent / "text.py", room.parent / "audio_stats.py", room.parent / "audio.py", room.parents[1] / "languages.py")
    return content_hash([file_hash(path) for path in (*sorted(room.glob("*.py")), *others)])


def _utterances(
    name: str, listed: Iterable[Utterance | Finding], broken: list[Finding], stamps: hashlib._Hash | None, progress: Progress
) -> Iterator[Utterance]:
    """The utterances as they come; findings go to `broken`, and what the files are like by size and time to `stamps`."""
    count = 0
    for entry in listed:
        if isinstance(entry, Finding):
            broken.append(entry)
            continue
        if stamps:
            try:
                facts = os.stat(entry.audio)
                stamps.update(f"{facts.st_size} {facts.st_mtime_ns}".encode())
            except OSError:
                stamps.update(b"gone")
        count += 1
        if count % EVERY == 0:
            progress(f"reading the lists of {name}", count, count)
        yield entry


def _beside_each_other(raw: UtteranceStore, facts: Facts, rules: Rules, findings: Findings) -> None:
    """All utterances together; each step sees what the ones before it have left."""

    def tell(step: str, index: int, what: str, remedy: str, outcome: str) -> None:
        utterance = raw[index]
        findings.write([Finding(step, utterance.id, utterance.origin, what, remedy, outcome)])
        if outcome == "dropped" and facts.dropped[index] == KEPT:
            facts.dropped[index] = NUMBER[step]

    for index, what, remedy, outcome in list(across_corpus.rates(facts, rules)):
        tell("speaking rate", index, what, remedy, outcome)
    for index, first, what, outcome in list(across_corpus.duplicates(facts, rules)):
        remedy = "nothing to do: the first is kept" if outcome == "dropped" else "kept, since it is held out"
        tell("duplicate", index, f"{what} {raw[first].origin}", remedy, outcome)
    held_out = {path: across_corpus.sentences_of(path, list(facts.languages), rules) for path in rules.held_out}
    for index, home in list(across_corpus.overlaps(facts, held_out)):
        where = home if isinstance(home, str) else f"{raw[home].split}, {raw[home].origin}"
        tell("overlap", index, f"its sentence is in {where} too", "nothing to do: only the held-out one is kept", "dropped")
    for name, counts in across_corpus.speakers_on_both_sides(facts).items():
        what = f"speaker {name!r} is on both sides: " + ", ".join(f"{count} in {split}" for split, count in counts.items())
        remedy = "a score says little of other voices; Rules(speakers='drop') takes them out of train"
        findings.write([Finding("speaker", "", "", what, remedy, "noted")])
        if rules.speakers == "drop":
            for index in np.flatnonzero(facts.arrays()["speaker"] == facts.speakers[name]):
                if facts.split[index] == 0 and facts.dropped[index] == KEPT:
                    tell("speaker", int(index), f"speaker {name!r} is in dev or test too", "nothing to do", "dropped")
    for name, voices in across_corpus.two_voices(facts).items():
        for index, pitch in voices:
            what = f"one of two voices under the name {name!r}: near {pitch:.0f} Hz"
            tell("sound", index, what, "listen to both, and give each speaker a name of their own", "noted")


def _keep(result: Path, raw: UtteranceStore, folder: Path, facts: Facts, progress: Progress) -> None:
    def kept() -> Iterator[Utterance]:
        for index, utterance in enumerate(raw):
            if facts.dropped[index] == KEPT:
                whole = {"seconds": round(float(facts.seconds[index]), 4)} if utterance.start is None else {}
                texts = {code: repaired(words)[0] for code, words in utterance.texts.items()}
                yield replace(utterance, texts=texts, **whole)
            if index % EVERY == 0:
                progress("keeping", index, len(raw))

    UtteranceStore.write(result / "kept", folder, kept())


def _funnel(facts: Facts, broken: int) -> list[dict]:
    """What is left after each step, per language and split; lines that could not be read have neither language nor split."""
    a = facts.arrays()
    rows = []
    steps = list(STEPS)
    for code, number in facts.languages.items():
        for split in SPLITS:
            mine = (a["language"] == number) & (a["split"] == SPLITS.index(split))
            if not mine.any():
                continue
            for step in steps:
                left = mine & ((a["dropped"] == KEPT) | (a["dropped"] > NUMBER[step]))
                hours = round(float(a["seconds"][left].sum(dtype=float)) / 3600, 6)
                speakers = len(np.unique(a["speaker"][left & (a["speaker"] >= 0)]))
                counts = {"utterances": int(left.sum()), "hours": hours, "speakers": speakers}
                rows.append({"step": step, "language": code, "split": split} | counts)
    nobody = {"language": "", "split": "", "hours": 0.0, "speakers": 0}
    unreadable = [{"step": "listed", "utterances": broken}, {"step": "line", "utterances": 0}] if broken else []
    return [*(row | nobody for row in unreadable), *rows]
