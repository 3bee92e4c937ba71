"""The command `plan`: what every training of a scale takes, before any of them starts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from lib.files import write_text
from lib.systems import registry
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import scale_folder
from lib.workbook.screen import say

ASSUMED_MFU = 0.35  # not measured here


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add it to the command line."""
    plan = commands.add_parser(
        "plan", help="memory, hours, energy and disk of every training, before it starts"
    )
    plan.add_argument("system", nargs="*", help="such as gmu; none: all four")
    plan.add_argument(
        "--mfu",
        type=float,
        default=ASSUMED_MFU,
        help="share of a GPU's peak arithmetic that trainings reach (assumed: %(default)s)",
    )
    plan.set_defaults(function=_plan)


def _plan(arguments: argparse.Namespace) -> int:
    import pandas as pd

    from lib.systems.footprints.plan import LARGE_SCALES, memory_row, plan, time_row

    unknown = [name for name in arguments.system if name not in registry.SYSTEMS]
    if unknown:
        known = ", ".join(registry.SYSTEMS)
        raise BadParameter(f"unknown system {unknown[0]!r:.100}; the systems are {known}")
    if not 0 < arguments.mfu <= 1:
        raise BadParameter(f"--mfu is {arguments.mfu}; it is above 0 and at most 1")
    scale = arguments.scale
    plans = plan(scale, arguments.system or registry.SYSTEMS, _progress)
    memory = [memory_row(entry) for entry in plans]
    say(f"Memory of the costliest batch at {scale}, from shapes alone\n\n{_table(memory)}")
    rows, remedies = memory, [(entry.planned.name, entry.remedy) for entry in plans]
    if scale in LARGE_SCALES:
        times = [time_row(entry, arguments.mfu) for entry in plans]
        heading = "Hours of all updates, without decoding, at"
        say(f"\n{heading} {arguments.mfu:.0%} of a GPU's peak arithmetic\n\n{_table(times)}")
        pairs = zip(memory, times, strict=True)
        rows = [first | second | {"batch": first["batch"]} for first, second in pairs]
    for name, remedy in remedies:
        if remedy:
            say(f"\n{name} does not fit an A100-80. It does with {remedy}")
    path = scale_folder(scale) / "plan.csv"
    table = [row | {"remedy": remedy} for row, (_, remedy) in zip(rows, remedies, strict=True)]
    write_text(path, pd.DataFrame(table).to_csv(index=False))
    say(f"\nTable: {path}")
    return 0


def _progress(what: str, done: int, total: int) -> None:
    print(f"{done + 1}/{total} {what}", file=sys.stderr)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    from tabulate import tabulate

    return tabulate(rows, headers="keys", floatfmt=".1f", maxheadercolwidths=13)
