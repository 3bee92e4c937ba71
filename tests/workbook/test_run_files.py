"""Files and systems that a record names: none is used that the run did not write, or elsewhere."""

import json
import os
import re

import pytest

from lib.files import Damaged
from lib.workbook.completion import finished
from lib.workbook.hypotheses import load_outputs
from lib.workbook.manifest_reader import (
    damage,
    first_began,
    hash_of,
    read_manifest,
    run_file,
    system_folders,
)
from lib.workbook.paths import cache
from lib.workbook.report import report
from tests.workbook.cases import SCRIPT, write_notebook, write_record, write_two_notebooks
from tests.workbook.test_hypotheses import ROW


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    write_two_notebooks(monkeypatch, tmp_path)
    return tmp_path


def run_with_file(name, data=b"as written", **changes):
    """A finished run with one file, and the file."""
    run = write_record(files={name: hash_of(data)}, **changes)
    path = run.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return run, path


def found(run):
    return read_manifest(run.folder) | {"folder": run.folder}


@pytest.mark.parametrize("name", ["hypotheses.jsonl", "training.csv", "pages/listen.html"])
def test_a_run_whose_file_was_changed_is_not_done(name):
    run, path = run_with_file(name)
    assert finished(run)
    path.write_bytes(b"as  written")
    assert finished(run) is None
    assert [str(path) in wrong for wrong in damage("smoke")] == [True]


@pytest.mark.parametrize(
    "name", ["../78/manifest.json", "/etc/passwd", "pages/../../78/manifest.json"]
)
def test_no_file_outside_of_a_run_is_read(name):
    run, _ = run_with_file("pages/listen.html")
    with pytest.raises(Damaged, match="leads out of the run's folder"):
        run_file(found(run) | {"files": {name: "any"}}, name)


def test_a_link_out_of_a_run_is_not_followed(folder):
    run, path = run_with_file("pages/listen.html")
    path.rename(folder / "secret.html")
    path.symlink_to(folder / "secret.html")
    with pytest.raises(Damaged, match="leads out of the run's folder"):
        run_file(found(run), "pages/listen.html")


def test_a_file_that_the_run_did_not_write_is_not_read():
    run, path = run_with_file("pages/listen.html")
    path.with_name("other.html").write_text("planted")
    with pytest.raises(Damaged, match="is not what the run wrote"):
        run_file(found(run), "pages/other.html")


def page_of(data, html="<p>as written</p>", **entry):
    """The report of a run whose page is listed as `html` was, and is `data`."""
    pages = [{"name": "listen", "caption": "Clips", **entry}]
    _, path = run_with_file("pages/listen.html", html.encode(), pages=pages)
    path.write_text(data, encoding="utf-8")
    return report("smoke").read_text(encoding="utf-8")


@pytest.mark.parametrize("entry", [{}, {"standalone": True}])
def test_a_page_of_others_is_neither_inlined_nor_linked(entry):
    page = page_of("<p>planted</p>", **entry)
    assert "planted" not in page and "href='runs/" not in page
    assert "listen.html is not what the run wrote" in page


@pytest.mark.parametrize(
    "html",
    [
        SCRIPT,
        "<meta http-equiv=refresh content='0;url=https://example.org'>",
        "<iframe src=https://example.org></iframe>",
        "<style>body{display:none}</style>",
        "<form action=https://example.org><input></form>",
        "<!-- not closed",
        "<textarea> not closed",
        "</body></html><plaintext>",
    ],
)
def test_a_page_cannot_act_or_hide_the_rest(html):
    """Who writes a record writes its hashes, too."""
    text = f"<p>mine</p>{html}"
    page = page_of(text, text)
    assert f"{html}</div>" not in page and "<p>mine</p>" in page
    assert re.findall("<h2 id='7[78]'>", page.partition("<p>mine</p>")[2]) == ["<h2 id='78'>"]


def test_nothing_in_the_report_can_run_or_load():
    page = page_of("<p>x</p>", "<p>x</p>")
    policy = re.search('Content-Security-Policy" content="([^"]+)"', page)
    assert policy[1].startswith("default-src 'none'; img-src data:; media-src data:")


# --- systems


@pytest.mark.parametrize("name", ["/etc", "../../etc", "..", ".", "a/b", "x" * 300, "\0", "link"])
def test_systems_lie_in_the_cache(folder, name):
    cache().mkdir(parents=True)
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "old.json").touch()
    os.utime(folder / "elsewhere" / "old.json", (0, 0))
    (cache() / "link").symlink_to(folder / "elsewhere")
    manifest = found(write_record(systems={"direct": name}))
    assert system_folders(manifest) == {}
    assert first_began(manifest) == manifest["started"]


# --- outputs


BAD_LINES = {
    "no JSON": (b"{", "is not JSON"),
    "no UTF-8": (b"\xff", "is not UTF-8"),
    "a list": (b"[]", "no object"),
    "a field less": (lambda row: row.pop("id"), "differ by 'id'"),
    "a field more": (lambda row: row.update(more=1), "differ by 'more'"),
    "text as seconds": (lambda row: row.update(seconds="1"), "seconds is '1'"),
    "a number as output": (lambda row: row.update(hypothesis=1), "hypothesis is 1"),
    "true as tokens": (lambda row: row.update(tokens=True), "tokens is True"),
    "unknown task": (lambda row: row.update(task="X"), "task is 'X'"),
}


def test_a_run_that_lost_its_record_is_named():
    run = write_record("77")
    (run.folder / "figures").mkdir()
    (run.folder / "manifest.json").unlink()
    assert damage("smoke") == [f"{run.folder} has figures but no manifest.json; make the run again"]


@pytest.mark.parametrize("name", BAD_LINES)
def test_damaged_outputs_are_named_and_left_out(folder, name, capsys):
    parameters = 'scale = "smoke"\nsource = "est"\ntarget = "eng"'
    write_notebook(folder, number="77", parameters=parameters)
    change, message = BAD_LINES[name]
    row = {"run": "77", **vars(ROW)}
    good = json.dumps(row).encode()
    if callable(change):
        change(row)
    bad = json.dumps(row).encode() if callable(change) else change
    run, path = run_with_file("hypotheses.jsonl", good + b"\n" + bad + b"\n")
    assert list(load_outputs("smoke")) == []
    said = capsys.readouterr().err
    assert f"{path}:2" in said and message in said
