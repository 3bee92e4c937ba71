"""The explorer with a kernel: its messages, and the file of tags; what deadlocks headless runs."""

import ast
import io
import json
import re
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import pytest
import soundfile

from lib.display.explorer import page, side_by_side
from lib.display.explorer import tags as tags_module
from lib.display.explorer.tags import COLUMNS, read_tags, save_tag
from lib.locks import lock
from lib.workbook.notebooks import notebooks
from lib.workbook.paths import ROOT
from tests.corpora.sources.trees import tone
from tests.display.outputs import MARKUP, output_rows

KEY = "ST est→eng clip-000"
SAVED = {"kind": "tag", "key": KEY, "tag": "wrong reference", "note": "of 2"}


@pytest.fixture
def tags(tmp_path):
    return tmp_path / "smoke" / "tags.csv"


def found(tags):
    """Explorer, request, tag and note of each line."""
    return [tuple(line) for line in read_tags(tags)[list(COLUMNS[:4])].values]


# ---- tags ----


def test_a_tag_is_saved_with_its_time(tags):
    save_tag(tags, "one", KEY, "look again", "")
    assert found(tags) == [("one", KEY, "look again", "")]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\+00:00", read_tags(tags)["time"][0])


def test_a_tag_replaces_that_of_the_same_output_alone(tags):
    for explorer, request, tag in (("one", KEY, "a"), ("two", KEY, "b"), ("one", "other", "c")):
        save_tag(tags, explorer, request, tag, "")
    save_tag(tags, "one", KEY, "d", "note")
    expected = [("two", KEY, "b", ""), ("one", "other", "c", ""), ("one", KEY, "d", "note")]
    assert found(tags) == expected


def test_an_empty_tag_and_note_remove_it(tags):
    save_tag(tags, "one", KEY, "", "a note alone is kept")
    assert len(found(tags)) == 1
    save_tag(tags, "one", KEY, "", "")
    assert found(tags) == []


@pytest.mark.parametrize(
    "text",
    [
        *(MARKUP, 'a "quote", a comma\nand a line', "NA", "007", "=1+1", "你好 مرحبا"),
        pytest.param("a\rb"),
    ],
)
def test_any_text_survives(tags, text):
    save_tag(tags, text, text, text, text)
    save_tag(tags, "other", KEY, "a", "")  # which reads and writes the first
    assert found(tags) == [(text,) * 4, ("other", KEY, "a", "")]


def save_some(barrier, path, name, count=15):
    barrier.wait()
    for number in range(count):
        save_tag(path, name, f"{number}", "a", "")


@pytest.mark.slow
def test_two_processes_that_save_at_once_lose_nothing(tags):
    context = get_context("spawn")
    barrier = context.Barrier(2)
    both = [context.Process(target=save_some, args=(barrier, tags, n)) for n in ("one", "two")]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert sorted(found(tags)) == sorted(
        (name, f"{number}", "a", "") for name in ("one", "two") for number in range(15)
    )


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\x89PNG\r\n\x1a\n\xff"])
def test_another_file_is_refused_and_left_as_it_is(tags, content):
    tags.parent.mkdir()
    tags.write_bytes(content)
    with pytest.raises(ValueError):
        save_tag(tags, "one", KEY, "a", "")
    assert tags.read_bytes() == content


def test_the_refusal_names_file_and_column(tags):
    tags.parent.mkdir()
    tags.write_text("explorer,request,tag,note\n")
    with pytest.raises(ValueError, match="tags.csv is no file of tags: it lacks the column 'time'"):
        read_tags(tags)


# ---- widget ----


@pytest.fixture
def explorer(tmp_path):
    """Three clips, the last of which is not there."""
    audio = [str(tone(tmp_path / f"{n}.wav", 0.2 + 0.2 * n)) for n in range(2)] + ["/gone.wav"]
    rows = output_rows("direct", 0.3)[:3]
    rows = [replace(row, audio=path) for row, path in zip(rows, audio, strict=True)]
    return side_by_side(rows, "one", {"chrF++": [1.0, float("nan"), 3.0]})


