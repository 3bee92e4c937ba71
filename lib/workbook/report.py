"""The report of a scale: one page that opens from disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd
from bs4 import BeautifulSoup

from lib.display import claim_views, score_plots, score_views
from lib.display.html import STYLE, Picture, escape, picture, table
from lib.files import Damaged, write_text
from lib.tasks import TASKS
from lib.workbook.collect import distinct_scores, scores
from lib.workbook.ledger import ledger
from lib.workbook.manifest_reader import damage, manifests, run_file
from lib.workbook.paths import scale_folder
from lib.workbook.plan import workbook_runs
from lib.workbook.summary import main_metric
from lib.workbook.time_table import time_table

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<title>Speech translation workbook: {scale}</title>{style}
<style>
body {{ margin: 0 auto; max-width: 1020px; padding: 2em 1.2em 5em; background: #fff; }}
h1 {{ font-size: 1.7em; margin: 0 0 .2em; }} h2 {{ font-size: 1.25em; margin: 2em 0 .3em; }}
h3 {{ font-size: 1em; }} figure {{ margin: .8em 0; }} .scroll {{ overflow-x: auto; }}
nav a {{ margin-right: 1em; }} a {{ color: #0a6e8a; }}
.note {{ border-left: 4px solid #c8502d; padding: .3em .9em; background: #fbf4f1; }}
</style></head><body class="stw">
<h1>Speech translation workbook</h1>
<p class="muted">Scale <b>{scale}</b>, code {commit}. All numbers come from the runs' records.</p>
<p class="note">{synthetic_note}</p>
<nav>{links}</nav>
<h2 id="scores">Scores</h2>{charts}<div class="scroll">{scores}</div>
<h2 id="claims">Claims</h2><div class="scroll">{claims}</div>
<details><summary>Claims that nothing has measured</summary>{not_measured}</details>
{time}{damaged}{runs}
</body></html>
"""
# tags that this library does not write, of which some act in spite of the policy
FOREIGN = "base embed form iframe link meta object script style textarea title".split()
# whatever a record brings along: no script runs, and nothing is loaded or sent
_POLICY = (
    "default-src 'none'; img-src data:; media-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; base-uri 'none'"
)
_SYNTHETIC_NOTE = (
    "Scores on the spoken phrasebook are scores on <b>synthetic</b> speech (espeak-ng) and a "
    "narrow set of phrases: they compare methods, and do not measure translation of human speech. "
)


def report(scale: str) -> Path:
    """Write outputs/<scale>/report.html and return its path."""
    found = manifests(scale)
    distinct, known = distinct_scores(scores(scale)), ledger(scale)
    names = [escape(manifest["run"]) for manifest in found]
    page = _PAGE.format(
        scale=escape(scale),
        policy=_POLICY,
        style=STYLE,
        commit=escape(", ".join(sorted(set(map(_commit, found)))) or "none"),
        synthetic_note=_synthetic_note(found),
        links=" ".join(
            f"<a href='#{name}' title='{escape(manifest['title'])}'>{name}</a>"
            for name, manifest in zip(names, found, strict=True)
        ),
        charts="".join(_charts(distinct, scale)),
        scores=score_views.scores(distinct).body,
        claims=claim_views.ledger(known).body,
        not_measured=claim_views.not_measured(known).body,
        time=_time_html(scale),
        damaged=_damaged_html(damage(scale)),
        runs="".join(map(_run_html, found)),
    )
    return write_text(scale_folder(scale) / "report.html", page)


def _commit(manifest: dict[str, Any]) -> str:
    return f"{manifest['commit'][:10]}{' + changes' if manifest['dirty'] else ''}"


def _synthetic_note(found: list[dict[str, Any]]) -> str:
    data = [entry for manifest in found for entry in manifest["data"]]
    synthetic = sorted({entry["name"] for entry in data if entry["synthetic"]})
    real = sorted({entry["name"] for entry in data if not entry["synthetic"]})
    listed = f"Synthetic here: {'; '.join(synthetic) or 'none'}. "
    listed += f"Real recordings here: {'; '.join(real) or 'none'}."
    return _SYNTHETIC_NOTE + escape(listed)


