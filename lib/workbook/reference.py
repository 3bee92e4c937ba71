"""The reference run: a scale's tables, figures and executed notebooks, which are committed."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
import pandas as pd
from tabulate import tabulate

from lib.files import atomic_path
from lib.workbook.ledger import claims, judged_by_most_seeds
from lib.workbook.manifest_reader import manifests, read_manifest, run_file
from lib.workbook.notebooks import BadParameter, notebooks
from lib.workbook.paths import ROOT, scale_folder
from lib.workbook.plan import NotebookRun, notebook_run, workbook_runs
from lib.workbook.readable import readable, without_paths
from lib.workbook.summary import claim_view, headline
from lib.workbook.time_table import time_table

MAX_MB = 10.0  # of the whole folder
LARGEST = 5  # files that are named where it has more
TABLES = ("scores.csv", "claims.csv")
PACKAGES = ("torch", "transformers")  # whose versions the page names
Manifest = dict[str, Any]

_INDEX = """# Reference run at `{scale}`

Read here without running anything; `python -m lib.workbook reference --scale {scale}` writes all of
it. Sound, scripts and progress are left out of the notebooks, and long tables are cut.

{facts}

{remarks}## Notebooks

{notebooks}

## Where the time went

In minutes. What a notebook finds in the cache is counted where it was made.

{time}

## Claims

{verdicts}. All columns: [{scale}-claims.csv](../{scale}-claims.csv); all scores:
[{scale}-scores.csv](../{scale}-scores.csv).

{claims}

## Figures

{figures}
"""


def keep_reference(scale: str, folder: Path | None = None, partial: bool = False) -> Path:
    """Write a scale's tables, reference figures and readable notebooks, and a page about them.

    The tables are those that `collect` has written, and of the tables that are there already the
    rows of runs that these outputs do not have: studies that were run elsewhere. Notebooks are
    those of the workbook's runs, and of other runs with the notebook's own parameters.

    Args:
        folder: where to; default: outputs/reference/, which is committed.
        partial: write it where runs are missing or differ, too; the page says which.

    Raises:
        BadParameter: a run of the workbook is missing, failed or was made by other code than the
            rest, or the folder would be too large; nothing is written.
        Damaged: a figure is not what its run drew; nothing is written.
    """
    folder = folder or ROOT / "outputs" / "reference"
    remarks = _remarks(scale)
    if remarks and not partial:
        raise BadParameter(
            f"the runs at {scale} are no reference: {'; '.join(remarks)}. Make them by "
            f"python -m lib.workbook run --scale {scale}, or add --partial"
        )
    figures, kept = _figures(scale), _kept(scale)
    top = {
        f"{scale}-{name}": without_paths(
            with_kept_runs(scale_folder(scale) / name, folder / f"{scale}-{name}")
        ).encode()
        for name in TABLES
    }
    top |= {f"{scale}-{name}.png": data for name, (data, _) in figures.items()}
    pages = {_file_name(run): _readable(run, manifest).encode() for run, manifest in kept}
    pages["README.md"] = without_paths(_index(scale, kept, remarks, figures)).encode()
    _check_size(folder, top | {f"{scale}/{name}": data for name, data in pages.items()}, scale)
    for name, data in top.items():
        with atomic_path(folder / name) as path:
            path.write_bytes(data)
    # notebooks that are no longer there go; hashes are git's
    with atomic_path(folder / scale, hashes=False) as path:
        path.mkdir()
        for name, data in pages.items():
            (path / name).write_bytes(data)
    return folder


def with_kept_runs(new: Path, old: Path) -> str:
    """A new table as CSV, followed by what an old one has of other runs.

    A claim that no run of either has measured is the new table's.
    """
    table = pd.read_csv(new, dtype=str)
    if not old.exists():
        return table.to_csv(index=False)
    kept = pd.read_csv(old, dtype=str)
    kept = kept[~kept["run"].isin(table["run"])]
    if "measured" in kept:
        kept = kept[kept["measured"].notna()]
        table = table[table["run"].notna() | ~table["claim"].isin(kept["claim"])]
    return pd.concat([table, kept]).to_csv(index=False)


def _remarks(scale: str) -> list[str]:
    """What keeps runs of the workbook from being a reference, with their names; empty: nothing."""
    made = [(run, read_manifest(run.folder)) for run in workbook_runs(scale)]
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


def _kept(scale: str) -> list[tuple[NotebookRun, Manifest]]:
    """The runs whose notebooks are kept, with their records, in the order of their numbers."""
    runs = {run.name: run for run in workbook_runs(scale)}
    default = [notebook_run(source.number, {"scale": scale}) for source in notebooks()]
    runs |= {run.name: run for run in default}
    found = [(run, read_manifest(run.folder)) for _, run in sorted(runs.items())]
    return [
        (run, manifest)
        for run, manifest in found
        if manifest and manifest["exit"] == "finished" and (run.folder / "notebook.ipynb").exists()
    ]


def _figures(scale: str) -> dict[str, tuple[bytes, str]]:
    """Each reference figure, as PNG, and its caption.

    Of several runs that have a figure for one reference, the run with the shortest name counts: it
    is the one with the notebook's own parameters.
    """
    return {
        figure["reference"]: (
            run_file(manifest, f"figures/{figure['name']}.png"),
            figure["caption"],
        )
        for manifest in sorted(manifests(scale), key=lambda manifest: -len(manifest["run"]))
        for figure in manifest["figures"]
        if figure.get("reference")
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
    kept: list[tuple[NotebookRun, Manifest]],
    remarks: list[str],
    figures: dict[str, tuple[bytes, str]],
) -> str:
    records = [manifest for _, manifest in kept]
    spent = time_table(scale, {run.name for run in workbook_runs(scale)})
    judged = claim_view(judged_by_most_seeds(claims(scale))).to_dict("records")
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
    told = "".join(f"- **Of the workbook's runs, {remark}**\n" for remark in remarks)
    by_verdict = [
        {name: _cell(value) for name, value in row.items()}
        for row in sorted(judged, key=lambda row: row["verdict"])
    ]
    return _INDEX.format(
        scale=scale,
        facts="\n".join(f"- {fact}" for fact in _facts(records)),
        remarks=f"{told}\n" if told else "",
        notebooks=tabulate(rows, "keys", "github", disable_numparse=True),
        time=spent.text("github") if spent else "No run has finished.",
        verdicts=", ".join(f"{count} {verdict}" for verdict, count in counts) or "No claim",
        claims=tabulate(by_verdict, "keys", "github", disable_numparse=True),
        figures="\n".join(
            f"- [{caption or name}](../{scale}-{name}.png)"
            for name, (_, caption) in figures.items()
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


def _check_size(folder: Path, files: dict[str, bytes], scale: str) -> None:
    sizes = {
        name: path.stat().st_size
        for path in folder.rglob("*")
        if path.is_file() and not (name := str(path.relative_to(folder))).startswith(f"{scale}/")
    }
    sizes |= {name: len(data) for name, data in files.items()}
    if (total := sum(sizes.values())) > MAX_MB * 1e6:
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:LARGEST]
        named = ", ".join(f"{name} {size / 1e6:.1f} MB" for name, size in largest)
        raise BadParameter(
            f"{folder} would have {total / 1e6:.1f} MB, and at most {MAX_MB:g} are committed; "
            f"the largest: {named}"
        )
