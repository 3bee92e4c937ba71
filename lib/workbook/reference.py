"""Tables, figures and executed notebooks of a scale's run or of a study, to be committed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pandas as pd
from tabulate import tabulate

from lib.display import claim_plots
from lib.display.html import picture
from lib.files import atomic_path
from lib.systems import registry
from lib.workbook import measures
from lib.workbook.ledger import claims, judged_by_most_seeds
from lib.workbook.manifest_reader import manifests, read_manifest, run_file
from lib.workbook.notebooks import BadParameter, notebooks
from lib.workbook.paths import scale_folder
from lib.workbook.plan import NotebookRun, notebook_run, study_runs, workbook_runs
from lib.workbook.readable import readable, without_paths
from lib.workbook.reference_tables import reference_claims, reference_folder, study_options
from lib.workbook.summary import claim_view, headline
from lib.workbook.time_table import time_table

MAX_MB = 10.0  # of the whole folder
LARGEST = 5  # files that are named where it has more
TABLES = ("scores.csv", "claims.csv")
PACKAGES = ("torch", "transformers")  # whose versions the page names
Manifest = dict[str, Any]
Figure = tuple[bytes, str]  # PNG, caption

_INDEX = """# {title}

Read here without running anything; `python -m lib.workbook reference {options}` writes all of
it. Sound, scripts and progress are left out of the notebooks, and long tables are cut.

{facts}

{remarks}## Notebooks

{notebooks}

## Where the time went

In minutes. What a notebook finds in the cache is counted where it was made.

{time}

## Claims

{verdicts}. All columns: [claims.csv](claims.csv); all scores: [scores.csv](scores.csv).

{claims}

## Figures

