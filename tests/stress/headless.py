"""Runs of a notebook with sound and widgets, each in a process of its own under papermill."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat

from lib.workbook.paths import ROOT

TIMEOUT_SECONDS = 120.0  # of a run that takes about three
# each way in which the workbook shows sound, live too, while a thread prints beside it
CELL = """
import threading
import ipywidgets
import numpy as np
import soundfile
from IPython.display import HTML, Audio, display
from lib.display.player import Clips, player

path = folder + "/tone.wav"
soundfile.write(path, 0.1 * np.sin(np.arange(32_000) / 5), 16_000)
clips = Clips(rows=[{"id": "a"}, {"id": "b"}], audio=[path, path])
printing = threading.Thread(target=lambda: [print(number, flush=True) for number in range(200)])
printing.start()
display(clips, clips.live(), HTML(player(path)), Audio(path))
slider, page = ipywidgets.IntSlider(), ipywidgets.HTML(Audio(path)._repr_html_())
slider.observe(lambda change: setattr(page, "value", player(path)), "value")
display(ipywidgets.HBox([slider, page]), ipywidgets.IntProgress())
for slider.value in range(20):
    pass
printing.join()
"""


def write_source(folder: Path) -> Path:
    """The notebook."""
    cell = nbformat.v4.new_code_cell('folder = ""')
    cell.metadata["tags"] = ["parameters"]
    cells = [cell, *(nbformat.v4.new_code_cell(CELL) for _ in range(3))]
    path = folder / "70_sound.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def run_once(source: Path, folder: Path) -> str:
    """Run it headlessly; returns what went wrong, or nothing."""
    folder.mkdir()
    command = [sys.executable, "-m", "lib.workbook.execute", str(source), str(folder)]
    command.append(json.dumps({"folder": str(folder)}))
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"{folder.name} hung: it did not end within {TIMEOUT_SECONDS:g} s"
    if done.returncode:
        return f"{folder.name} failed: {done.stderr.strip().splitlines()[-1:]}"
    # a dead kernel's cells read "completed" too, so look at what they showed
    executed = nbformat.read(folder / "notebook.ipynb", as_version=4)
    shown = [len(cell.outputs) for cell in executed.cells[-3:]]
    return "" if min(shown) >= 6 else f"{folder.name}: its cells show {shown} outputs"


def run_many(folder: Path, count: int, at_once: int = 2) -> list[str]:
    """Run it so many times; returns what went wrong in each run that did not end well."""
    source = write_source(folder)
    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(lambda number: run_once(source, folder / f"{number}"), range(count))
        return [problem for problem in found if problem]
