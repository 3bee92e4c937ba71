"""Executed notebooks as a code host shows them."""

import base64
import io
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import soundfile
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from lib.display.curve import Curve
from lib.display.explorer import side_by_side
from lib.display.html import Page, picture, table
from lib.display.player import Clips
from lib.scoring.outputs import OutputRow
from lib.workbook.paths import ROOT
from lib.workbook.readable import SIDE, SOUND, readable
from tests.workbook.cases import use_folder, write_notebook

PNG = b"\x89PNG not a picture"
OWN = '<script>alert("&#47;")</script><p onclick="x()">shown <a href="javascript:x()">it</a></p>'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """A workbook of the notebooks 10 and 11, and of 90, which is in no run of it."""
    use_folder(monkeypatch, tmp_path)
    for number, runs in (("10", [{}]), ("11", [{}]), ("90", [])):
        parameters = 'scale = "smoke"\nseed = 1'
        write_notebook(tmp_path, number=number, parameters=parameters, metadata={"runs": runs})
    return tmp_path


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "clip.wav"
    soundfile.write(path, np.random.default_rng(1).normal(0, 0.1, 16_000), 16_000)
    return path


def html(text):
    return new_output("execute_result", {"text/html": text, "text/plain": "Page(body=...)"})


def converted(*outputs, source=""):
    """The outputs of one cell after the conversion."""
    content = new_notebook(cells=[new_code_cell(source, outputs=list(outputs))])
    return readable(content, "stamp", "outputs/smoke/runs/10").cells[1].outputs


def shown(*outputs):
    """The HTML of all outputs of one cell after the conversion."""
    return "".join(output.data.get("text/html", "") for output in converted(*outputs))


def png(width=40, height=20):
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def drawn(output):
    return Image.open(io.BytesIO(base64.b64decode(output.data["image/png"])))


def test_columns_of_sound_become_a_line(sound):
    clips = Clips(rows=[{"text": "tere"}, {"text": "tere"}], audio=[sound, sound])
    text = shown(html(clips._repr_html_()))
    found = (text.count(SOUND), "audio" in text, "data:" in text, text.count("<td>tere</td>"))
    assert found == (1, False, False, 2)


def test_a_player_becomes_a_text(sound):
    player = '<p><audio controls src="data:audio/ogg;base64,AAAA"></audio> <b>tere</b></p>'
    assert shown(html(player)) == f"<p>[{SOUND}] <b>tere</b></p>"


def test_a_sound_that_cannot_be_read_keeps_its_message(tmp_path):
    missing = Clips(rows=[{"text": "tere"}], audio=[tmp_path / "missing.wav"])
    assert "missing.wav" in shown(html(missing._repr_html_()))


def test_a_figure_becomes_a_picture_and_its_caption():
    figure = Figure(figsize=(20, 10))
    figure.subplots().plot([1, 2, 3])
    first, second = converted(html(picture(figure, "A & <b>")._repr_html_()))
    assert (max(drawn(first).size), drawn(first).mode) == (SIDE, "P")
    assert second.data == {"text/html": "<p>A &amp; &lt;b&gt;</p>", "text/plain": "A & <b>"}


def test_pictures_stay_between_the_texts_around_them():
    image = f"<div><img alt='one' src='data:image/png;base64,{png()}'></div>"
    outputs = converted(html(f"<div><p>before</p>{image}<p>after</p></div>"))
    kinds = [output.data.get("text/plain", "picture") for output in outputs]
    assert kinds == ["before", "picture", "one\nafter"]


def test_a_text_that_looks_like_a_place_of_a_picture_is_a_text():
    hostile = Page(table([{"output": "<picture-here></picture-here>"}]))
    assert "&lt;picture-here&gt;" in shown(html(hostile._repr_html_()))


def test_what_is_no_picture_is_said():
    encoded = base64.b64encode(PNG).decode()
    text = shown(html(f"<figure><img alt='a plot' src='data:image/png;base64,{encoded}'></figure>"))
    assert "[picture: a plot]" in text


def test_scripts_attributes_and_links_to_scripts_go():
    assert shown(html(OWN)) == "<p>shown <a>it</a></p>"


