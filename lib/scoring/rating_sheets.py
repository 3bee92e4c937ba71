"""Human ratings: blind sheets for raters, and reading what they filled in.

A rater sees the outputs of a clip as A, B, ..., in an order of this item; `key.json` says which is
whose.
"""

from __future__ import annotations

import csv
import random
import string
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, cycle
from pathlib import Path

import pandas as pd
import soundfile

from lib.corpora.audio import read_audio
from lib.files import content_hash, read_json, write_json
from lib.scoring.outputs import OutputRow
from lib.spreadsheet import as_text, from_text
from lib.utterance import SAMPLING_RATE

ALLOWED = {"direct": "a number from 0 to 100", "preference": "A, B or same"}  # kind -> answers
INSTRUCTIONS = "Listen, then score the outputs: the better, the higher, and equal ones the same."
LETTERS, BASELINE = string.ascii_uppercase, "baseline "
CONTEXTS = ("", "transcript", "reference")
UNIT = ["clip", "system", "other"]  # what is rated


@dataclass(frozen=True)
class Sheet:
    """Items in the order of rating, without names of systems, and the key to them."""

    items: list[dict[str, str]]  # item, audio, context, A, B, ..., and empty cells for answers
    key: dict  # id, kind, seed, and of each item its clip, systems, and whether it is a repeat
    sounds: dict[str, str]  # an item's audio -> the corpus's

    def write(self, folder: Path | str, raters: int = 1) -> Path:
        """Write `sheet.csv`, `audio/`, `pearmut.json`, and `key.json`, which raters must not get.

        For pearmut, copy `audio/` into its `data/assets/`; each of `raters` gets a link of its own.
        A folder that has this sheet already, perhaps filled in, is left as it is.

        Raises:
            ValueError: the folder has another sheet.
        """
        folder = Path(folder)
        if (folder / "key.json").exists():
            if read_json(folder / "key.json") != self.key:
                raise ValueError(f"{folder} has another sheet; choose another folder")
            return folder
        (folder / "audio").mkdir(parents=True, exist_ok=True)
        for name, path in self.sounds.items():  # a copy would keep title and comment of the file
            soundfile.write(folder / name, read_audio(path), SAMPLING_RATE)
        table = pd.DataFrame(self.items).map(as_text)
        style = {"index": False, "quoting": csv.QUOTE_ALL, "encoding": "utf-8-sig"}  # for Excel
        table.to_csv(folder / "sheet.csv", **style)
        write_json(folder / "pearmut.json", self._pearmut(raters))
        write_json(folder / "key.json", self.key)
        return folder

    def _pearmut(self, raters: int) -> dict:
        documents = []
        for item in self.items:
            # a word joiner after each "<", since pearmut obeys the tags of a text
            shown = {name: text.replace("<", "<\u2060") for name, text in item.items()}
            texts = {"ref": shown["context"], "tgt": {a: shown[a] for a in LETTERS if a in shown}}
            audio = item["audio"] and f"<audio controls src='assets/{item['audio']}'></audio>"
            documents.append([{"item_id": item["item"], "src": audio} | texts])
        info = {"assignment": "task-based", "protocol": "DA", "shuffle": False}
        info |= {"instructions": INSTRUCTIONS}
        return {"campaign_id": self.key["id"], "info": info, "data": [documents] * raters}


def system_name(row: OutputRow) -> str:
    """What a key calls the system of an output; that of a baseline starts with "baseline"."""
    return f"{row.system} {row.strategy}"


