"""Safe HTML: text from corpora and models is escaped, and bytes travel inside the page."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass

from matplotlib.figure import Figure

STYLE = """<style>
.stw.stw { font: 14px/1.45 system-ui, sans-serif; color: #1d2733; }
/* twice: JupyterLab's own rules for tables would win otherwise */
.stw.stw table { table-layout: auto; border-collapse: collapse; width: 100%; margin: .4em 0 1em; }
.stw.stw th { text-align: left; font-weight: 600; border-bottom: 2px solid #1d2733; padding: .3em .7em .3em 0; white-space: nowrap; }
.stw.stw td { text-align: left; vertical-align: top; border-bottom: 1px solid #d8dee6; padding: .35em .7em .35em 0; }
.stw.stw .number { text-align: right !important; font-variant-numeric: tabular-nums; white-space: nowrap; }
.stw.stw audio { height: 30px; width: 210px; }
.stw.stw .wrong { background: #fde0dc; border-radius: 3px; padding: 0 .15em; }
.stw.stw .missing { color: #a33; text-decoration: line-through; }
.stw.stw .muted { color: #66727f; font-size: 12px; }
.stw.stw img { max-width: 100%; }
.stw.stw td img { min-width: 180px; }
.stw.stw td:not(.number) { overflow-wrap: anywhere; min-width: 7em; }
.stw.stw summary { cursor: pointer; font-weight: 600; padding: .3em 0; }
</style>"""


def escape(text: object) -> str:
    """Any value as text that a page may hold."""
    return html.escape(str(text), quote=True)


def data_uri(data: bytes, kind: str) -> str:
    """Bytes as an address that works from disk and without a network."""
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def number(value: object) -> str:
    """A number as a table shows it: two decimals, thousands set apart, nothing for nothing."""
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000 else escape(value)


def table(rows: list[dict], safe: frozenset[str] = frozenset()) -> str:
    """Rows as an HTML table.

    Args:
        safe: columns whose values are HTML of the workbook's own making; every other one is escaped.
    """
    if not rows:
        return "<p class='muted'>nothing</p>"
    columns = list(rows[0])
    numeric = {c for c in columns if all(isinstance(row.get(c), (int, float, type(None))) for row in rows)}
    kinds = {column: " class='number'" if column in numeric else "" for column in columns}
    head = "".join(f"<th{kinds[column]}>{escape(column)}</th>" for column in columns)
    body = []
    for row in rows:
        cells = []
        for column in columns:
            value, kind = row.get(column, ""), kinds[column]
            cells.append(f"<td{kind}>{value if column in safe else number(value)}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


@dataclass
class Page:
    """A piece of HTML that a notebook shows by itself."""

    body: str

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.body}</div>"


@dataclass
class Picture:
    """A figure as PNG with a caption; shown by a notebook, kept by a run, put into the report."""

    png: bytes
    caption: str

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.to_html()}</div>"

    def to_html(self) -> str:
        """The picture with its caption."""
        caption = escape(self.caption)
        return f"<figure><img alt='{caption}' src='{data_uri(self.png, 'image/png')}'><figcaption class='muted'>{caption}</figcaption></figure>"


def picture(figure: Figure, caption: str) -> Picture:
    """A matplotlib figure as a picture."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, bbox_inches="tight")
    return Picture(out.getvalue(), caption)