{figures}
"""


def keep_reference(
    scale: str,
    folder: Path | None = None,
    partial: bool = False,
    study: str = "",
    parameters: Mapping[str, str] | None = None,
) -> Path:
    """Write the tables, reference figures and readable notebooks of a scale, and a page about them.

    The tables are those that `collect` has written; of a study, its notebooks' part of them. Kept
    are the notebooks of the workbook's runs, and of other runs with the notebook's own parameters;
    of a study, those that read its records, and the measures of its runs.

    Args:
        folder: where to; default: outputs/reference/, which is committed.
        partial: where runs are missing or differ, too; the page says which.
        study: in place of the workbook's run.
        parameters: that the study was run with.

    Returns:
        The folder that was written, with the name of the scale and of the study.

    Raises:
        BadParameter: a run is missing, failed or was made by other code than the rest, there is no
            such study, or the folder would be too large; nothing is written.
        Damaged: a figure is not what its run drew; nothing is written.
    """
    part = reference_folder(scale, study, folder)
    options = study_options(scale, study, parameters or {})
    runs = study_runs(study, scale, parameters or {}) if study else workbook_runs(scale)
    runs = [run for run in runs if not run.skip]
    remarks = _remarks(runs)
    if remarks and not partial:
        raise BadParameter(
            f"the runs at {scale} are no reference: {'; '.join(remarks)}. Make them by "
            f"python -m lib.workbook run {options}, or add --partial"
        )
    numbers = {run.notebook.number for run in runs} if study else None
    figures, kept = _figures(scale, numbers), _kept(scale, runs, bool(study))
    files = {name: _table(scale_folder(scale) / name, numbers).encode() for name in TABLES}
    if study:
        own = measures.measures_table(scale, numbers)
        if len(own):  # runs of older versions kept none
            files[measures.TABLE] = without_paths(own.to_csv(index=False)).encode()
    files |= {f"{name}.png": data for name, (data, _) in figures.items()}
    files |= {_file_name(run): _readable(run, manifest).encode() for run, manifest in kept}
    page = _index(scale, study, options, runs, kept, remarks, figures)
    files["README.md"] = without_paths(page).encode()
    _check_size(part, files)
    # what is no longer there goes; hashes are git's
    with atomic_path(part, hashes=False) as path:
        path.mkdir()
        for name, data in files.items():
            (path / name).write_bytes(data)
    with atomic_path(part.parent / f"{scale}-studies.png") as path:
        found = judged_by_most_seeds(reference_claims(scale, part.parent))
        chart = claim_plots.studies(found, registry.papers())
        path.write_bytes(picture(chart, "").png)
    return part


def _table(path: Path, numbers: Collection[str] | None) -> str:
    """A table as CSV, of some notebooks where they are given."""
    table = pd.read_csv(path, dtype=str)
    if numbers is not None:
        table = table[table["run"].notna() & table["notebook"].isin(numbers)]
    return without_paths(table.to_csv(index=False))


def _remarks(runs: Sequence[NotebookRun]) -> list[str]:
    """What keeps runs from being a reference, with their names; empty: nothing."""
    made = [(run, read_manifest(run.folder)) for run in runs]
    states = Counter(manifest["lib_hash"] for _, manifest in made if manifest)
    usual = max(states, key=states.__getitem__, default="")
    found: dict[str, list[str]] = {}
    for run, manifest in made:
        if not manifest or not (run.folder / "notebook.ipynb").exists():
            wrong = "not run"
        elif manifest["exit"] != "finished":
            wrong = f"not finished ({manifest['exit'].partition(':')[0]})"
        elif manifest["notebook_hash"] != run.notebook.hash:
            wrong = "made from another version of the notebook"
        elif manifest["lib_hash"] != usual:
            wrong = "made by another state of lib than most"
        else:
            continue
        found.setdefault(wrong, []).append(run.name)
    return [f"{wrong}: {', '.join(names)}" for wrong, names in found.items()]


def _kept(
    scale: str, runs: Sequence[NotebookRun], readers: bool
) -> list[tuple[NotebookRun, Manifest]]:
    """The runs whose notebooks are kept, with their records, in the order of their numbers.

    Args:
        readers: only those that read records.
    """
    wanted = {run.name: run for run in runs if run.reads_records or not readers}
    if not readers:
        default = [notebook_run(source.number, {"scale": scale}) for source in notebooks()]
        wanted |= {run.name: run for run in default}
    found = [(run, read_manifest(run.folder)) for _, run in sorted(wanted.items())]
    return [
        (run, manifest)
        for run, manifest in found
        if manifest and manifest["exit"] == "finished" and (run.folder / "notebook.ipynb").exists()
    ]


def _figures(scale: str, numbers: Collection[str] | None) -> dict[str, Figure]:
    """Each reference figure, as PNG, and its caption.

    Of several runs that have a figure for one reference, the run with the shortest name counts: it
    is the one with the notebook's own parameters.

    Args:
        numbers: of notebooks; None: all.
    """
    return {
        figure["reference"]: (
            run_file(manifest, f"figures/{figure['name']}.png"),
            figure["caption"],
        )
        for manifest in sorted(manifests(scale), key=lambda manifest: -len(manifest["run"]))
        for figure in manifest["figures"]
        if figure.get("reference") and (numbers is None or manifest["notebook"] in numbers)
    }


def _file_name(run: NotebookRun) -> str:
    """The notebook's own name, and the parameters that differ from its own."""
    return f"{run.notebook.path.stem}{run.name.removeprefix(run.notebook.number)}.ipynb"


def _readable(run: NotebookRun, manifest: Manifest) -> str:
    stamp = f"*Executed copy of `notebooks/{run.notebook.path.name}` at `{run.scale}`: "
    stamp += f"{_code(manifest)}, {manifest['started'][:10]}, {manifest['seconds'] / 60:.1f} "
    stamp += "minutes. [All notebooks of this run](README.md).*"
    content = nbformat.read(run.folder / "notebook.ipynb", as_version=4)
    record = f"outputs/{run.scale}/runs/{run.name}"
    return nbformat.writes(readable(content, stamp, record)) + "\n"


