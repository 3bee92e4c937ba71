"""A run's record: parameters, predictions, measurements, code and data, written as they come."""

from __future__ import annotations

import json
import os
import resource
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lib.display import claim_views
from lib.display.explorer import Explorer
from lib.display.explorer.page import standalone
from lib.display.html import Page, Picture, note, picture
from lib.files import atomic_path, write_json
from lib.locks import lock
from lib.progress import TrainingProgress
from lib.scales import set_threads
from lib.scoring.claims import measure_rows
from lib.scoring.outputs import OutputRow, score_table
from lib.systems import registry
from lib.utterance import Corpus
from lib.workbook import power
from lib.workbook.claim_rows import Interval, differs, judged_row, predicted_row
from lib.workbook.corpus_facts import corpus_facts, corpus_line, corpus_stamp
from lib.workbook.environment import describe_environment
from lib.workbook.hypotheses import OUTPUTS, TRAINING
from lib.workbook.identity import check_runs
from lib.workbook.live_progress import LiveProgress
from lib.workbook.manifest_reader import RECORD, first_began, hash_of, system_folders
from lib.workbook.paths import HEADLESS, cache, scale_folder
from lib.workbook.plan import notebook_run
from lib.workbook.record_schema import FINISHED, NOT_YET
from lib.workbook.sealed import seal
from lib.workbook.trainings import training_table

_open: dict[str, ExitStack] = {}  # locks of this process's runs, so that a cell can be run again


class Run:
    """One notebook at one scale with one set of parameters; see `start_run`."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest
        self._started = time.monotonic()
        self._progress = LiveProgress(folder)
        self._save()

    @property
    def cache(self) -> Path:
        """The folder of corpora and trained systems, which all runs share."""
        return cache()

    @property
    def device(self) -> str:
        """The device of models: cpu or cuda."""
        return self.manifest["device"]["kind"]

    @property
    def by_hand(self) -> bool:
        """True where somebody steps through the cells and can use a widget."""
        return HEADLESS not in os.environ

    @property
    def scale(self) -> str:
        """The scale of the run."""
        return self.manifest["scale"]

    def _save(self) -> None:
        write_json(self.folder / RECORD, self.manifest, sealed=True)

    def _keep(self, name: str, data: bytes) -> None:
        """Write a file into the run's folder, and its hash into the record."""
        with atomic_path(self.folder / name) as path:
            path.write_bytes(data)
        self.manifest["files"][name] = hash_of(data)

    def made_in(self, other: Run) -> None:
        """Say that another notebook makes this run, and show progress there."""
        self.manifest["made_in"] = other.manifest["notebook"]
        self._progress = other._progress

    def callback(self, progress: TrainingProgress) -> None:
        """Show the progress of training."""
        self._progress.training(progress)

    def progress(self, what: str, done: int, total: int) -> None:
        """Show the progress of anything else."""
        self._progress.other(what, done, total)

    def predict(self, claim_id: str, source: str = "", target: str = "") -> Page:
        """Record a claim's prediction, before the run that tests it.

        Args:
            source, target: the languages that it is about here.

        Raises:
            KeyError: no system has such a claim.
            ValueError: the claim was measured already, under another prediction.
        """
        row = predicted_row(registry.claim(claim_id), source, target)
        before = self._claim_row(claim_id)
        if before and before["measured"] is not None and differs(before, row):
            raise ValueError(
                f"claim {claim_id} was measured already, so its prediction stands; "
                "restart the notebook to record another one"
            )
        if before is None or differs(before, row):  # a cell that runs again keeps the measurement
            self._list("claims", row, key="claim")
        one_seed = "seed" in self.manifest["parameters"]
        seen = power.note_for(claim_id, self.manifest["scale"], one_seed)
        return claim_views.prediction(row, seen)

    def judge(
        self, claim_id: str, found: Interval | float, since: str = ""
    ) -> Page:
        """Record a measurement beside its prediction; the verdict is computed.

        Args:
            found: the measured number with its interval; a plain number is exact.
            since: when the first run that it is measured on, or its first training, began; default:
                of this run.

        Raises:
            ValueError: the claim was not predicted, its prediction has changed since, or it was
                judged with another number.
        """
        if not (row := self._claim_row(claim_id)):
            raise ValueError(f"claim {claim_id} was not predicted; call run.predict before the run")
        since = since or first_began(self.manifest)
        row = judged_row(row, registry.claim(claim_id), found, since)
        self._list("claims", row, key="claim")
        return claim_views.judgement(row)

    def _claim_row(self, claim_id: str) -> dict[str, Any] | None:
        rows = {row["claim"]: row for row in self.manifest["claims"]}
        return rows.get(claim_id)

    def judge_outputs(self, claim_id: str, rows: Sequence[OutputRow]) -> Page:
        """Measure a claim on the outputs of this run, and judge it."""
        return self.judge(claim_id, measure_rows(registry.claim(claim_id), rows))

    def uses(self, corpus: Corpus) -> Page:
        """Record a corpus, with what was left out of it."""
        facts = corpus_facts(corpus)
        self._list("data", facts, key="hash")
        return note(corpus_line(facts))

    def on_system(self, system: str, folder: Path) -> None:
        """Record a trained system and its folder in the cache, which notebooks share.

        One in the run's own folder, such as an exercise trains, goes with the run.

        Raises:
            ValueError: the folder is elsewhere.
        """
        if folder.resolve().is_relative_to(self.folder):
            return
        if folder.resolve().parent != cache():
            raise ValueError(f"the system {system} lies in {folder}, not in the cache, {cache()}")
        self.manifest["systems"][system] = folder.name  # the cache may move
        self._save()

    def count(self, **dropped_counts: int) -> None:
        """Record how often something was cut, dropped or not representable; zeros too."""
        self.manifest["dropped_counts"] |= dropped_counts
        self._save()

    def measure(self, **measures: float) -> None:
        """Record numbers that are no score: sizes, seconds, memory."""
        self.manifest["measures"] |= measures
        self._save()

    def hypotheses(self, rows: Iterable[OutputRow]) -> pd.DataFrame:
        """Write outputs to hypotheses.jsonl, and score them; the scores depend on them alone."""
        rows = list(rows)
        lines = ({"run": self.manifest["run"], **asdict(row)} for row in rows)
        text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
        self._keep(OUTPUTS, text.encode())
        self.manifest["scores"] = score_table(rows)
        self._save()
        return pd.DataFrame(self.manifest["scores"])

    def figure(self, name: str, figure: Figure, caption: str, reference: str = "") -> Picture:
        """Keep a figure for the report, and show it.

        Args:
            reference: the name under which `reference` copies it into outputs/reference/, such as
                "gains"; empty: it is not copied.
        """
        drawn = picture(figure, caption)
        self._keep(f"figures/{name}.png", drawn.png)
        entry = {"name": name, "caption": caption}
        self._list("figures", entry | ({"reference": reference} if reference else {}))
        return drawn

    def page(self, name: str, html: str, caption: str) -> Page:
        """Keep HTML that this library made (clips, an alignment) for the report, and show it."""
        self._keep(f"pages/{name}.html", html.encode())
        self._list("pages", {"name": name, "caption": caption})
        return Page(html)

    def explore(self, explorer: Explorer, caption: str) -> Any:
        """Keep an explorer as a page of its own for the report, and show it.

        Returns:
            A widget where somebody uses the notebook, else what needs no kernel.
        """
        self._keep(f"pages/{explorer.name}.html", standalone(explorer, caption).encode())
        self._list("pages", {"name": explorer.name, "caption": caption, "standalone": True})
        tags = scale_folder(self.manifest["scale"]) / "tags.csv"
        return explorer.live(tags) if self.by_hand else explorer

    def _list(self, kind: str, entry: dict[str, Any], key: str = "name") -> None:
        """Put an entry into a list of the manifest, in place of the one with the same key."""
        entries = {other[key]: other for other in self.manifest[kind]}
        self.manifest[kind] = list((entries | {entry[key]: entry}).values())
        self._save()

    def finish(self) -> Page:
        """Complete the record; a run without this call has not finished."""
        if table := training_table(system_folders(self.manifest)):
            self._keep(TRAINING, table)
        usage = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        peak_kb = max(resource.getrusage(who).ru_maxrss for who in usage)
        seconds = time.monotonic() - self._started
        self.manifest |= {
            "exit": FINISHED,
            "finished": _now(),
            "seconds": round(seconds, 1),
            "peak_memory_mb": round(peak_kb / 1024, 1),
        }
        self._save()
        if held := _open.pop(str(self.folder), None):  # the cell may be run twice
            held.close()
        text = f"Run {self.manifest['run']} finished in {seconds:.0f} s; record: {self.folder}"
        return note(text)


