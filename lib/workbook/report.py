"""The report of a scale: one page that opens from disk without a network, and its short form for a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
from tabulate import tabulate

from lib.display import claim_views
from lib.display.html import STYLE, Picture, escape, picture, table
from lib.display.plots import scores_by_pair, scores_with_intervals
from lib.files import atomic_path, write_text
from lib.workbook.collect import claims, of_most_seeds, once, scores
from lib.workbook.manifests import manifests
from lib.workbook.paths import ROOT, scale_folder

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Speech translation workbook: {scale}</title>{style}
<style>
body {{ margin: 0 auto; max-width: 1020px; padding: 2em 1.2em 5em; background: #fff; }}
h1 {{ font-size: 1.7em; margin: 0 0 .2em; }} h2 {{ font-size: 1.25em; margin: 2em 0 .3em; }} h3 {{ font-size: 1em; }}
figure {{ margin: .8em 0; }} .scroll {{ overflow-x: auto; }} nav a {{ margin-right: 1em; }}
a {{ color: #0a6e8a; }} .note {{ border-left: 4px solid #c8502d; padding: .3em .9em; background: #fbf4f1; }}
</style></head><body class="stw">
<h1>Speech translation workbook</h1>
<p class="muted">Scale <b>{scale}</b>, code {commit}. Every number below comes from the runs' own records.</p>
<p class="note">{honesty}</p>
<nav>{links}</nav>
<h2 id="scores">Scores</h2>{chart}<div class="scroll">{scores}</div>
<h2 id="claims">Claims</h2><div class="scroll">{claims}</div>
{runs}
</body></html>
"""


def _honesty(found: list[dict]) -> str:
    data = [entry for manifest in found for entry in manifest["data"]]
    made = sorted({entry["name"] for entry in data if entry["synthetic"]})
    real = sorted({entry["name"] for entry in data if not entry["synthetic"]})
    said = "Scores on the spoken phrasebook are scores on <b>synthetic</b> speech (espeak-ng) of a narrow set of phrases: "
    said += "they compare methods, they do not say how well a system translates people. "
    return said + escape(f"Synthetic here: {'; '.join(made) or 'none'}. Real recordings here: {'; '.join(real) or 'none'}.")


def _run_html(manifest: dict) -> str:
    folder: Path = manifest["folder"]
    parts = [f"<h2 id='{escape(manifest['run'])}'>{escape(manifest['run'])}: {escape(manifest['title'])}</h2>"]
    shown = ", ".join(f"{name} = {value!r}" for name, value in manifest["parameters"].items())
    facts = f"{escape(manifest['exit'])} in {manifest['seconds']:.0f} s, peak memory {manifest['peak_memory_mb']:.0f} MB. {escape(shown)}"
    parts.append(f"<p class='muted'>{facts}</p>")
    for data in manifest["data"]:
        kind = "synthetic" if data["synthetic"] else "real"
        parts.append(
            f"<p class='muted'>Data: {escape(data['name'])} ({kind}, {data['hours']:.2f} h, {data['utterances']} utterances, "
            f"{data['dropped']} left out; {escape(data['licence'])})</p>"
        )
    if manifest["losses"]:
        parts.append(table([{"counted": name.replace("_", " "), "times": value} for name, value in manifest["losses"].items()]))
    for entry in manifest["figures"]:
        parts.append(Picture((folder / "figures" / f"{entry['name']}.png").read_bytes(), entry["caption"]).to_html())
    for entry in manifest["pages"]:
        parts.append(f"<h3>{escape(entry['caption'])}</h3><div class='scroll'>")
        parts.append((folder / "pages" / f"{entry['name']}.html").read_text(encoding="utf-8") + "</div>")
    return "".join(parts)


