"""The command line: `python -m lib.workbook run | corpora | status | report | reference`; it only reads arguments and prints."""

from __future__ import annotations

import argparse
import os
import signal
import sys

from lib.scales import SCALES
from lib.workbook.notebooks import BadParameter, notebook, notebooks, typed
from lib.workbook.paths import scale_folder


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lib.workbook", description="Run the workbook's notebooks headlessly.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run the whole workbook, or some notebooks")
    run.add_argument("notebook", nargs="*", help="their numbers, such as 10; left out: every notebook, unfinished runs only")
    run.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="of each of these notebooks")
    run.add_argument("--study", default="", help="all runs of a study over pairs and seeds, such as gmu")
    run.add_argument("--fresh", action="store_true", help="make runs again that are finished")
    run.add_argument("--slurm", action="store_true", help="on a Slurm cluster: a job for every run, waited for here")
    run.add_argument(
        "--slurm-option", action="append", default=[], metavar="NAME=VALUE", help="such as partition=gpu, gpus_per_node=1"
    )
    corpora = commands.add_parser("corpora", help="the corpora there are; with a name, how that one is obtained")
    corpora.add_argument("name", nargs="?", help="such as mls")
    commands.add_parser("status", help="what is done and what is not")
    commands.add_parser("report", help="make report.html and the tables again")
    commands.add_parser("reference", help="copy the tables and the chart to outputs/reference/, to be committed")
    for command in commands.choices.values():
        command.add_argument("--scale", default="tiny", help=f"one of {', '.join(SCALES)} (default: tiny)")
    return parser.parse_args()


def _parameters(number: str, arguments: argparse.Namespace) -> dict:
    source, given = notebook(number), {"scale": arguments.scale}
    for entry in arguments.parameter:
        name, equals, text = entry.partition("=")
        if not equals:
            raise BadParameter(f"-p {entry!r} is not NAME=VALUE")
        # a notebook does not run where this command was given
        given[name] = os.path.abspath(os.path.expanduser(text)) if name == "folder" and text else typed(source, name, text)
    return given


def _run(arguments: argparse.Namespace) -> int:
    from lib.workbook.collect import collect
    from lib.workbook.runner import job, planned, run_all
    from lib.workbook.slurm import run_on_slurm

    if arguments.slurm_option and not arguments.slurm:
        raise BadParameter("--slurm-option is of use with --slurm only")
    if not arguments.notebook and arguments.parameter:
        raise BadParameter("-p needs the number of a notebook: the notebooks have different parameters")
    asked = [job(number, _parameters(number, arguments)) for number in arguments.notebook]
    if arguments.study and arguments.notebook:
        raise BadParameter("--study names its notebooks itself: leave their numbers out")
    jobs = asked or planned(arguments.scale, arguments.study)
    if arguments.slurm:
        code = run_on_slurm(jobs, arguments.fresh, arguments.slurm_option)
    else:
        code = run_all(jobs, fresh=arguments.fresh)
    from lib.workbook.report import report, summary  # it loads torch, whose memory the notebooks may need

    collect(arguments.scale)
    page = report(arguments.scale)
    only = [entry.name for entry in asked] or None
    print(summary(arguments.scale, only))
    print(f"Report: {page}")
    return code


def _corpora(arguments: argparse.Namespace) -> int:
    from tabulate import tabulate

    from lib.corpora.cards import BadCard, names, read_card
    from lib.corpora.catalogue import how_to_obtain

    if arguments.name:
        try:
            print(how_to_obtain(read_card(arguments.name)))
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
        for name, card in ((name, read_card(name)) for name in names())
    ]
    columns = ["corpus", "", "spoken", "licence", "account or agreement", "layout"]
    print(tabulate(rows, columns, maxcolwidths=[None, 34, 30, 20, None, None]))
    print("How one is obtained: python -m lib.workbook corpora NAME. Recordings of your own: corpus=own, folder=a manifest.")
    return 0


def _status(arguments: argparse.Namespace) -> int:
    from lib.workbook.manifests import manifests

    known = {manifest["run"]: manifest for manifest in manifests(arguments.scale)}
    for manifest in known.values():
        print(f"{manifest['run']:40} {manifest['exit']}")
    for entry in notebooks():
        if not any(manifest["notebook"] == entry.number for manifest in known.values()):
            print(f"{entry.number:40} not run")
    print(f"Everything is under {scale_folder(arguments.scale)}")
    return 0


def _report(arguments: argparse.Namespace) -> int:
    from lib.workbook.collect import collect
    from lib.workbook.report import report, summary

    collect(arguments.scale)
    page = report(arguments.scale)
    print(summary(arguments.scale))
    print(f"Report: {page}")
    return 0


def _reference(arguments: argparse.Namespace) -> int:
    from lib.workbook.report import keep_reference

    print(f"Kept in {keep_reference(arguments.scale)}")
    return 0


def main() -> int:
    """Run one command; a mistake of the user is one line on stderr and exit code 2."""
    # a terminated runner stops its notebooks too, as an interrupted one does
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    arguments = _arguments()
    try:
        if arguments.scale not in SCALES:
            raise BadParameter(f"unknown scale {arguments.scale!r}; the scales are {', '.join(SCALES)}")
        return {"run": _run, "corpora": _corpora, "status": _status, "report": _report, "reference": _reference}[
            arguments.command
        ](arguments)
    except BadParameter as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
