"""Where the time of the workbook went: into backbones, systems, decoding, and the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tabulate import tabulate

from lib.files import Damaged, as_written, read_json
from lib.workbook.completion import is_finished
from lib.workbook.manifest_reader import manifests
from lib.workbook.paths import cache
from lib.workbook.summary import headline

# files of the cache that tell how long their making took, by kind
FILES = {
    "backbones": "*/*/done.json",
    "training": "*/done.json",
    "decoding": "*/outputs/*.json",
}


@dataclass(frozen=True, kw_only=True)
class TimeTable:
    """The minutes of runs.

    Args:
        rows: for each run its name, title and minutes, those of each kind of `FILES`, and other.
        core_minutes: of all runs, by the threads that they had.
        wall_minutes: from the first start to the last end.
        idle_minutes: those of them in which no run had its record open, such as a kernel's start.
        first_score: minutes until a run with scores beside baselines had ended; None: none has.
    """

    rows: list[dict[str, Any]]
    core_minutes: float
    wall_minutes: float
    idle_minutes: float
    first_score: float | None

    def totals(self) -> str:
        """The totals as a sentence."""
        text = f"{self.core_minutes:.1f} core-minutes; {self.wall_minutes:.1f} minutes from the "
        text += f"first start to the last end, {self.idle_minutes:.1f} of them between runs"
        first = self.first_score
        return text if first is None else f"{text}; the first scores after {first:.1f} minutes"

    def text(self, tablefmt: str = "simple") -> str:
        """The table and the totals for a terminal, or in another form of tabulate."""
        drawn = tabulate(
            self.rows, "keys", tablefmt, floatfmt=".1f", disable_numparse=[0]  # a run is a name
        )
        return f"{drawn}\n\n{self.totals()}."


def time_table(scale: str, runs: Collection[str]) -> TimeTable | None:
    """Where the time of finished runs went; None where none of them has finished.

    What a run found in the cache is counted where it was made, and nowhere if that was in another
    run than these.
    """
    finished = [manifest for manifest in manifests(scale) if is_finished(manifest)]
    finished.sort(key=lambda manifest: manifest["started"])
    spent = {manifest["run"]: dict.fromkeys(FILES, 0.0) for manifest in finished}
    for kind, path in _made():
        if maker := _maker(path, kind, finished):
            room = path.stat().st_mtime - _second(maker["started"])  # a training may be resumed
            spent[maker["run"]][kind] += min(_seconds(path), room) / 60
    chosen = [manifest for manifest in finished if manifest["run"] in runs]
    if not chosen:
        return None
    rows = [_row(manifest, spent[manifest["run"]]) for manifest in chosen]
    sums = {name: sum(row[name] for row in rows) for name in rows[0].keys() - {"run", "title"}}
    rows.append({name: sums.get(name, "") for name in rows[0]} | {"run": "all"})
    times = [(_second(each["started"]), _second(each["finished"])) for each in chosen]
    scored = [_second(each["finished"]) for each in chosen if headline(each["scores"])]
    first = times[0][0]
    return TimeTable(
        rows=rows,
        core_minutes=sum(each["seconds"] / 60 * _threads(each) for each in chosen),
        wall_minutes=(max(end for _, end in times) - first) / 60,
        idle_minutes=_idle(times) / 60,
        first_score=(min(scored) - first) / 60 if scored else None,
    )


def _seconds(path: Path) -> float:
    """The seconds that a file of the cache tells; none where it is damaged."""
    try:
        with as_written(path):
            return float(read_json(path).get("seconds", 0.0))
    except (Damaged, OSError):
        return 0.0


def _made() -> Iterator[tuple[str, Path]]:
    """The files of the cache that tell how long something took, by kind."""
    for kind, pattern in FILES.items():
        for path in cache().glob(pattern):
            yield kind, path


def _maker(path: Path, kind: str, finished: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The run that wrote a file: it ran then, names the system, and trained in its own process."""
    when, folder = path.stat().st_mtime, path.relative_to(cache()).parts[0]
    # TensorBoard's files end in their process and a number
    processes = {log.name.split(".")[-2] for log in path.parent.glob("tensorboard/*.*.*")}
    able = [
        run
        for run in finished
        if _second(run["started"]) <= when <= _second(run["finished"]) + 1  # whole seconds
        and (folder in run["systems"].values() or kind != "training")
    ]
    own = [run for run in able if str(run.get("process")) in processes]
    named = [run for run in able if folder in run["systems"].values()]
    return next(iter(own or named or able), None)


def _row(manifest: dict[str, Any], spent: dict[str, float]) -> dict[str, Any]:
    minutes = manifest["seconds"] / 60
    title = manifest["title"].partition(":")[0]
    facts = {"run": manifest["run"], "title": title, "minutes": minutes}
    return facts | spent | {"other": max(0.0, minutes - sum(spent.values()))}


def _second(time: str) -> float:
    return datetime.fromisoformat(time).timestamp()


def _threads(manifest: dict[str, Any]) -> int:
    threads = manifest.get("device", {}).get("threads", 1)
    return threads * manifest["parameters"].get("processes", 1)


def _idle(times: list[tuple[float, float]]) -> float:
    """The seconds between the first start and the last end that no run covers."""
    idle, until = 0.0, times[0][1]
    for start, end in times:
        idle += max(0.0, start - until)
        until = max(until, end)
    return idle
