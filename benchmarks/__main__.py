"""The command line: which benchmarks, how often; the table in outputs/reference/benchmarks.csv."""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib
import os
import platform
import subprocess
import sys
from pathlib import Path

from tabulate import tabulate

from benchmarks.side_by_side import THREADS, Row
from lib.files import atomic_path
from lib.workbook.paths import ROOT

# name -> the function that measures it, given the number of repeats; its module is imported only when it is run
BENCHMARKS = {
    "training": "benchmarks.training:rows",
    "fbank": "benchmarks.features:rows",
    "resume": "benchmarks.engine:resume_rows",
    "sampler": "benchmarks.engine:sampler_rows",
    "memory": "benchmarks.engine:memory_rows",
    "curation": "benchmarks.curation:rows",
}
TABLE = ROOT / "outputs" / "reference" / "benchmarks.csv"
SPREADS = tuple(f"{side}_{name}" for side in ("ours", "theirs", "ratio") for name in ("median", "min", "max"))
COLUMNS = ("benchmark", "what", "unit", *SPREADS, "repeats", "peer", "machine", "threads", "commit", "date")


def main() -> int:
    """Run the benchmarks that were named, or all; 1 where one failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all where none is given")
    parser.add_argument("--repeats", type=int, default=5, help="measurements of each side (default: 5)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    if arguments.repeats < 1:
        parser.error("--repeats must be 1 or more")
    chosen, failed = arguments.names or list(BENCHMARKS), []
    for name in chosen:
        try:
            module, _, function = BENCHMARKS[name].partition(":")
            keep(TABLE, name, getattr(importlib.import_module(module), function)(arguments.repeats), arguments.repeats)
        except (RuntimeError, ValueError) as error:
            print(f"{name} failed: {error}", file=sys.stderr)
            failed.append(name)
    print(readable([row for row in read(TABLE) if row["benchmark"] in chosen]))
    print(f"Kept in {TABLE}" + (f"; not measured: {', '.join(failed)}" if failed else ""))
    return bool(failed)


def read(table: Path) -> list[dict[str, str]]:
    """The rows of the table, none where there is no table yet."""
    if not table.exists():
        return []
    with open(table, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def keep(table: Path, name: str, measured: list[Row], repeats: int) -> None:
    """Put a benchmark's rows into the table in place of its old ones; those of others stay."""
    facts = {
        "repeats": repeats, "machine": _machine(), "threads": THREADS, "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
    }  # fmt: skip
    new = [
        {"benchmark": name, "what": row.what, "unit": row.unit, "peer": row.peer}
        | {column: f"{value:.4g}" if value != "" else "" for column, value in row.spread().items()}
        | facts
        for row in measured
    ]
    rows = sorted([row for row in read(table) if row["benchmark"] != name] + new, key=lambda row: row["benchmark"])
    with atomic_path(table) as path, open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def readable(rows: list[dict[str, str]]) -> str:
    """Rows for a terminal: the median, and the spread in brackets."""

    def side(row: dict[str, str], name: str) -> str:
        median, least, most = (row[f"{name}_{part}"] for part in ("median", "min", "max"))
        return f"{median} [{least}, {most}]" if median else ""

    return tabulate(
        [[row["benchmark"], row["what"], row["unit"], *(side(row, s) for s in ("ours", "theirs", "ratio"))] for row in rows],
        ["benchmark", "what", "unit", "ours", "theirs", "ours / theirs"],
        disable_numparse=True,
    )


def _machine() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []  # not Linux
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor())
    return f"{name or platform.machine()}, {os.cpu_count()} cores"


def _commit() -> str:
    """The commit, with `-dirty` where a tracked file differs from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "no git"


if __name__ == "__main__":
    sys.exit(main())
