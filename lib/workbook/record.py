"""A run's record: what was asked, predicted and measured, with what code and data, written as it happens."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from lib.display.curve import Curve
from lib.display.html import Page, Picture, escape, number, picture
from lib.files import atomic_path, content_hash, file_hash, lock, write_json
from lib.scoring.claims import Claim, verdict
from lib.scoring.outputs import OutputRow, score_table
from lib.training.fit import TrainingProgress
from lib.utterance import Corpus
from lib.workbook.manifests import lib_hash
from lib.workbook.notebooks import notebook
from lib.workbook.paths import HEADLESS, ROOT, cache, scale_folder

_open: dict[str, ExitStack] = {}  # the runs that this process holds, so that a cell can be run again
SHOW_EVERY = 2.0  # seconds between two lines of progress


class Run:
    """One notebook at one scale with one set of parameters; see `start_run`."""

    def __init__(self, folder: Path, manifest: dict[str, Any]) -> None:
        self.folder, self.manifest = folder, manifest
        self._clock, self._shown = time.monotonic(), 0.0
        self._line: Any = None
        self._curve: Curve | None = None
        self._save()

    @property
    def cache(self) -> Path:
        """Where corpora and backbones are kept."""
        return cache()

    @property
    def device(self) -> str:
        """Where models run."""
        return self.manifest["device"]["kind"]

    @property
    def by_hand(self) -> bool:
        """Is somebody stepping through the cells, who can use a widget?"""
        return HEADLESS not in os.environ

    def _save(self) -> None:
        write_json(self.folder / "manifest.json", self.manifest)

    def predict(self, claim: str, paper: str, statement: str, low: float, high: float) -> Page:
        """Write a prediction down before the run that tests it.

        Raises:
            ValueError: something was measured already, and this is another prediction.
        """
        for entry in self.manifest["claims"]:
            same = (entry["statement"], entry["predicted_low"], entry["predicted_high"]) == (statement, low, high)
            if entry["claim"] == claim and entry["measured"] is not None and not same:
                raise ValueError(f"{claim} was measured already, so its prediction stands; start the run again to predict anew")
        row = asdict(Claim(claim, paper, statement, low, high)) | {
            "measured": None, "low": None, "high": None, "seeds": 0, "verdict": "not run",
        }  # fmt: skip
        self.manifest["claims"] = [entry for entry in self.manifest["claims"] if entry["claim"] != claim] + [row]
        self._save()
        return Page(f"<p><b>{escape(claim)}</b>: {escape(statement)}<br>predicted: {number(low)} to {number(high)}</p>")

    def judge(self, claim: str, value: float, low: float, high: float, seeds: int = 1) -> Page:
        """Put what was measured beside a prediction; the verdict is computed, not written.

        Raises:
            ValueError: where nothing was predicted under that name.
        """
        rows = [entry for entry in self.manifest["claims"] if entry["claim"] == claim]
        if not rows:
            raise ValueError(f"nothing was predicted as {claim!r}; predict before the run")
        row = rows[0]
        stated = Claim(claim, row["paper"], row["statement"], row["predicted_low"], row["predicted_high"])
        row |= {"measured": round(value, 4), "low": round(low, 4), "high": round(high, 4), "seeds": seeds}
        row["verdict"] = verdict(stated, value, low, high)
        self._save()
        return Page(
            f"<p><b>{escape(claim)}: {row['verdict']}</b>. Measured {number(value)} ({number(low)} to {number(high)}), "
            f"predicted {number(stated.predicted_low)} to {number(stated.predicted_high)}.</p>"
        )

    def uses(self, corpus: Corpus) -> Page:
        """Record a corpus, and everything that was left out of it."""
        facts = {
            "name": corpus.name,
            "hash": corpus.hash,
            "synthetic": corpus.synthetic,
            "licence": corpus.licence,
            "utterances": len(corpus.utterances),
            "hours": round(corpus.hours(), 4),
            "dropped": len(corpus.dropped),
            "dropped_because": [asdict(entry) for entry in corpus.dropped[:100]],
        }
        self.manifest["data"] = [entry for entry in self.manifest["data"] if entry["hash"] != corpus.hash] + [facts]
        self._save()
        kind = "synthetic speech" if corpus.synthetic else "recordings"
        lost = f" {len(corpus.dropped)} left out, first: {escape(corpus.dropped[0].reason)}" if corpus.dropped else ""
        return Page(
            f"<p>{escape(corpus.name)}: {facts['utterances']:,} utterances, {number(facts['hours'])} h of {kind}.{lost}</p>"
        )

    def using(self, system: str, folder: Path) -> None:
        """Record that a trained system is used, and where it lies: notebooks share systems, so not in the run's own folder."""
        self.manifest["systems"][system] = str(folder)
        self._save()

    def _training(self) -> None:
        """How the systems of this run were trained, as one table."""
        paths = {name: Path(folder) / "training.csv" for name, folder in self.manifest["systems"].items()}
        tables = [pd.read_csv(path).assign(system=name) for name, path in paths.items() if path.exists()]
        if tables:
            table = pd.concat(tables)
            with atomic_path(self.folder / "training.csv") as new:
                table[["system", *table.columns.drop("system")]].to_csv(new, index=False)

    def count(self, **losses: int) -> None:
        """Record how often something was cut, dropped or could not be written; zero is worth recording too."""
        self.manifest["losses"] |= losses
        self._save()

    def hypotheses(self, rows: Iterable[OutputRow]) -> pd.DataFrame:
        """Write what systems said to hypotheses.jsonl and score it; the scores come from these rows alone."""
        rows = list(rows)
        with atomic_path(self.folder / "hypotheses.jsonl") as new:
            lines = (json.dumps({"run": self.manifest["run"], **asdict(row)}, ensure_ascii=False) for row in rows)
            new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self.manifest["scores"] = score_table(rows)
        self._save()
        return pd.DataFrame(self.manifest["scores"])

    def figure(self, name: str, figure: Figure, caption: str) -> Picture:
        """Keep a figure for the report, and show it."""
        kept = picture(figure, caption)
        with atomic_path(self.folder / "figures" / f"{name}.png") as new:
            new.write_bytes(kept.png)
        self._keep("figures", name, caption)
        return kept

    def page(self, name: str, html: str, caption: str) -> Page:
        """Keep a piece of HTML of the workbook's own making (clips, an alignment) for the report, and show it."""
        with atomic_path(self.folder / "pages" / f"{name}.html") as new:
            new.write_text(html, encoding="utf-8")
        self._keep("pages", name, caption)
        return Page(html)

    def _keep(self, kind: str, name: str, caption: str) -> None:
        others = [entry for entry in self.manifest[kind] if entry["name"] != name]
        self.manifest[kind] = [*others, {"name": name, "caption": caption}]
        self._save()

    def watch(self, tick: TrainingProgress) -> None:
        """Show how training goes: a curve and a line that are replaced, and progress.json for whoever watches from outside."""
        if self._curve is None or self._curve.stage != tick.stage or tick.update == 1:
            self._curve = Curve(tick.stage, tick.updates)
            self._line = None  # a stage that is over keeps its curve
        self._curve.add(tick.update, tick.loss, tick.score_now)
        score = "" if tick.score is None else f", best score {tick.score:.1f}"
        minutes, seconds = divmod(round(tick.seconds_left), 60)
        left = f"{minutes} min {seconds:02d} s" if minutes else f"{seconds} s"
        line = f"{tick.stage} {tick.update}/{tick.updates}, loss {tick.loss:.2f}{score}, {left} left"
        self._tell(line, tick.update == tick.updates, self._curve.page)

    def progress(self, what: str, done: int, of: int) -> None:
        """Show how something that is not training goes."""
        if self._curve is not None:
            self._curve, self._line = None, None
        self._tell(f"{what} {done}/{of}", done == of, lambda line: Page(f"<span class='muted'>{escape(line)}</span>"))

    def _tell(self, line: str, last: bool, draw: Callable[[str], Page]) -> None:
        if not last and time.monotonic() - self._shown < SHOW_EVERY:
            return
        self._shown = time.monotonic()
        write_json(self.folder / "progress.json", {"line": line, "at": time.time()})
        if self._line is None:
            self._line = _show(draw(line))
        elif self._line:
            self._line.update(draw(line))

    def finish(self) -> Page:
        """Close the record; a run without this call has not finished."""
        self._training()
        peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        seconds = time.monotonic() - self._clock
        self.manifest |= {
            "exit": "finished",
            "finished": _now(),
            "seconds": round(seconds, 1),
            "peak_memory_mb": round(peak / 1024, 1),
            "lib_hash": lib_hash(),
        }
        self._save()
        if held := _open.pop(self.manifest["run_key"], None):  # the cell may be run twice
            held.close()
        return Page(
            f"<p>Run {escape(self.manifest['run'])} finished in {seconds:.0f} s; its record is in {escape(self.folder)}.</p>"
        )