@pytest.fixture
def ask(explorer, tags):
    """`ask(message)`: what the kernel answers to a message of the viewer, and its buffers."""
    widget, sent = explorer.live(tags), []

    def publish(_type, data=None, metadata=None, buffers=None, **_keys):
        sent.append((data, buffers))

    widget.comm.publish_msg = publish  # without a kernel nobody is at the other end

    def answer(message):
        sent.clear()
        data = {"method": "custom", "content": {"request": 7} | message}
        widget._handle_msg({"content": {"data": data}, "buffers": []})
        ((reply, buffers),) = sent
        assert (reply["method"], reply["content"].pop("request")) == ("custom", 7)
        return reply["content"], buffers

    return answer


@pytest.mark.parametrize(("index", "seconds"), [(0, 0.2), (1, 0.4)])
def test_a_clip_is_answered_with_its_sound(ask, index, seconds):
    reply, (sound,) = ask({"kind": "sound", "index": index})
    assert reply == {}
    assert soundfile.info(io.BytesIO(sound)).duration == pytest.approx(seconds, abs=0.05)


def test_an_unreadable_clip_is_answered_with_its_error(ask):
    reply, buffers = ask({"kind": "sound", "index": 2})
    assert "/gone.wav" in reply["error"] and not buffers


def test_a_tag_is_written_and_then_answered(ask, tags):
    assert ask(SAVED) == ({}, [])
    assert found(tags) == [("one", KEY, "wrong reference", "of 2")]


def test_a_tag_that_cannot_be_saved_is_answered_with_the_reason(ask, tags):
    tags.parent.mkdir()
    tags.write_text("a,b\n")
    assert "is no file of tags" in ask(SAVED)[0]["error"]
    assert tags.read_text() == "a,b\n"
def test_a_file_that_another_process_holds_is_answered(ask, tags, monkeypatch):
    monkeypatch.setattr(tags_module, "lock", partial(lock, timeout_seconds=0.1))
    with lock(tags.with_suffix(".lock"), "a test"):
        assert "in progress" in ask(SAVED)[0]["error"]


def test_saved_tags_of_this_explorer_are_there_the_next_time(explorer, tags):
    save_tag(tags, "one", KEY, "a", "b")
    save_tag(tags, "two", KEY, "c", "d")
    assert explorer.live(tags).data["saved"] == {KEY: {"tag": "a", "note": "b"}}


def test_keys_of_tags_are_those_of_the_lines(explorer, tags):
    assert [line[-1] for line in explorer.live(tags).data["rows"]][0] == KEY


def test_the_widget_has_no_sound_until_it_is_asked(explorer, tags):
    state = explorer.live(tags).get_state()
    json.dumps(state["data"], allow_nan=False)  # as a kernel sends it
    assert not {"sounds", "silent"} & set(state["data"])
    assert state["_esm"] == page.script() and "export default" in state["_esm"]


def test_the_style_of_the_widget_is_no_markup(explorer, tags):
    assert "style>" not in explorer.live(tags).get_state()["_css"]


# ---- what deadlocks ----

# around media they wait for a message that a headless run never gets (jupyter/nbclient#312)
DEADLOCKING = {"Output", "interact", "interactive", "interact_manual", "interactive_output"}


def deadlocking(source):
    """Names of ipywidgets that a source imports or uses, and that hang a headless run."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.ImportFrom):
            names |= {alias.name for alias in node.names}
    return sorted(names & DEADLOCKING)


@pytest.mark.parametrize(
    "source",
    [
        "import ipywidgets as w\nwith w.Output():\n    pass",
        "from ipywidgets import Output as Box",
        "import ipywidgets\nipywidgets.interact(print, x=1)",
        "from ipywidgets import *\n@interactive\ndef f(): pass",
    ],
)
def test_every_way_to_them_is_seen(source):
    assert deadlocking(source)


def test_nothing_in_lib_deadlocks_a_headless_run():
    paths = sorted((ROOT / "lib").rglob("*.py"))
    assert len(paths) > 100
    assert [str(path) for path in paths if deadlocking(path.read_text("utf-8"))] == []


def test_nothing_in_a_notebook_deadlocks_a_headless_run():
    cells = [
        (book.number, cell.source)
        for book in notebooks()
        for cell in book.cells
        if cell.cell_type == "code"
    ]
    assert len(cells) > 100 and [at for at, source in cells if deadlocking(source)] == []