def _charts(table: pd.DataFrame, scale: str) -> list[str]:
    """The main metric of each task with speech input, translation first."""
    tasks = [task for task in TASKS.values() if task.speech_input]
    drawn = []
    for task in sorted(tasks, key=lambda task: not task.translates):
        metric = main_metric(task.name)
        rows = table[(table["task"] == task.name) & (table["metric"] == metric)]
        if len(rows):
            chart = score_plots.score_panels if task.translates else score_plots.score_chart
            caption = (
                f"{metric} on the test sets, {scale}; baselines are grey; "
                "of several seeds the lowest is shown"
            )
            drawn.append(picture(chart(rows, metric), caption).to_html())
    return drawn


def _time_html(scale: str) -> str:
    """Where the time of the workbook's runs went; empty where none has finished."""
    if not (found := time_table(scale, {run.name for run in workbook_runs(scale)})):
        return ""
    title = "<h2 id='time'>Where the time went, in minutes</h2>"
    return f"{title}<div class='scroll'>{table(found.rows)}</div>{_muted(found.totals())}"


def _damaged_html(damaged: list[str]) -> str:
    """What is damaged of the records, and so not to be relied on; empty where nothing is."""
    if not damaged:
        return ""
    listed = "".join(f"<li>{escape(wrong)}</li>" for wrong in damaged)
    return f"<h2 id='damaged'>Damaged records</h2><ul class='note'>{listed}</ul>"


def _run_html(manifest: dict[str, Any]) -> str:
    run = escape(manifest["run"])
    given = ", ".join(f"{name} = {value!r}" for name, value in manifest["parameters"].items())
    facts = f"{manifest['exit']} in {manifest['seconds']:.0f} s, "
    facts += f"peak memory {manifest['peak_memory_mb']:.0f} MB. {given}"
    parts = [f"<h2 id='{run}'>{run}: {escape(manifest['title'])}</h2>", _muted(facts)]
    for data in manifest["data"]:
        kind = "synthetic" if data["synthetic"] else "real"
        parts.append(
            _muted(
                f"Data: {data['name']} ({kind}, {data['hours']:.2f} h, {data['utterances']} "
                f"utterances, {data['dropped']} left out; {data['licence']})"
            )
        )
    if counts := manifest.get("dropped_counts"):
        rows = [{"counted": n.replace("_", " "), "times": count} for n, count in counts.items()]
        parts.append(table(rows))
    for entry in manifest["figures"]:
        parts.append(_part(manifest, f"figures/{entry['name']}.png", entry, _figure_html))
    for entry in manifest["pages"]:
        show = _link_html if entry.get("standalone") else _page_html
        parts.append(_part(manifest, f"pages/{entry['name']}.html", entry, show))
    return "".join(parts)


def _part(
    manifest: dict[str, Any],
    name: str,
    entry: dict[str, Any],
    show: Callable[[str, bytes, str], str],
) -> str:
    """A figure or page of a run; where it is damaged, that it is."""
    try:
        data = run_file(manifest, name)
    except Damaged as error:
        return f"<p class='note'>{escape(entry['caption'])}: {escape(error)}</p>"
    return show(f"runs/{manifest['folder'].name}/{name}", data, entry["caption"])


def _figure_html(_address: str, data: bytes, caption: str) -> str:
    return Picture(data, caption).to_html()


def _link_html(address: str, _data: bytes, caption: str) -> str:
    return f"<p><a href='{escape(quote(address))}'>{escape(caption)}</a></p>"


def _page_html(_address: str, data: bytes, caption: str) -> str:
    """A page within the report: read and written again, so that it cannot go beyond its place."""
    body = BeautifulSoup(data, "lxml", from_encoding="utf-8").body
    for tag in body.find_all(FOREIGN) if body else ():
        tag.decompose()
    page = body.decode_contents(formatter="minimal") if body else ""
    return f"<h3>{escape(caption)}</h3><div class='scroll'>{page}</div>"


def _muted(text: str) -> str:
    return f"<p class='muted'>{escape(text)}</p>"