def test_a_table_of_5000_rows_is_cut_and_says_so():
    text = shown(html(Page(table([{"n": n} for n in range(5000)]))._repr_html_()))
    line = "The first 40 of 5,000 rows; a run of the notebook has all of them, in "
    assert (text.count("<tr>"), f"{line}outputs/smoke/runs/10/notebook.ipynb" in text) == (41, True)


def test_a_frame_of_pandas_stays_a_table():
    text = shown(html(pd.DataFrame({"n": range(3)})._repr_html_()))
    assert ("<style" in text, text.count("<tr>")) == (False, 4)


def test_errors_are_marked_without_a_style():
    text = shown(html("<p><span class='wrong'>a</span> <span class='missing'>b</span></p>"))
    assert text == "<p><strong>a</strong> <del>b</del></p>"


def test_html_has_a_text_beside_it():
    (output,) = converted(html(Page(table([{"name": "a <b>", "n": 12_000}]))._repr_html_()))
    lines = [line.split() for line in output.data["text/plain"].splitlines()]
    assert (lines[0], lines[2]) == (["name", "n"], ["a", "<b>", "12,000"])


def test_an_explorer_becomes_its_first_lines(sound):
    rows = [
        OutputRow(
            **dict.fromkeys(("system", "strategy", "stage", "source", "target"), "est"),
            **{"task": "ST", "subset": "test", "seed": 1, "id": str(n), "speaker": "ann"},
            **{"seconds": 1.0, "audio": str(sound), "reference": f"ref {n}", "tokens": 1},
            **{"hypothesis": "<b>x", "log_probability": None, "ending": "end"},
        )
        for n in range(30)
    ]
    explorer = side_by_side(rows, "outputs", {"chrF++": [1.0] * 30})
    text = shown(html(explorer._repr_html_()))
    place = "in outputs/smoke/runs/10/pages/outputs.html"
    expected = {"ref 19": True, "ref 20": False, "&lt;b&gt;x": True, place: True, "of 30": True}
    assert {part: part in text for part in expected} == expected


def test_progress_and_stderr_go():
    curve = Curve("direct", 10)
    curve.add(1, 2.0)
    line = Page("<span class='muted'>decoding 3/3</span>")
    widget = {"text/plain": "HBox()", "application/vnd.jupyter.widget-view+json": {"model_id": "a"}}
    outputs = [
        *(html(page._repr_html_()) for page in (curve.page("direct 10/10"), line)),
        new_output("display_data", widget),
        new_output("stream", name="stderr", text="10%|#\n"),
        new_output("stream", name="stdout", text="10%\r100%\r\ndone\n"),
    ]
    assert [output.text for output in converted(*outputs)] == ["100%\r\ndone\n"]


def test_no_folder_of_this_machine_is_left(folder):
    paths = [folder / "outputs" / "smoke" / "a", ROOT / "lib", Path.home() / "x" / "talk.wav"]
    paths += [Path(text) for text in ("/tmp", "/work/b c", "/home/ann", "/Users/ann/talk.wav")]
    text = " ".join(f"'{path}'," for path in paths)
    outputs = [
        html(f"<p>{text}</p>"),
        new_output("stream", name="stdout", text=text),
        new_output("display_data", {"text/plain": text}),
        new_output("error", ename="E", evalue=text, traceback=[text]),
    ]
    found = nbformat.writes(new_notebook(cells=[new_code_cell("", outputs=converted(*outputs))]))
    left = [f for f in (str(folder), str(ROOT), str(Path.home()), "/tmp", "/work", "/home", "ann")
            if f in found]
    assert (left, "outputs/smoke/a" in found, "talk.wav" in found) == ([], True, True)


def test_addresses_and_fractions_are_no_folders():
    text = "https://example.org/tmp/a 1/tmp and/or ~/tmp"
    assert shown(html(f"<p>{text}</p>")) == f"<p>{text}</p>"


def test_metadata_goes_and_links_to_the_glossary_lead_there():
    cell = new_markdown_cell("[BLEU](glossary.md#bleu)")
    content = new_notebook(cells=[cell], metadata={"papermill": {"input_path": "/home/ann"}})
    made = readable(content, "stamp", "outputs/smoke/runs/10")
    link = made.cells[1].source.removeprefix("[BLEU](").removesuffix("#bleu)")
    target = (ROOT / "outputs" / "reference" / "tiny" / link).resolve()
    assert (made.metadata, target) == ({}, ROOT / "notebooks" / "glossary.md")


# ---- what is kept ----
