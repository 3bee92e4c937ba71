"""Records as anybody may have written them: each is named, and never hides the others."""

import json
import os

import pandas as pd
import pytest

from lib.files import Damaged, write_json
from lib.workbook.__main__ import main
from lib.workbook.collect import collect
from lib.workbook.completion import finished
from lib.workbook.manifest_reader import (
    MAX_RECORD_BYTES,
    RECORD,
    damage,
    load_manifest,
    manifests,
    read_manifest,
)
from lib.workbook.paths import scale_folder
from lib.workbook.report import report
from lib.workbook.summary import summary
from lib.workbook.time_table import time_table
from tests.workbook.cases import SCRIPT, score_row, write_record, write_two_notebooks
from tests.workbook.test_report import CLAIM, DATA


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    write_two_notebooks(monkeypatch, tmp_path)
    return tmp_path


def record_with(**changes):
    """The text of an honest record with some fields changed."""
    run = write_record(scores=[score_row()], claims=[CLAIM])
    return json.dumps(read_manifest(run.folder) | changes)


def data_with(**changes):
    return record_with(data=[DATA | changes])


def score_with(**changes):
    return record_with(scores=[score_row(**changes)])


def page_named(name):
    return record_with(pages=[{"name": name, "caption": ""}])


def nested(depth):
    return "[" * depth + "]" * depth


# what stands in manifest.json -> what its message says of it
HOSTILE = {
    "empty": ("", "is not JSON"),
    "no JSON": ("{", "is not JSON"),
    "cut": (lambda: record_with()[:-40], "is not JSON"),
    "no UTF-8": (b"\xff\xfe{}", "is not UTF-8"),
    "another value": ("[1, 2]", "must be object"),
    "null": ("null", "must be object"),
    "no field": ("{}", "must contain"),
    "deep": (nested(100_000), "levels"),
    "large integer": (lambda: record_with().replace("60.0", "9" * 5000, 1), "5,000 digits"),
    "key twice": ('{"run": "77", "run": "78"}', "twice"),
    "half a pair": (lambda: record_with(title="x").replace('"x"', '"\\ud800"'), "surrogate"),
    "NaN": (lambda: record_with(seconds=float("nan")), "a number that is none"),
    "infinity": (lambda: score_with(value=float("inf")), "a number that is none"),
    "HTML as seconds": (lambda: record_with(seconds=SCRIPT), "seconds must be number"),
    "HTML as hours": (lambda: data_with(hours=SCRIPT), "hours must be number"),
    "HTML as utterances": (lambda: data_with(utterances=SCRIPT), "utterances must be integer"),
    "text as a score": (lambda: score_with(value="20"), "value must be number"),
    "no score": (lambda: record_with(scores=[{}]), r"scores\[0\] must contain"),
    "unknown task": (lambda: score_with(task="X"), "task must be one of"),
    "claim": (lambda: record_with(claims=[CLAIM | {"low": [1]}]), "low must be number or null"),
    "claims": (lambda: record_with(claims={"a": 1}), "claims must be array"),
    "counts": (lambda: record_with(dropped_counts={"a": SCRIPT}), "must be number"),
    "systems": (lambda: record_with(systems=["direct"]), "systems must be object"),
    "parameters": (lambda: record_with(parameters={"scale": {}}), "parameters.scale must be"),
    "processes": (lambda: record_with(parameters={"processes": "2"}), "processes must be integer"),
    "sealed": (lambda: record_with(sealed={"lines": "x", "hash": ""}), "lines must be integer"),
    "page": (lambda: page_named("../x"), "name must match"),
    "absolute page": (lambda: page_named("/x"), "name must match"),
    "figure": (lambda: record_with(figures=[{"name": "..", "caption": ""}]), "name must match"),
    "reference": (
        lambda: record_with(figures=[{"name": "a", "caption": "", "reference": "../a"}]),
        "reference must match",
    ),
    "time": (lambda: record_with(started="yesterday"), "no time with zone"),
    "time without zone": (lambda: record_with(finished="2026-01-01T00:00:00"), "no time with zone"),
    "finished and not": (lambda: record_with(finished="not yet"), "no time with zone"),
    "another run": (lambda: record_with(run="78"), "is the record of run 78"),
    "another scale": (lambda: record_with(scale="tiny"), "run 77 at tiny"),
    "run as a path": (lambda: record_with(run="../77"), "run must match"),
    "too large": ("1" * (MAX_RECORD_BYTES + 1), "as no record has"),
}


def content_of(name):
    content = HOSTILE[name][0]
    content = content() if callable(content) else content
    return content if isinstance(content, bytes) else content.encode()


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_record_is_refused_by_name(name):
    content = content_of(name)
    run = write_record(scores=[score_row()])
    (run.folder / RECORD).write_bytes(content)
    with pytest.raises(Damaged, match=HOSTILE[name][1]) as error:
        load_manifest(run.folder)
    assert str(error.value).startswith(str(run.folder / RECORD))
    assert "again" in str(error.value) and len(str(error.value)) < 1000
    assert [manifest["run"] for manifest in manifests("smoke")] == ["78"]
    assert damage("smoke") == [f"{error.value.damage}; make the run again"]
    assert finished(run) is None  # it is made again


def test_hostile_records_are_named_and_hide_no_other(capsys):
    contents = {name: content_of(name) for name in HOSTILE}
    paths = []
    for number, name in enumerate(HOSTILE):
        paths.append(scale_folder("smoke") / "runs" / f"77,seed={number}" / RECORD)
        paths[-1].parent.mkdir()
        paths[-1].write_bytes(contents[name])
    collect("smoke")
    page = report("smoke").read_text(encoding="utf-8")
    assert main(["status", "--scale", "smoke"]) == 0
    status = capsys.readouterr().out
    assert "78: A title" in page and SCRIPT not in page
    for text in (status, summary("smoke"), page):
        assert [path for path in paths if str(path) not in text] == []
    rows = pd.read_csv(scale_folder("smoke") / "scores.csv", dtype=str)
    assert rows["run"].tolist() == ["77", "78"]
    assert [row["run"] for row in time_table("smoke", {"77", "78"}).rows] == ["77", "78", "all"]


def test_a_sealed_record_is_read():
    run = write_record(scores=[score_row()])
    write_json(run.folder / RECORD, read_manifest(run.folder), sealed=True)
    assert read_manifest(run.folder)["run"] == "77" and damage("smoke") == []


@pytest.mark.parametrize(
    "edit", [('"value": 20.0', '"value": 29.0'), ('"exit": "fin', '"exit": "Fin')]
)
def test_a_sealed_record_that_was_edited_is_refused(edit):
    run = write_record(scores=[score_row()])
    write_json(run.folder / RECORD, read_manifest(run.folder), sealed=True)
    path = run.folder / RECORD
    path.write_text(path.read_text().replace(*edit))
    with pytest.raises(Damaged, match="was changed after it was written"):
        load_manifest(run.folder)


@pytest.mark.parametrize("kind", ["pipe", "folder", "link out", "dangling link"])
def test_a_record_that_is_no_file_is_refused(folder, kind):
    path = write_record().folder / RECORD
    content = path.read_bytes()
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link out":
        (folder / "elsewhere.json").write_bytes(content)
        path.symlink_to(folder / "elsewhere.json")
    else:
        path.symlink_to(folder / "nowhere")
    assert [str(path) in wrong for wrong in damage("smoke")] == [True]
    assert [manifest["run"] for manifest in manifests("smoke")] == ["78"]
