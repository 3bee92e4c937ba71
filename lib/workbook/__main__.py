"""The command line: `python -m lib.workbook run | status | report | plan | translate | ...`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from lib.files import Damaged
from lib.scales import SCALES
from lib.systems import parameters
from lib.workbook import plan_command, systems_cli
from lib.workbook.notebooks import BadParameter, notebook, notebooks
from lib.workbook.paths import scale_folder
from lib.workbook.screen import printable, say


class _Once(argparse.Action):
    """Store the value of an option, which must not be given twice."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,
    ) -> None:
        given = vars(namespace).setdefault("given", {})
        if option_string and self.dest in given:
            parser.error(f"{option_string} is given twice: {given[self.dest]} and {values}")
        given[self.dest] = values
        setattr(namespace, self.dest, values)


class CommandLine(argparse.ArgumentParser):
    """A parser whose options are given once, in full, and whose errors are safe to print."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False)
        for name in (None, "store"):
            self.register("action", name, _Once)

    def error(self, message: str) -> NoReturn:
        """Print what is wrong, and exit."""
        super().error(printable(f"{message:.500}"))


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = CommandLine(
        prog="python -m lib.workbook", description="Run the workbook's notebooks, use its systems."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    _add_run(commands)
    status = commands.add_parser("status", help="list finished, failed and missing runs")
    status.set_defaults(function=_status)
    report = commands.add_parser("report", help="write report.html and the tables again")
    report.set_defaults(function=_report)
    reference = commands.add_parser(
        "reference", help="write tables, figures and readable notebooks to outputs/reference/"
    )
    reference.add_argument(
        "--partial", action="store_true", help="where runs are missing or differ, too"
    )
    reference.add_argument("--study", default="", help="of a study instead of the workbook")
    _add_parameter(reference, "of the study, as it was run")
    reference.add_argument("--folder", type=Path, help="write them there instead")
    reference.set_defaults(function=_reference)
    plan_command.add_command(commands)
    for command in commands.choices.values():
        command.add_argument("--scale", default="tiny", help=f"{', '.join(SCALES)} (default: tiny)")
    corpora = commands.add_parser("corpora", help="list the corpora, or say how to obtain one")
    corpora.add_argument("name", nargs="?", help="such as mls")
    corpora.set_defaults(function=_corpora)
    systems_cli.add_commands(commands)
    return parser.parse_args(words)


def _add_parameter(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help=what
    )


def _add_run(commands: argparse._SubParsersAction) -> None:
    run = commands.add_parser("run", help="run the whole workbook, a study, or some notebooks")
    run.add_argument("notebook", nargs="*", help="numbers, such as 10; none: the whole workbook")
    _add_parameter(run, "a parameter of these notebooks, or of the study")
    run.add_argument(
        "--study", default="", help="all runs of a study, such as gmu, or of a .py file's grids"
    )
    run.add_argument(
        "--jobs",
        type=int,
        default=0,
        metavar="N",
        help="runs side by side (default: one a GPU, or as many as the cores allow)",
    )
    run.add_argument(
        "--fresh",
        action="store_true",
        help="make runs again: deletes their records and the systems that they trained",
    )
    run.add_argument(
        "--trial",
        type=int,
        default=0,
        metavar="N",
        help="try everything first: N updates of each training, under outputs/trial/",
    )
    run.add_argument("--slurm", action="store_true", help="submit each run as a Slurm job")
    run.add_argument(
        "--slurm-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="such as partition=gpu or gpus_per_node=1",
    )
    run.set_defaults(function=_run)


def _parameters(arguments: argparse.Namespace) -> dict[str, str]:
    """The values of -p as text.

    Raises:
        BadParameter: a value is malformed, given twice, or an option of its own.
    """
    given: dict[str, str] = {}
    for entry in arguments.parameter:
        name, equals, text = entry.partition("=")
        if not equals:
            raise BadParameter(f"-p {entry!r:.100} is not NAME=VALUE")
        if name == "scale":
            own = f"--scale {text:.100}"
            raise BadParameter(f"-p {entry!r:.100}: the scale is an option of its own: {own}")
        if name in given:
            twice = f"{given[name]!r:.100} and {text!r:.100}"
            raise BadParameter(f"-p {name:.100} is given twice: {twice}")
        given[name] = parameters.absolute(name, text)
    return given


def _run(arguments: argparse.Namespace) -> int:
    from lib.workbook.collect import collect
    from lib.workbook.cost import cost_line
    from lib.workbook.paths import begin_trial
    from lib.workbook.plan import notebook_run, study_runs, workbook_runs
    from lib.workbook.runner import run_all
    from lib.workbook.summary import summary
    from lib.workbook.time_table import time_table

    scale, given = arguments.scale, _parameters(arguments)
    if arguments.trial < 0:
        raise BadParameter("--trial is a number of updates, such as 3")
    if arguments.trial:
        begin_trial(arguments.trial)
    if scale == "full" and not arguments.notebook and not arguments.study:
        arguments.study = "full"  # its runs depend on the corpora that are there
    if arguments.slurm_option and not arguments.slurm:
        raise BadParameter("--slurm-option needs --slurm")
    if arguments.jobs < 0 or (arguments.jobs and arguments.slurm):
        raise BadParameter("--jobs is a number from 1 on; with --slurm, Slurm decides")
    if arguments.study and arguments.notebook:
        raise BadParameter("--study chooses its notebooks itself; leave their numbers out")
    if given and not arguments.notebook and not arguments.study:
        raise BadParameter("-p needs the number of a notebook: they have different parameters")
    if arguments.study:
        runs = study_runs(arguments.study, scale, given)
        say(cost_line(runs))
    elif arguments.notebook:
        runs = []
        for number in arguments.notebook:
            source = notebook(number)
            values = {name: source.parse(name, text) for name, text in given.items()}
            runs.append(notebook_run(number, {"scale": scale, **values}))
    else:
        runs = workbook_runs(scale)
    if arguments.slurm:
        from lib.workbook.slurm import run_on_slurm

        code = run_on_slurm(runs, arguments.fresh, arguments.slurm_option)
    else:
        code = run_all(runs, arguments.jobs, arguments.fresh)
    from lib.workbook.report import report

    collect(scale)
    page = report(scale)
    say(summary(scale, [run.name for run in runs] if arguments.notebook else None))
    whole = not arguments.notebook and not arguments.study
    if whole and (spent := time_table(scale, {run.name for run in runs})):
        say(f"\nWhere the time went, in minutes\n{spent.text()}\n")
    say(f"Report: {page}")
    return code


def _corpora(arguments: argparse.Namespace) -> int:
    from tabulate import tabulate

    from lib.corpora.cards import BadCard, card_names, read_card
    from lib.corpora.catalogue import how_to_obtain

    if arguments.name:
        try:
            say(how_to_obtain(read_card(arguments.name)))
        except BadCard as error:
            raise BadParameter(str(error)) from error
        return 0
    rows = [
        [
            name,
            card.title,
            " ".join(card.spoken),
            card.licence,
            "" if card.account == "none" else "needed",
            "" if card.layout_certain else "not certain",
        ]
        for name, card in ((name, read_card(name)) for name in card_names())
    ]
    columns = ["corpus", "", "spoken", "licence", "account or agreement", "layout"]
    say(tabulate(rows, columns, maxcolwidths=[None, 34, 30, 20, None, None]))
    say("How to obtain one: python -m lib.workbook corpora NAME")
    say("Your own recordings: -p corpus=own -p folder=MANIFEST")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from lib.workbook.manifest_reader import damage, manifests

    found = manifests(arguments.scale)
    for manifest in found:
        say(f"{manifest['run']:40} {manifest['exit']}")
    for wrong in damage(arguments.scale):
        say(f"DAMAGED {wrong}")
    for entry in notebooks():
        if not any(manifest["notebook"] == entry.number for manifest in found):
            say(f"{entry.number:40} not run")
    say(f"Outputs: {scale_folder(arguments.scale)}")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from lib.workbook.collect import collect
    from lib.workbook.report import report
    from lib.workbook.summary import summary

    collect(arguments.scale)
    page = report(arguments.scale)
    say(summary(arguments.scale))
    say(f"Report: {page}")
    return 0


def _reference(arguments: argparse.Namespace) -> int:
    from lib.workbook.collect import collect
    from lib.workbook.manifest_reader import damage
    from lib.workbook.reference import keep_reference

    collect(arguments.scale)
    for wrong in damage(arguments.scale):
        say(f"DAMAGED {wrong}")
    given, parameters = arguments, _parameters(arguments)
    if parameters and not given.study:
        raise BadParameter("-p is for a study: name it by --study")
    kept = keep_reference(given.scale, given.folder, given.partial, given.study, parameters)
    say(f"Kept in {kept}")
    return 0


def main(words: Sequence[str] | None = None) -> int:
    """Run one command; a mistake of the user is one line on stderr and exit code 2."""
    # a terminated runner ends its notebooks, as an interrupted one does
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = _arguments(words)
    try:
        scale = getattr(arguments, "scale", SCALES[0])
        if scale not in SCALES:
            raise BadParameter(f"unknown scale {scale!r:.100}; the scales are {', '.join(SCALES)}")
        return arguments.function(arguments)
    except BrokenPipeError:  # the reader of a pipe, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (BadParameter, Damaged) as error:
        say(f"error: {error}", sys.stderr)
        return 2
    except OSError as error:  # a path of 100,000 characters is one, too
        say(f"error: {str(error):.1000}", sys.stderr)
        return 2
    except KeyboardInterrupt:
        say("stopped; the same command continues from here", sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
