"""Small notebooks and records for the tests of the runner."""

import json
import sys

import nbformat

from lib.scoring.claims import BEST_BASELINE, Claim, Gain, Measured
from lib.systems import registry
from lib.workbook import notebooks
from lib.workbook.notebooks import Notebook
from lib.workbook.paths import scale_folder
from lib.workbook.plan import notebook_run

# its id is that of a claim in a file under version control
CLAIM = Claim(
    id="GMU-2",
    paper="1234.56789",
    statement="A beats B (BLEU)",
    published="about 4",
    published_low=3.5,
    published_high=4.5,
    predicted_low=1,
    predicted_high=5,
    measure=Gain(strategy="direct", over=BEST_BASELINE),
)
SCRIPT = "<script>alert(1)</script>"  # what must not get into a page
# opens and closes a record, as every notebook of the workbook does
FINISHES = """
import pathlib
from lib.workbook import notebooks, start_run
notebooks.NOTEBOOKS = pathlib.Path({folder!r})
start_run({number!r}, scale=scale).finish()
"""
# the least that a record holds, written without torch
WRITES_RECORD = """
import json, os, pathlib, time
folder = pathlib.Path(os.environ["WORKBOOK_OUTPUTS"], "smoke", "runs", {number!r})
now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
record = dict(run={number!r}, notebook={number!r}, title="A title", scale="smoke", exit={exit!r})
record |= dict(parameters=dict(scale="smoke"), notebook_hash="", lib_hash="", commit="")
record |= dict(dirty=False, started=now, finished=now, seconds=1.0, peak_memory_mb=100.0)
record |= dict(scores=[], claims=[], data=[], figures=[], pages=[], systems=dict())
(folder / "manifest.json").write_text(json.dumps(record | dict(at=time.time())))
"""
# saves on SIGTERM, as training does, and has a child that does not
SAVES = """
import os, pathlib, signal, subprocess, time
folder = pathlib.Path({folder!r})
folder.mkdir(exist_ok=True)
(folder / "child").write_text(str(subprocess.Popen(["sleep", "600"]).pid))
def save(*_):
    time.sleep(1)
    (folder / "saved").touch()
    os._exit(0)
signal.signal(signal.SIGTERM, save)
(folder / "kernel").write_text(str(os.getpid()))
time.sleep(600)
"""
# a runner in a process of its own, whose notebooks are in another folder
RUNNER = """
import sys
from pathlib import Path
from lib.workbook import __main__, notebooks
notebooks.NOTEBOOKS = Path({folder!r})
sys.exit(__main__.main({words!r}))
"""


def write_notebook(
    folder,
    source="",
    *,
    number="77",
    parameters='scale = "smoke"',
    metadata=None,
    tags=("parameters",),
):
    """A notebook with a title, a parameters cell and one more cell."""
    cell = nbformat.v4.new_code_cell(parameters)
    cell.metadata["tags"] = list(tags)
    cells = [nbformat.v4.new_markdown_cell("# A title"), cell, nbformat.v4.new_code_cell(source)]
    content = nbformat.v4.new_notebook(cells=cells)
    if metadata is not None:
        content.metadata["workbook"] = metadata
    path = folder / f"{number}_test.ipynb"
    nbformat.write(content, path)
    return Notebook(path)


def use_folder(monkeypatch, folder):
    """Take notebooks from `folder`, and write outputs below it."""
    monkeypatch.setattr(notebooks, "NOTEBOOKS", folder)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(folder / "outputs"))


def write_record(number="77", scale="smoke", **changes):
    """The record of a finished run, without what only a reader looks at."""
    given = changes.pop("parameters", {})
    run = notebook_run(number, {"scale": scale, **given})
    manifest = {
        "run": run.name,
        "notebook": number,
        "title": "A title",
        "scale": scale,
        "parameters": run.parameters,
        "notebook_hash": run.notebook.hash,
        "lib_hash": "other",
        "commit": "0123456789ab",
        "dirty": False,
        "claims": [],
        "scores": [],
        "data": [],
        "figures": [],
        "pages": [],
        "systems": {},
        "dropped_counts": {},
        "started": "2026-01-01T00:00:00+00:00",
        "finished": "2026-01-01T00:01:00+00:00",
        "seconds": 60.0,
        "peak_memory_mb": 100.0,
        "exit": "finished",
    } | changes
    folder = scale_folder(scale) / "runs" / run.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return run


def write_two_notebooks(monkeypatch, folder):
    """Notebooks 77 and 78, of which 78 has an honest record beside what a test writes."""
    use_folder(monkeypatch, folder)
    for number in ("77", "78"):
        write_notebook(folder, number=number, metadata={"runs": [{}]})
    write_record("78", scores=[score_row()])


def read_record(run):
    """The record of a run as it is on disk."""
    return json.loads((run.folder / "manifest.json").read_text())


def use_claims(monkeypatch, *claims):
    """Let the workbook predict these claims and no others."""
    monkeypatch.setattr(registry, "claims", lambda: {claim.id: claim for claim in claims})


def measured(value=2.0, low=1.5, high=3.0, *, seeds=3, **changes):
    """A measurement, which holds `CLAIM` unless other numbers are given."""
    facts = {"pairs": 1, "description": "A above B"} | changes
    return Measured(value=value, low=low, high=high, seeds=seeds, **facts)


def score_row(**changes):
    """A row of a score table."""
    return {
        "system": "some",
        "strategy": "direct",
        "stage": "st",
        "task": "ST",
        "source": "est",
        "target": "eng",
        "subset": "test",
        "metric": "BLEU",
        "value": 20.0,
        "low": 18.0,
        "high": 22.0,
        "n": 60,
        "seed": 1,
        "signature": "none",
    } | changes


def runner_command(folder, *words):
    """The command line, with the notebooks of `folder`."""
    return [sys.executable, "-c", RUNNER.format(folder=str(folder), words=list(words))]
