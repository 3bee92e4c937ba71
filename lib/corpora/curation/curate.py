"""A corpus through all steps of curation: what is kept lies on a shelf, what is not in a file with its reason, and both are counted."""

from __future__ import annotations

import csv
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, astuple, dataclass, fields, replace
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from lib.corpora.audio import BadAudio
from lib.corpora.curation import alone, together
from lib.corpora.curation.rules import STEPS, Rules
from lib.corpora.curation.together import KEPT, NUMBER, Facts
from lib.corpora.shelf import Shelf
from lib.corpora.sound import Header, Measured
from lib.corpora.studio import Progress, silent
from lib.corpora.text import fingerprint
from lib.files import atomic_path, content_hash, file_hash, read_json, write_json
from lib.utterance import SPLITS, Finding, Utterance

CHUNK = 2000  # utterances looked at together
FINDINGS = "findings.tsv"


@dataclass(frozen=True)
class Curated:
    """What curation made of a corpus."""

    name: str
    folder: Path  # where findings.tsv is, to be read by people
    listed: Shelf  # every utterance of the lists, as they stand there
    shelf: Shelf  # those that are kept
    root: Path  # that the audio lies under
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
    progress: Progress = silent,
) -> Curated:
    """Hold what a corpus lists against the rules; with the same lists, files and rules the work is done once.

    Args:
        folder: that the corpus lies in; audio outside it is refused.
        listed: as a source's `read` gives it.

    Raises:
        OSError: a file of `rules.held_out` is not there.
    """
    folder = Path(os.path.abspath(folder))
    place = cache / "curation"
    place.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=place) as new:
        broken: list[Finding] = []
        raw = Shelf.write(
            Path(new) / "listed", folder, _utterances(listed, broken), {"id": ("Q", lambda u: fingerprint("", u.id))}
        )
        stamps = content_hash([_stamp(u) for u in raw]) if rules.audio != "listed" else ""
        held = [file_hash(path) for path in rules.held_out]
        key = content_hash([raw.hash, [astuple(f) for f in broken], asdict(rules), stamps, held, _code()])
        made = place / f"{name}-{key}"
        if not made.exists():
            with atomic_path(made) as result, Findings(result) as findings:
                facts, files = _examined(raw, folder, rules, broken, findings, Measured(place / "sounds.sqlite"), progress)
                _beside_each_other(raw, facts, rules, findings)
                _keep(result, raw, folder, facts, progress)
                raw.rows.folder.rename(result / "listed")
                write_json(result / "files.json", files)
                write_json(result / "funnel.json", _funnel(facts, len([f for f in broken if f.outcome == "dropped"])))
    made_of = {name: read_json(made / f"{name}.json") for name in ("funnel", "files")}
    return Curated(name, made, *(Shelf(made / part, folder) for part in ("listed", "kept")), folder, hash=key, **made_of)


def _code() -> str:
    """Another version of the rules' code is other rules."""
    room = Path(__file__).parent
    return content_hash(
        [file_hash(path) for path in (*sorted(room.glob("*.py")), room.parent / "text.py", room.parent / "sound.py")]
    )


def _utterances(listed: Iterable[Utterance | Finding], broken: list[Finding]) -> Iterator[Utterance]:
    for entry in listed:
        if isinstance(entry, Finding):
            broken.append(entry)
        else:
            yield entry


def _stamp(utterance: Utterance) -> tuple[int, int]:
    try:
        facts = os.stat(utterance.audio)
        return facts.st_size, facts.st_mtime_ns
    except OSError:
        return 0, 0


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
        self._rows.writerows(astuple(finding) for finding in found)