def start_run(number: str, scale: str, **parameters: Any) -> Run:
    """Open the record of a run; the notebook passes every parameter it has.

    The run's folder is outputs/<scale>/runs/<name>. What was trained there before an interruption is gone on with.

    Raises:
        BadParameter: an unknown scale or a parameter of another type.
        RuntimeError: another process has this run open.
    """
    source = notebook(number)
    parameters = source.check({"scale": scale, **parameters})
    name = source.run_name(parameters)
    folder = scale_folder(scale) / "runs" / name
    key = str(folder)
    if key in _open:  # the cell is run again: this process lets go of the record and takes it anew
        _open.pop(key).close()
    _open[key] = ExitStack()
    _open[key].enter_context(lock(folder / ".lock", f"run {name} at {scale}"))
    manifest = {
        "run": name,
        "run_key": key,
        "notebook": source.number,
        "title": source.title,
        "scale": scale,
        "parameters": parameters,
        "claims": [],
        "scores": [],
        "data": [],
        "losses": {},
        "systems": {},
        "figures": [],
        "pages": [],
        "notebook_hash": source.hash,
        "lib_hash": lib_hash(),
        **_code(),
        "packages": {d.metadata["Name"]: d.version for d in sorted(distributions(), key=lambda d: d.metadata["Name"].lower())},
        "requirements_hash": file_hash(ROOT / "requirements.txt"),
        "python": platform.python_version(),
        "device": _device(),
        "process": os.getpid(),
        "started": _now(),
        "finished": "not yet",
        "seconds": 0.0,
        "peak_memory_mb": 0.0,
        "exit": "running",
    }
    return Run(folder, manifest)


def _code() -> dict[str, Any]:
    """The commit and what the working tree adds to it."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    commit = git("rev-parse", "HEAD")
    if not commit:
        return {"commit": "no git", "dirty": False, "dirty_hash": "no git"}
    changed = git("status", "--porcelain")
    return {
        "commit": commit,
        "dirty": bool(changed),
        "dirty_hash": content_hash([changed, git("diff", "HEAD")]) if changed else "clean",
    }


def _device() -> dict[str, Any]:
    import torch

    facts: dict[str, Any] = {"kind": "cpu", "name": platform.processor() or platform.machine(), "cores": os.cpu_count()}
    if torch.cuda.is_available():
        facts |= {"kind": "cuda", "name": torch.cuda.get_device_name(), "count": torch.cuda.device_count()}
    return facts | {"threads": torch.get_num_threads()}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _show(page: Page) -> Any:
    """Show a page in the notebook and return what can replace it; False where there is no notebook."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return False
    return display(page, display_id=True) if get_ipython() else False