def make_sheet(
    rows: Sequence[OutputRow],
    kind: str = "direct",
    seed: int = 0,
    repeats: float = 0.1,
    max_clips: int | None = None,
    context: str = "",
) -> Sheet:
    """Draw clips, and shuffle them and the outputs of each.

    Args:
        rows: outputs of several systems on the same clips; baselines check the raters' attention.
        kind: "direct": each output gets 0 to 100. "preference": the better of two; of more systems,
            each clip shows one pair, and pairs are equally frequent.
        repeats: share of clips that come again in the second half, their outputs in another order.
        context: shown besides the sound: "transcript" or "reference".

    Raises:
        ValueError: a parameter out of range, or systems without one output of each clip.
    """
    systems, found = sorted({system_name(row) for row in rows}), _by_clip(rows)
    if kind not in ALLOWED or context not in CONTEXTS:  # another field may name the system
        raise ValueError(f"{kind!r} with context {context!r}; use {[*ALLOWED]} and {CONTEXTS}")
    if not 0 <= repeats <= 0.5 or not 2 <= len(systems) <= len(LETTERS):
        problem = f"repeats {repeats} of {len(systems)} systems"
        raise ValueError(f"{problem}; use 0 to 0.5 and 2 to {len(LETTERS)} systems")
    rng = random.Random(seed)
    clips = rng.sample(sorted(found), min(max_clips or len(found), len(found)))
    groups = list(combinations(systems, len(systems) if kind == "direct" else 2))
    rng.shuffle(groups)
    shown = [(clip, group, False) for clip, group in zip(clips, cycle(groups))]
    first, rest = shown[: len(shown) // 2], shown[len(shown) // 2 :]
    again = rng.sample(first, min(round(repeats * len(shown)), len(first)))
    rest += [(clip, group, True) for clip, group, _ in again]
    rng.shuffle(rest)
    # a part of each item's name, so that no sheet is read with the key of another one
    texts = [found[clip][system].hypothesis for clip in clips for system in systems]
    identity = content_hash([kind, seed, repeats, context, clips, systems, texts], 6)
    items, entries, sounds = [], {}, {}
    for number, (clip, group, repeat) in enumerate(first + rest, 1):
        name, order = f"{identity}-{number:03d}", rng.sample(group, len(group))
        row, audio = found[clip][order[0]], f"audio/{name}.wav"
        item = {"item": name, "audio": row.audio and audio}
        item |= {"context": context and getattr(row, context)}
        item |= {a: found[clip][s].hypothesis for a, s in zip(LETTERS, order, strict=False)}
        items.append(item | dict.fromkeys(_answer_columns(kind, order), ""))
        entries[name] = {"clip": clip, "repeat": repeat, "systems": order}
        sounds |= {audio: row.audio} if row.audio else {}
    return Sheet(items, {"id": identity, "kind": kind, "seed": seed, "items": entries}, sounds)


def _by_clip(rows: Sequence[OutputRow]) -> dict[str, dict[str, OutputRow]]:
    """The output of each system for each clip."""
    found: dict[str, dict[str, OutputRow]] = {}
    for row in rows:
        if system_name(row) in found.setdefault(row.id, {}):
            raise ValueError(f"{system_name(row)!r} has two outputs of {row.id}; give one seed")
        found[row.id][system_name(row)] = row
    systems = {system_name(row) for row in rows}
    for clip, own in found.items():
        if set(own) != systems or len({row.reference for row in own.values()}) > 1:
            problem = f"not all of {', '.join(sorted(systems))} have {clip}, with one reference"
            raise ValueError(f"{problem}; decode one test set with each")
    return found


def _answer_columns(kind: str, systems: Sequence[str]) -> list[str]:
    numbers = [f"0-100 for {letter}" for letter in LETTERS[: len(systems)]]
    return numbers if kind == "direct" else ["better (A/B/same)"]


@dataclass(frozen=True)
class Ratings:
    """The answers of all raters.

    A direct rating has a system and a value of 0 to 100. A preference has two systems in
    alphabetical order, and the value 1 for `system`, -1 for `other`, or 0.
    """

    kind: str
    table: pd.DataFrame  # rater, item, clip, repeat, system, other, value
    missing: dict[str, int]  # rater -> answers that were not given, or not usable
    problems: list[str]  # file, row and value

    @property
    def first(self) -> pd.DataFrame:
        """The table without repeated items."""
        return self.table[~self.table["repeat"]]


Row = tuple[str, str, dict[str, str]]  # place in a file, rater, column -> cell


def read_ratings(folder: Path | str, paths: Sequence[Path | str]) -> Ratings:
    """Read filled sheets, each named after its rater, and pearmut's annotations (.json).

    Args:
        folder: of the sheet, with its key.

    Raises:
        ValueError: a file cannot be read, or is of another sheet.
    """
    key = read_json(Path(folder, "key.json"))
    kind, items, lines, problems, seen = key["kind"], key["items"], [], [], set()
    written = {row["item"]: row for *_, row in _sheet_rows(Path(folder, "sheet.csv"))}
    expected = sum(len(_answer_columns(kind, entry["systems"])) for entry in items.values())
    missing: dict[str, int] = {}
    for path in map(Path, paths):
        found = _pearmut_rows(path, key) if path.suffix == ".json" else _sheet_rows(path)
        for place, rater, row in found:
            name = row["item"]
            entry = items.get(name, {"systems": ()})
            columns = _answer_columns(kind, entry["systems"])
            if name not in items or set(columns) - set(row):
                raise ValueError(f"{place}: {name!r} or its columns are not those of {folder}")
            if (rater, name) in seen:
                problems.append(f"{place}: {rater} has rated {name} before; the first counts")
                continue
            seen.add((rater, name))
            missing.setdefault(rater, expected)
            for column, cell in row.items():
                if column not in columns:
                    if cell.split() != written.get(name, row).get(column, cell).split():
                        problems.append(f"{place}: {column} of {name} was changed to {cell!r}")
                elif answer := _answer(kind, entry["systems"], column, cell):
                    lines.append((rater, name, entry["clip"], entry["repeat"], *answer))
                    missing[rater] -= 1
                elif cell.strip():
                    problems.append(f"{place}: {column} is {cell!r}; use {ALLOWED[kind]}")
    table = pd.DataFrame(lines, columns=["rater", "item", "clip", "repeat", *UNIT[1:], "value"])
    return Ratings(kind, table.astype({"repeat": bool, "value": float}), missing, problems)


def _answer(kind: str, systems: list[str], column: str, cell: str) -> tuple | None:
    """System, other system and value, as in `Ratings`; None where the cell is no answer."""
    if kind == "direct":
        value = float(pd.to_numeric(cell.strip().replace(",", "."), errors="coerce"))
        return (systems[LETTERS.index(column[-1])], "", value) if 0 <= value <= 100 else None
    value = {"A": 1.0, "B": -1.0, "SAME": 0.0}.get(cell.strip().upper())
    first = sorted(systems)
    return None if value is None else (*first, value if systems == first else -value)


def _sheet_rows(path: Path) -> list[Row]:
    try:
        with path.open(encoding="utf-8-sig") as file:  # spreadsheets separate as the country does
            separator = max(",;\t", key=file.readline().count)
        style = {"dtype": str, "keep_default_na": False, "index_col": False}
        style |= {"encoding": "utf-8-sig", "skip_blank_lines": False}
        table = pd.read_csv(path, sep=separator, **style)
    except ValueError as error:  # of decoding, and of pandas
        raise ValueError(f"{path} is not CSV in UTF-8 ({error}); save it as such") from error
    rows = table.fillna("").map(from_text).to_dict("records")
    return [(f"{path}:{n}", path.stem, row) for n, row in enumerate(rows, 2) if row.get("item")]


def _pearmut_rows(path: Path, key: dict) -> list[Row]:
    """The last answer to each item, after the last reset of its rater."""
    last: dict[tuple[str, str], Row] = {}
    try:
        for number, entry in enumerate(read_json(path)[key["id"]], 1):
            rater, annotation = entry["user_id"], entry["annotation"]
            if annotation == "__RESET__":
                last = {place: row for place, row in last.items() if place[0] != rater}
                continue
            for item, found in zip(entry["item"], annotation, strict=False):
                if name := found and item.get("item_id"):  # else skipped, or of a form
                    scores = [found[letter].get("score") for letter in sorted(found)]
                    cells = ["" if score is None else str(score) for score in scores]
                    columns = _answer_columns(key["kind"], cells)
                    if key["kind"] == "preference":
                        a, b = scores if all(cells) else (None, None)
                        cells = ["" if a is None else "same" if a == b else "AB"[a < b]]
                    row = {"item": name} | dict(zip(columns, cells, strict=True))
                    last[rater, name] = (f"{path}: annotation {number}", rater, row)
    except (AttributeError, LookupError, TypeError) as error:
        problem = f"{path} has no annotations of campaign {key['id']} ({error!r})"
        raise ValueError(f"{problem}; download them from pearmut's dashboard") from error
    return list(last.values())
