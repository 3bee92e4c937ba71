"""Runs of a notebook with sound and widgets, each in a process of its own under papermill.

`python -m tests.stress.headless NOTEBOOK FIRST COUNT STEP` makes each STEP-th of COUNT runs and
prints what went wrong.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import nbformat

from lib.workbook.paths import ROOT

TIMEOUT_SECONDS = 120  # of a run that takes about two
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


def run_many(folder: Path, count: int, at_once: int = 2) -> list[str]:
    """Run it so many times; returns what went wrong in each run that did not end well."""
    source = write_source(folder)
    command = [sys.executable, "-m", __name__, str(source)]
    processes = [
        subprocess.Popen(
            [*command, str(first), str(count), str(at_once)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for first in range(at_once)
    ]
    found = [line for process in processes for line in process.communicate()[0].splitlines()]
    return found + [f"{p.args} failed" for p in processes if p.returncode]


def main(source: Path, numbers: range) -> None:
    """Make the runs one after another, each in a fork: a third of a run was importing papermill.

    Nothing has been started before the fork, and the run's process ends as any other.
    """
    from lib.workbook.execute import execute

    for number in numbers:
        folder = source.parent / f"{number}"
        folder.mkdir()
        if (child := os.fork()) == 0:
            with open(folder / "log.txt", "w") as log:
                os.dup2(log.fileno(), 1)
                os.dup2(log.fileno(), 2)
            signal.alarm(TIMEOUT_SECONDS)  # it ends the process even while that ends
            execute(source, folder, {"folder": str(folder)})
            return
        _, status = os.waitpid(child, 0)
        if problem := _problem(folder, os.waitstatus_to_exitcode(status)):
            print(problem, flush=True)


def _problem(folder: Path, exit_code: int) -> str:
    """What went wrong in a run, or nothing."""
    if exit_code == -signal.SIGALRM:
        return f"{folder.name} hung: it did not end within {TIMEOUT_SECONDS} s"
    if exit_code:
        return f"{folder.name} failed: {(folder / 'log.txt').read_text().splitlines()[-1:]}"
    # a dead kernel's cells read "completed" too, so look at what they showed
    executed = nbformat.read(folder / "notebook.ipynb", as_version=4)
    shown = [len(cell.outputs) for cell in executed.cells[-3:]]
    return "" if min(shown) >= 6 else f"{folder.name}: its cells show {shown} outputs"


if __name__ == "__main__":
    main(Path(sys.argv[1]), range(*map(int, sys.argv[2:])))
