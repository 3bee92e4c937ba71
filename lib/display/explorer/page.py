"""The explorer without a kernel: HTML with its scripts, data and sound, from disk, offline."""

from __future__ import annotations

import base64
import json
import math
import numbers
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lib.corpora.audio import BadAudio
from lib.display.explorer.lines import Explorer, visible
from lib.display.html import STYLE, data_uri, escape, table
from lib.display.player import encode_ogg, player
from lib.files import content_hash

SOUND_BYTES = 6_000_000  # of compressed audio in one page; base64 adds a third
GOLDEN = 0.618034  # its multiples, without their integers, are spread evenly from 0 to 1
PLAIN_LINES = 8  # that are visible where no script runs, as in a notebook that is not trusted

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title>{style}</head><body>{body}</body></html>
"""
_FRAGMENT = """<style>{css}</style>
<div class="stw"><p class="muted">{caption}</p></div>
<div class="explorer stw" id="{id}">{plain}</div>
<script type="application/json" id="{id}-data">{data}</script>
<script type="module">
const source = {script};
const address = URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }}));
const {{ mountPage }} = await import(address);
const data = JSON.parse(document.getElementById("{id}-data").textContent);
mountPage(document.getElementById("{id}"), data);
</script>"""


def fragment(explorer: Explorer, sound_bytes: int = SOUND_BYTES) -> str:
    """The explorer as HTML for a page or a cell's output.

    Args:
        sound_bytes: the most compressed audio that it carries, besides the few clips that are seen
            where no script runs; clips have it all over the lines, and the caption says how
            many have none.
    """
    found = payload(explorer)
    sounds, silent = _sounds(explorer, sound_bytes)
    found |= {"sounds": sounds, "silent": silent}
    total = len(set(explorer.sounds))
    outputs = len(explorer.lines) * len(explorer.outputs)
    caption = f"{outputs:,} outputs, {total:,} clips"
    if missing := total - len(sounds):
        caption += f", {missing:,} of them without sound here, which keeps the page small"
    return _FRAGMENT.format(
        css=css(),
        caption=escape(caption),
        id=f"explorer-{content_hash(explorer.name)}",  # a name may hold anything
        plain=_plain(explorer),
        data=_json(found),
        script=_json(script()),
    )


def standalone(explorer: Explorer, title: str, sound_bytes: int = SOUND_BYTES) -> str:
    """The explorer as a page of its own."""
    body = f"<div class='stw'><h1>{escape(title)}</h1></div>{fragment(explorer, sound_bytes)}"
    return _PAGE.format(title=escape(title), style=STYLE, body=body)


def payload(explorer: Explorer) -> dict[str, Any]:
    """What the script shows, without sound."""
    lines, outputs = explorer.lines, list(explorer.outputs)
    columns = [
        {"name": name, "kind": _kind(explorer, name), "shown": name in explorer.shown}
        for name in lines.columns
    ]
    values = [[_value(value) for value in row] for row in lines.itertuples(index=False)]
    clips = {path: number for number, path in enumerate(dict.fromkeys(explorer.sounds))}
    texts = [
        {
            "name": name,
            "column": list(lines.columns).index(name),
            "alignment": outputs.index(name) if name in outputs else None,
        }
        for name in explorer.texts
    ]
    matrices = [
        {
            "title": matrix.title,
            "row": matrix.row,
            "column": matrix.column,
            "rows": [visible(value) for value in matrix.rows],  # as in the lines
            "columns": [visible(value) for value in matrix.columns],
            "where": {name: visible(value) for name, value in matrix.where.items()},
        }
        for matrix in explorer.matrices
    ]
    return {
        "name": explorer.name,
        "columns": columns,
        "rows": [[*row, visible(key)] for row, key in zip(values, lines.index, strict=True)],
        "texts": texts,
        "alignments": explorer.alignments(),
        "matrices": matrices,
        "clips": [clips[path] for path in explorer.sounds],
        "tags": list(explorer.tags),
    }


def _kind(explorer: Explorer, name: str) -> str:
    if name in explorer.texts:
        return "text"
    return "number" if pd.api.types.is_numeric_dtype(explorer.lines[name]) else "category"


def _value(value: Any) -> Any:
    """A cell as JSON has it: numbers in short, texts as they can be seen, nothing for NaN."""
    if isinstance(value, bool | np.bool_):
        return str(bool(value))
    if not isinstance(value, numbers.Real | np.number):
        missing = value is None or value is pd.NA or value is pd.NaT
        return "" if missing else visible(str(value))
    if not math.isfinite(value):
        return ""
    return int(value) if isinstance(value, numbers.Integral) else round(float(value), 2)


def _sounds(explorer: Explorer, limit: int) -> tuple[dict[int, str], dict[int, str]]:
    """The address of each clip's sound while there is room, and the error of unreadable ones.

    Clips come in an order that is spread over all lines, so that good and bad ones are heard.
    """
    sounds, silent, used = {}, {}, 0
    clips = list(enumerate(dict.fromkeys(explorer.sounds)))
    for number, path in sorted(clips, key=lambda clip: clip[0] * GOLDEN % 1):
        if used >= limit:
            break
        try:
            sound = encode_ogg(path)
        except BadAudio as error:
            silent[number] = str(error)
            continue
        used += len(sound)
        sounds[number] = data_uri(sound, "audio/ogg")
    return sounds, silent


def _plain(explorer: Explorer) -> str:
    """The first lines as a table, which a script replaces where it runs."""
    lines = explorer.lines[list(explorer.texts)].head(PLAIN_LINES)
    rows = [
        {"audio": player(path)} | {name: visible(str(text)) for name, text in line.items()}
        for path, (_, line) in zip(explorer.sounds[:PLAIN_LINES], lines.iterrows(), strict=True)
    ]
    return table(rows, frozenset({"audio"}))


def _json(value: Any) -> str:
    """JSON that cannot end the script that it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


@cache
def script() -> str:
    """The viewer's module, with the libraries that it imports inside it."""
    wavesurf = files("wavesurf")
    libraries = {
        "datatables": (files("itables") / "html" / "dt_bundle.js").read_text("utf-8"),
        "wavesurfer": _module((wavesurf / "wavesurfer.min.js").read_text("utf-8")),
        "spectrogram": _module((wavesurf / "plugins" / "spectrogram.min.js").read_text("utf-8")),
        "timeline": _module((wavesurf / "plugins" / "timeline.min.js").read_text("utf-8")),
    }
    folder = Path(__file__).parent
    source = "\n".join((folder / name).read_text("utf-8") for name in ("explorer.js", "hosts.js"))
    for name, code in libraries.items():
        encoded = base64.b64encode(code.encode()).decode()
        source = source.replace(f'"{name}"', f'"data:text/javascript;base64,{encoded}"', 1)
    return source


def _module(source: str) -> str:
    """A library of the older form as a module."""
    head = "const module={exports:{}},exports=module.exports"
    return f"{head};{source};export default module.exports;"


@cache
def css() -> str:
    """The style of the table and of the viewer."""
    bundle = (files("itables") / "html" / "dt_bundle.css").read_text("utf-8")
    return bundle + (Path(__file__).parent / "explorer.css").read_text("utf-8")