def _code(manifest: Manifest) -> str:
    tree = "with uncommitted changes" if manifest["dirty"] else "clean tree"
    return f"commit {manifest['commit'][:10]} ({tree})"


def _index(
    scale: str,
    study: str,
    options: str,
    runs: Sequence[NotebookRun],
    kept: list[tuple[NotebookRun, Manifest]],
    remarks: list[str],
    figures: dict[str, Figure],
) -> str:
    made = [manifest for run in runs if (manifest := read_manifest(run.folder))]
    spent = time_table(scale, {run.name for run in runs})
    found = claims(scale)
    if study:
        found = found[found["notebook"].isin([run.notebook.number for run in runs])]
    judged = claim_view(judged_by_most_seeds(found)).to_dict("records")
    counts = Counter(row["verdict"] for row in judged).most_common()
    rows = [
        {
            "notebook": f"[{_file_name(run)[:-6]}]({quote(_file_name(run))})",
            "title": _cell(manifest["title"]),
            "minutes": f"{manifest['seconds'] / 60:.1f}",
            "first score": _cell(headline(manifest["scores"])),
        }
        for run, manifest in kept
    ]
    whose = "study" if study else "workbook"
    told = "".join(f"- **Of the {whose}'s runs, {remark}**\n" for remark in remarks)
    by_verdict = [
        {name: _cell(value) for name, value in row.items()}
        for row in sorted(judged, key=lambda row: row["verdict"])
    ]
    return _INDEX.format(
        title=f"Study {study} at `{scale}`" if study else f"Reference run at `{scale}`",
        options=options,
        facts="\n".join(f"- {fact}" for fact in _facts(made)),
        remarks=f"{told}\n" if told else "",
        notebooks=tabulate(rows, "keys", "github", disable_numparse=True),
        time=spent.text("github") if spent else "No run has finished.",
        verdicts=", ".join(f"{count} {verdict}" for verdict, count in counts) or "No claim",
        claims=tabulate(by_verdict, "keys", "github", disable_numparse=True),
        figures="\n".join(
            f"- [{caption or name}]({name}.png)" for name, (_, caption) in figures.items()
        ),
    )


def _facts(records: list[Manifest]) -> list[str]:
    """What the runs were made with, a line each; all values where runs differ."""
    if not records:
        return ["No run has finished."]
    packages = [record.get("packages", {}) for record in records]
    devices = [record.get("device", {}) for record in records]

    def distinct(values: list[str]) -> str:
        return ", ".join(sorted(set(values)))

    machine = [f"{d.get('cores')} cores, {d.get('kind')} ({d.get('name')})" for d in devices]
    dates = (min(r["started"][:10] for r in records), max(r["finished"][:10] for r in records))
    return [
        f"Code: {distinct([_code(record) for record in records])}",
        f"Made: {' to '.join(dict.fromkeys(dates))}",
        f"Machine: {distinct(machine)}; threads of a run: "
        + distinct([str(device.get("threads")) for device in devices]),
        *(f"{name}: {distinct([p.get(name, '?') for p in packages])}" for name in PACKAGES),
    ]


def _cell(value: Any) -> str:
    """Text as a cell of a Markdown table."""
    return str(value).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _check_size(part: Path, files: dict[str, bytes]) -> None:
    folder = part.parent
    others = (p for p in folder.rglob("*") if p.is_file() and part not in p.parents)
    sizes = {str(path.relative_to(folder)): path.stat().st_size for path in others}
    sizes |= {f"{part.name}/{name}": len(data) for name, data in files.items()}
    if (total := sum(sizes.values())) > MAX_MB * 1e6:
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:LARGEST]
        named = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in largest)
        raise BadParameter(
            f"{folder} would have {total / 1e6:.1f} MB, and at most {MAX_MB:g} are committed; "
            f"the largest: {named}"
        )