def start_run(number: str, scale: str, **parameters: Any) -> Run:
    """Open the record of a run, and give torch the scale's threads.

    The folder is outputs/<scale>/runs/<name>.

    Args:
        parameters: every parameter of the notebook.

    Raises:
        BadParameter: a parameter is wrong, or the folder holds a run with other parameters.
        RuntimeError: another process has this run open.
    """
    planned = notebook_run(number, {"scale": scale, **parameters})
    check_runs([planned])
    key = str(planned.folder)
    if key in _open:  # the cell is run again
        _open.pop(key).close()
    _open[key] = ExitStack()
    _open[key].enter_context(lock(planned.folder / ".lock", f"run {planned.name} at {scale}"))
    set_threads(scale)
    manifest = {
        "run": planned.name,
        "notebook": planned.notebook.number,
        "title": planned.notebook.title,
        "scale": scale,
        "parameters": planned.parameters,
        "corpus_stamp": corpus_stamp(planned.parameters),
        "sealed": seal(scale),
        "claims": [],
        "scores": [],
        "measures": {},
        "data": [],
        "dropped_counts": {},
        "systems": {},
        "figures": [],
        "pages": [],
        "files": {},
        "notebook_hash": planned.notebook.hash,
        **describe_environment(),
        "started": _now(),
        "finished": NOT_YET,
        "seconds": 0.0,
        "peak_memory_mb": 0.0,
        "exit": "running",
    }
    return Run(planned.folder, manifest)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
