"""Command line: runs benchmarks and writes outputs/reference/benchmarks.csv."""

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

# name -> function of the number of repeats; its module is imported when it runs
BENCHMARKS = {
    "training": "benchmarks.training:rows",
    "fbank": "benchmarks.features:rows",
    "attention": "benchmarks.attention:rows",
    "resume": "benchmarks.engine:resume_rows",
    "sampler": "benchmarks.engine:sampler_rows",
    "memory": "benchmarks.engine:memory_rows",
    "curation": "benchmarks.curation:rows",
    "manifest": "benchmarks.curation:manifest_rows",
}
TABLE = ROOT / "outputs" / "reference" / "benchmarks.csv"
SIDES, STATISTICS = ("ours", "theirs", "ratio"), ("median", "min", "max")
SPREADS = tuple(f"{side}_{name}" for side in SIDES for name in STATISTICS)
RUN_COLUMNS = ("repeats", "peer", "machine", "threads", "commit", "date")
COLUMNS = ("benchmark", "what", "unit", *SPREADS, *RUN_COLUMNS)


def main() -> int:
    """Run the named benchmarks, or all; returns 1 where one failed."""
    names = ", ".join(BENCHMARKS)
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {names} (default: all)")
    parser.add_argument("--repeats", type=int, default=5, help="measurements a side (default: 5)")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - BENCHMARKS.keys():
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {names}")
    if arguments.repeats < 1:
        parser.error("--repeats must be 1 or more")
    chosen, failed = arguments.names or list(BENCHMARKS), []
    for name in chosen:
        module, _, function = BENCHMARKS[name].partition(":")
        try:
            rows = getattr(importlib.import_module(module), function)(arguments.repeats)
        except (RuntimeError, ValueError) as error:
            print(f"{name} failed: {error}", file=sys.stderr)
            failed.append(name)
        else:
            replace_rows(TABLE, name, rows, arguments.repeats)
    print(format_table([row for row in read_table(TABLE) if row["benchmark"] in chosen]))
    print(f"Written to {TABLE}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return bool(failed)


def read_table(table: Path) -> list[dict[str, str]]:
    """The rows of the table; none where it does not exist yet."""
    if not table.exists():
        return []
    with open(table, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def replace_rows(table: Path, name: str, measured: list[Row], repeats: int) -> None:
    """Replace a benchmark's rows in the table; those of others stay."""
    facts = {
        "repeats": repeats,
        "machine": _machine(),
        "threads": THREADS,
        "commit": _commit(),
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"),
    }
    rows = [row for row in read_table(table) if row["benchmark"] != name]
    for row in measured:
        spread = {k: f"{v:.4g}" if v != "" else "" for k, v in row.spread().items()}
        named = {"benchmark": name, "what": row.what, "unit": row.unit, "peer": row.peer}
        rows.append(named | spread | facts)
    rows.sort(key=lambda row: row["benchmark"])
    with atomic_path(table) as path, open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def format_table(rows: list[dict[str, str]]) -> str:
    """Rows for a terminal: each side's median, with its minimum and maximum in brackets."""
    lines = []
    for row in rows:
        line = [row["benchmark"], row["what"], row["unit"]]
        for side in SIDES:
            median, low, high = (row[f"{side}_{name}"] for name in STATISTICS)
            line.append(f"{median} [{low}, {high}]" if median else "")
        lines.append(line)
    headers = ["benchmark", "what", "unit", "ours", "theirs", "ours / theirs"]
    return tabulate(lines, headers, disable_numparse=True)


def _machine() -> str:
    name = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{models[0] if models else name}, {os.cpu_count()} cores"


def _commit() -> str:
    """The commit, with `-dirty` where a tracked file differs from it."""
    describe = ["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    command = ["git", "-C", str(ROOT), *describe]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "no git"


if __name__ == "__main__":
    sys.exit(main())
