"""An executed notebook for a code host: small, with real pictures, without sound and scripts."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup, Comment, Tag
from nbformat import NotebookNode
from PIL import Image
from tabulate import tabulate

from lib.display.html import escape, table
from lib.workbook.paths import ROOT, outputs

SIDE, COLOURS = 900, 256  # of a picture: pixels of its longest side, and of its palette
ROWS, EXPLORER_ROWS = 40, 20  # of a table, and of an explorer
SOUND = "sound: run the notebook to hear it"
GLOSSARY = "../../../notebooks/glossary.md"  # from outputs/reference/<scale>/
FIELDS = ("cell_type", "id", "source", "attachments")  # of a cell that are kept
TEXTS = ("text/markdown", "text/plain")
KEPT = frozenset(
    "a b br code del details div em h1 h2 h3 h4 h5 h6 hr i li ol p picture-here pre strong sub "
    "summary sup table tbody td th thead tr ul".split()
)
ACTIVE = "canvas embed iframe link meta noscript object script style svg template video".split()
LINES = "br div h1 h2 h3 h4 h5 h6 li p pre summary".split()  # tags that end a line
MARK = "<picture-here></picture-here>"  # no text holds it: their signs are escaped
ERRORS = {"wrong": "strong", "missing": "del"}  # what a style shows, by tags
# an absolute path on this machine, or below a folder that is usual on others
_TOPS = {"home", "root", "tmp", "work", "Users", *(path.name for path in Path("/").iterdir())}
_PATH = re.compile(rf"(?<![\w.~-])/(?:{'|'.join(map(re.escape, _TOPS))})(?![\w-])[\w.+@=,~/-]*")
_DATA = re.compile(r"data:[\w.+-]+/[\w.+;=-]+,[\w+/=%-]*")


def readable(content: NotebookNode, stamp: str, record: str) -> NotebookNode:
    """A copy of an executed notebook that can be read where nothing runs.

    Sound, scripts, styles, progress, stderr and the folders of this machine are removed, embedded
    pictures become outputs of their own, and long tables are cut, which a line below them says.

    Args:
        stamp: what made it, as Markdown; the first cell.
        record: the folder of its run below the outputs, which has all that is cut.
    """
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(stamp, id="stamp")])
    for name in content.metadata.keys() & {"kernelspec", "language_info"}:
        made.metadata[name] = content.metadata[name]
    for cell in content.cells:
        kept = {name: cell[name] for name in FIELDS if name in cell}
        kept["source"] = without_paths(cell.source).replace("](glossary.md", f"]({GLOSSARY}")
        if cell.cell_type == "code":
            shown = [entry for output in cell.outputs for entry in _outputs(output, record)]
            kept |= {"execution_count": cell.execution_count, "outputs": shown}
        made.cells.append(NotebookNode(kept, metadata=NotebookNode()))
    nbformat.validate(made)
    return made


def without_paths(text: str) -> str:
    """Text without embedded data and without the folders of this machine; names of files stay."""
    text = _DATA.sub("[data]", text)
    for folder, name in ((outputs(), "outputs"), (ROOT / "outputs", "outputs"), (ROOT, ".")):
        text = text.replace(str(folder), name)
    return _PATH.sub(_file_name, text)


def _file_name(found: re.Match) -> str:
    path = Path(found[0])
    return path.name if path.suffix and len(path.parts) > 3 else "[folder]"


def _outputs(output: NotebookNode, record: str) -> Iterator[NotebookNode]:
    """What stands in place of one output of a cell."""
    if output.output_type == "stream":
        text = re.sub(r"[^\n]*\r(?!\n)", "", output.text)  # what a progress bar overwrote
        if output.name == "stdout" and text:
            yield nbformat.v4.new_output("stream", name="stdout", text=without_paths(text))
    elif output.output_type == "error":
        name, value = without_paths(output.ename), without_paths(output.evalue)
        facts = {"ename": name, "evalue": value, "traceback": [f"{name}: {value}"]}
        yield nbformat.v4.new_output("error", **facts)
    elif "text/html" in output.data:
        yield from _from_html(output.data["text/html"], record)
    elif "image/png" in output.data:
        if png := _small_png(output.data["image/png"]):
            yield _shown({"image/png": png})
    elif not any("widget" in kind for kind in output.data):
        if texts := {kind: output.data[kind] for kind in TEXTS if kind in output.data}:
            yield _shown({kind: without_paths(text) for kind, text in texts.items()})


def _shown(data: dict[str, str]) -> NotebookNode:
    return nbformat.v4.new_output("display_data", data)


def _from_html(html: str, record: str) -> Iterator[NotebookNode]:
    """HTML without what a code host removes, and its pictures, in their order."""
    body = BeautifulSoup(html, "lxml").body
    if body is None:  # a style or a script, and nothing to see
        return
    _replace_explorers(body, record)
    for tag in body.find_all(ACTIVE):
        if not tag.decomposed:
            tag.decompose()
    if _is_progress(body):
        return
    _replace_players(body)
    pictures = _take_pictures(body)
    _cut_tables(body, record)
    _clean(body)
    pieces = body.decode_contents().split(MARK)
    for piece, png in zip(pieces, [*pictures, ""], strict=True):
        part = BeautifulSoup(piece, "lxml").body  # closes what the cut left open
        if part and (text := _plain(piece)):
            yield _shown({"text/html": without_paths(part.decode_contents()), "text/plain": text})
        if png:
            yield _shown({"image/png": png})


def _replace_explorers(body: Tag, record: str) -> None:
    """Put the first lines of each viewer in its place; see `lib.display.explorer.page`."""
    for viewer in body.select("div.explorer"):
        if not (script := body.find("script", id=f"{viewer.get('id')}-data")):
            continue
        found = json.loads(script.string)
        columns = [(i, col["name"]) for i, col in enumerate(found["columns"]) if col["shown"]]
        lines = found["rows"][:EXPLORER_ROWS]
        page = f"{record}/pages/{found['name']}.html"
        note = f"The first {len(lines)} of {len(found['rows']):,} lines. The explorer needs "
        note += f"scripts: run the notebook; then it is here, and in {page}"
        rows = table([{name: row[i] for i, name in columns} for row in lines])
        viewer.replace_with(_paragraph(note), BeautifulSoup(rows, "lxml").body)


def _paragraph(text: str) -> Tag:
    return BeautifulSoup(f"<p>{escape(text)}</p>", "lxml").p


def _is_progress(body: Tag) -> bool:
    """True for what `lib.workbook.live_progress` shows: a line, below a curve in training."""
    tags = [tag for tag in body.find_all(True) if tag.name not in ("div", "br")]
    lines = [tag for tag in tags if tag.name == "span" and "muted" in tag.get("class", ())]
    return bool(tags) and lines == tags


def _replace_players(body: Tag) -> None:
    """Put a text in place of players; columns with nothing but players and pictures go."""
    for found in body.find_all("table"):
        if not found.find("audio"):
            continue
        rows = [row.find_all(["th", "td"], recursive=False) for row in found.find_all("tr")]
        media = [cells for cells in zip(*rows, strict=False) if _holds_only_media(cells)]
        if media:
            also = " and see its spectrogram" if found.find("img") else ""
            found.insert_before(_paragraph(f"{SOUND}{also}"))
        for cell in (cell for cells in media for cell in cells):
            cell.decompose()
    for player in body.find_all("audio"):
        player.replace_with(f"[{SOUND}]")


def _holds_only_media(cells: tuple[Tag, ...]) -> bool:
    own = [cell for cell in cells if cell.name == "td"]
    full = [cell for cell in own if cell.get_text(strip=True) or not cell.find(["audio", "img"])]
    return bool(own) and not full


def _take_pictures(body: Tag) -> list[str]:
    """Mark the places of embedded pictures, leave their captions, and return them in base64."""
    taken = []
    for image in body.find_all("img"):
        place = image.find_parent(["figure", "table"]) or image
        if png := _small_png(image.get("src", "").partition(";base64,")[2]):
            taken.append(png)
            place.insert_before(BeautifulSoup(MARK, "lxml").find("picture-here"))
        caption = image.get("alt", "")
        if not place.find("figcaption"):
            place.insert_before(_paragraph(caption))
        held = caption if place.name == "table" else ""
        image.replace_with(held if png else f"[picture: {caption}]")
    return taken


def _small_png(encoded: str) -> str:
    """A picture in base64, scaled down, with a palette; empty where it is none."""
    try:
        image = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    except (ValueError, OSError):
        return ""
    white = Image.new("RGBA", image.size, "white")
    white.alpha_composite(image)
    white.thumbnail((SIDE, SIDE))
    out = io.BytesIO()
    drawn = white.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    drawn.save(out, format="PNG", optimize=True)
    return base64.b64encode(out.getvalue()).decode("ascii")


def _cut_tables(body: Tag, record: str) -> None:
    for found in body.find_all("table"):
        rows = [row for row in found.find_all("tr") if not row.find_parent("thead")]
        for row in rows[ROWS:]:
            row.decompose()
        if len(rows) > ROWS:
            note = f"The first {ROWS} of {len(rows):,} rows; a run of the notebook has all of them"
            found.insert_after(_paragraph(f"{note}, in {record}/notebook.ipynb"))


def _clean(body: Tag) -> None:
    """Leave plain tags without attributes; errors are marked by tags, not by a style."""
    for comment in body.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    for tag in body.find_all(True):
        kind = "p" if tag.name == "figcaption" else tag.name
        tag.name = next((ERRORS[name] for name in tag.get("class", ()) if name in ERRORS), kind)
        links = tag.get("href", "").startswith("https://")
        names = ("colspan", "rowspan", *(["href"] if links else []))
        tag.attrs = {name: tag[name] for name in names if name in tag.attrs}
        if tag.name not in KEPT:
            tag.unwrap()


def _plain(html: str) -> str:
    """HTML as text, without the folders of this machine."""
    soup = BeautifulSoup(html, "lxml")
    for found in soup.find_all("table"):
        rows = [
            [cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])]
            for row in found.find_all("tr")
        ]
        found.replace_with(f"{tabulate(rows, headers='firstrow', disable_numparse=True)}\n")
    for tag in soup.find_all(LINES):
        tag.append("\n")
    return without_paths(soup.get_text().strip())