def _examined(
    raw: Shelf, folder: Path, rules: Rules, broken: list[Finding], findings: Findings, measured: Measured, progress: Progress
) -> tuple[Facts, dict[str, dict[str, int]]]:
    """Every utterance by itself, in chunks; and counts of what its files are like."""
    findings.write(broken)
    facts, rows = Facts(), iter(raw)
    rates, channels, lengths = Counter(), Counter(), Counter(given=0, whole=0)
    first = np.zeros(len(raw), bool)
    first[np.unique(raw.rows.columns["id"], return_index=True)[1]] = True
    while chunk := list(islice(rows, CHUNK)):
        start = len(facts.split)
        told: list[list[Finding]] = []
        for place, utterance in enumerate(chunk, start=start):
            wrong = alone.outside(utterance, folder, rules)
            if not first[place]:
                remedy = "give each utterance a name of its own"
                wrong = alone.finding(utterance, "identifier", f"the id {utterance.id!r} stands on an earlier line too", remedy)
            told.append([wrong] if wrong else [])
        headers: list[Header | BadAudio | None] = [None] * len(chunk)
        if rules.audio != "listed":
            wanted = [place for place, found in enumerate(told) if not found]
            for place, header in zip(wanted, measured.headers([chunk[p].audio for p in wanted], silent), strict=True):
                headers[place] = header
        for place, (utterance, header) in enumerate(zip(chunk, headers, strict=True)):
            lengths["given"] += utterance.seconds == utterance.seconds
            lengths["whole"] += utterance.seconds == utterance.seconds and utterance.seconds % 1 == 0
            if isinstance(header, Header):
                rates[str(header.rate)] += 1
                channels[str(header.channels)] += 1
            if header is not None:
                told[place] += alone.of_file(utterance, header, rules)
            chunk[place] = alone.mended(utterance, header.seconds if isinstance(header, Header) else None)
            if not _dropped(told[place]) and (wrong := alone.of_length(chunk[place], rules)):
                told[place].append(wrong)
            if not _dropped(told[place]):
                told[place] += alone.of_texts(utterance, rules)
        heard = {}
        if rules.audio == "heard":
            wanted = [p for p, found in enumerate(told) if not _dropped(found) and chunk[p].seconds <= rules.longest * 10]
            sounds = measured.sounds([chunk[p].sound for p in wanted], silent)
            for place, sound in zip(wanted, sounds, strict=True):
                if wrong := alone.of_sound(chunk[place], sound, rules):
                    told[place].append(wrong)
                heard[place] = None if isinstance(sound, BadAudio) else sound
        for place, (utterance, found) in enumerate(zip(chunk, told, strict=True)):
            facts.add(utterance, found, heard.get(place), rules)
            findings.write(found)
        progress("curating", len(facts.split), len(raw))
    return facts, {"rates": rates, "channels": channels, "lengths": lengths}


def _dropped(found: list[Finding]) -> bool:
    return any(finding.outcome == "dropped" for finding in found)


def _beside_each_other(raw: Shelf, facts: Facts, rules: Rules, findings: Findings) -> None:
    """All utterances together; each step sees what the ones before it have left."""

    def tell(step: str, place: int, what: str, remedy: str, outcome: str) -> None:
        utterance = raw[place]
        findings.write([Finding(step, utterance.id, utterance.origin, what, remedy, outcome)])
        if outcome == "dropped" and facts.dropped[place] == KEPT:
            facts.dropped[place] = NUMBER[step]

    for place, what, remedy, outcome in list(together.rates(facts, rules)):
        tell("speaking rate", place, what, remedy, outcome)
    for place, first, what, outcome in list(together.duplicates(facts, rules)):
        remedy = "nothing to do: the first is kept" if outcome == "dropped" else "kept, since it is held out"
        tell("duplicate", place, f"{what} {raw[first].origin}", remedy, outcome)
    held_out = {path: together.sentences_of(path, list(facts.languages), rules) for path in rules.held_out}
    for place, home in list(together.overlaps(facts, held_out)):
        where = home if isinstance(home, str) else f"{raw[home].split}, {raw[home].origin}"
        tell("overlap", place, f"its sentence is in {where} too", "nothing to do: only the held-out one is kept", "dropped")
    for name, counts in together.speakers_on_both_sides(facts).items():
        what = f"speaker {name!r} is on both sides: " + ", ".join(f"{count} in {split}" for split, count in counts.items())
        remedy = "a score says little of other voices; speakers='drop' takes them out of train"
        findings.write([Finding("overlap", "", "", what, remedy, "noted")])
        if rules.speakers == "drop":
            for place in np.flatnonzero(facts.arrays()["speaker"] == facts.speakers[name]):
                if facts.split[place] == 0 and facts.dropped[place] == KEPT:
                    tell("overlap", int(place), f"speaker {name!r} is in dev or test too", "nothing to do", "dropped")
    for name, (low, high) in together.two_voices(facts).items():
        place = int(np.flatnonzero(facts.arrays()["speaker"] == facts.speakers[name])[0])
        what = f"two voices under the name {name!r}: one near {low:.0f} Hz, one near {high:.0f} Hz"
        origin = raw[place].origin
        findings.write([Finding("sound", "", origin, what, "listen, and give each speaker a name of their own", "noted")])


def _keep(result: Path, raw: Shelf, folder: Path, facts: Facts, progress: Progress) -> None:
    def kept() -> Iterator[Utterance]:
        for place, utterance in enumerate(raw):
            if facts.dropped[place] == KEPT:
                mended = alone.mended(utterance, None)
                yield replace(mended, seconds=round(float(facts.seconds[place]), 4)) if utterance.start is None else mended
            if place % CHUNK == 0:
                progress("keeping", place, len(raw))

    Shelf.write(result / "kept", folder, kept())


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
    if broken:
        rows.insert(0, {"step": "listed", "language": "", "split": "", "utterances": broken, "hours": 0.0, "speakers": 0})
    return rows