def _score_row(row: dict) -> dict:
    """A score as a reader wants it: what first, how much next, which run last."""
    what = {"system": f"{row['system']} {row['strategy']}", "task": f"{row['task']} {row['source']}→{row['target']}"}
    return what | {name: row[name] for name in ("metric", "value", "low", "high", "n", "seed", "run")}


def report(scale: str) -> Path:
    """Write outputs/<scale>/report.html and return its path."""
    found = manifests(scale)
    rows = scores(scale)
    single = once(rows)
    short = single.drop(columns=["signature", "commit", "notebook"]).to_dict("records")
    chart = ""
    for metric, task, drawn in (("BLEU", "ST", scores_by_pair), ("WER[gmu]", "ASR", scores_with_intervals)):
        part = [row for row in short if row["metric"] == metric and row["task"] == task]
        if part:
            caption = f"{metric} on the test sets, {scale}; baselines are grey; of several seeds the first"
            chart += picture(drawn(part, metric), caption).to_html()
    page = _PAGE.format(
        scale=escape(scale),
        style=STYLE,
        commit=escape(", ".join(sorted({f"{m['commit'][:10]}{' + changes' if m['dirty'] else ''}" for m in found})) or "none"),
        honesty=_honesty(found),
        links=" ".join(f"<a href='#{escape(m['run'])}'>{escape(m['run'])}</a>" for m in found),
        chart=chart,
        scores=table([_score_row(row) for row in short]),
        claims=claim_views.claims(claims(scale)).body,
        runs="".join(map(_run_html, found)),
    )
    return write_text(scale_folder(scale) / "report.html", page)


def keep_reference(scale: str) -> Path:
    """Copy a scale's tables, and the charts that notebooks 16 and 90 drew, to outputs/reference/, which is committed."""
    folder = ROOT / "outputs" / "reference"
    for source, name in (
        (scale_folder(scale) / "scores.csv", f"{scale}-scores.csv"),
        (scale_folder(scale) / "claims.csv", f"{scale}-claims.csv"),
        (scale_folder(scale) / "runs" / "90" / "figures" / "speech.png", f"{scale}-bleu.png"),
        (scale_folder(scale) / "runs" / "16" / "figures" / "gains.png", f"{scale}-gains.png"),
    ):
        with atomic_path(folder / name) as new:
            shutil.copyfile(source, new)
    return folder


def summary(scale: str, runs: list[str] | None = None) -> str:
    """Scores and claims as text: all of some runs, or BLEU and WER of each system once, and each claim by most seeds."""
    rows, held = scores(scale), claims(scale)
    if runs is not None:
        rows, held = rows[rows["run"].isin(runs)], held[held["run"].isin(runs)]
    rows = rows[~rows["metric"].str.contains("gmu") | rows["task"].eq("ASR")] if len(rows) else rows
    if runs is None and len(rows):  # everything there is: each system and each claim once
        rows, held = once(rows[rows["metric"].isin(["BLEU", "WER[gmu]"])]), of_most_seeds(held)
    lines = []
    if len(rows):
        view = pd.DataFrame(
            {
                "run": rows["run"],
                "system": rows["system"] + " " + rows["strategy"],
                "task": rows["task"] + " " + rows["source"] + "→" + rows["target"],
                "metric": rows["metric"],
                "value": rows["value"],
                "95 % interval": [f"{low:.1f} to {high:.1f}" for low, high in zip(rows["low"], rows["high"], strict=True)],
                "n": rows["n"],
            }
        )
        lines += ["", "Scores", tabulate(view, headers="keys", showindex=False, floatfmt=".1f")]
    if len(held):
        view = held[["claim", "statement", "predicted_low", "predicted_high", "measured", "verdict", "run"]]
        lines += ["", "Claims", tabulate(view, headers="keys", showindex=False, floatfmt=".1f", maxcolwidths=[None, 48])]
    folder = scale_folder(scale)
    return "\n".join([*lines, "", f"Tables: {folder / 'scores.csv'}, {folder / 'claims.csv'}"])
