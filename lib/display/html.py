"""Safe HTML: text from corpora and models is escaped, and images and sound travel in the page."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass

from matplotlib.figure import Figure

# the class is doubled to outrank JupyterLab's own rules for tables
STYLE = """<style>
.stw.stw { font: 14px/1.45 system-ui, sans-serif; color: #1d2733; }
.stw.stw table {
  table-layout: auto; border-collapse: collapse; width: 100%; margin: .4em 0 1em; }
.stw.stw th {
  text-align: left; font-weight: 600; border-bottom: 2px solid #1d2733; padding: .3em .7em .3em 0;
  white-space: nowrap; }
.stw.stw td {
  text-align: left; vertical-align: top; border-bottom: 1px solid #d8dee6;
  padding: .35em .7em .35em 0; }
.stw.stw .number {
  text-align: right !important; font-variant-numeric: tabular-nums; white-space: nowrap; }
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
    """Any value as text that is safe inside HTML."""
    return html.escape(str(text), quote=True)


def data_uri(data: bytes, media_type: str) -> str:
    """Bytes as a `data:` URI, which needs no file and no network."""
    return f"data:{media_type};base64,{base64.b64encode(data).decode('ascii')}"


def number(value: object) -> str:
    """A table cell: floats with two decimals, large integers with separators, nothing for NaN."""
    if value is None or value != value:
        return ""
    if isinstance(value, float):
        return f"{value:,.2f}"
    large = isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 10_000
    return f"{value:,}" if large else escape(value)


def table(rows: list[dict], safe: frozenset[str] = frozenset()) -> str:
    """Rows as an HTML table.

    Args:
        safe: columns that already hold HTML made by this package; all others are escaped.
    """
    if not rows:
        return "<p class='muted'>no rows</p>"
    columns = list(rows[0])
    numeric = {
        column
        for column in columns
        if all(isinstance(row.get(column), (int, float, type(None))) for row in rows)
    }
    styles = {column: " class='number'" if column in numeric else "" for column in columns}
    head = "".join(f"<th{styles[column]}>{escape(column)}</th>" for column in columns)
    body = []
    for row in rows:
        cells = []
        for column in columns:
            value = row.get(column, "")
            cells.append(f"<td{styles[column]}>{value if column in safe else number(value)}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(body)}</tbody></table>"


@dataclass
class Page:
    """HTML that a notebook displays."""

    body: str

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.body}</div>"


def note(text: str) -> Page:
    """One paragraph of escaped text."""
    return Page(f"<p>{escape(text)}</p>")


@dataclass
class Picture:
    """A figure as PNG with its caption."""

    png: bytes
    caption: str

    def _repr_html_(self) -> str:
        return f"{STYLE}<div class='stw'>{self.to_html()}</div>"

    def to_html(self) -> str:
        """The picture with its caption as a `<figure>`."""
        caption = escape(self.caption)
        image = f"<img alt='{caption}' src='{data_uri(self.png, 'image/png')}'>"
        return f"<figure>{image}<figcaption class='muted'>{caption}</figcaption></figure>"


def picture(figure: Figure, caption: str) -> Picture:
    """Render a matplotlib figure."""
    out = io.BytesIO()
    figure.savefig(out, format="png", dpi=110, bbox_inches="tight")
    return Picture(out.getvalue(), caption)
