import json

import pytest

from lib.workbook.notebooks import BadParameter, Notebook, notebook, notebooks
from tests.workbook.cases import use_folder, write_notebook

PARAMETERS = 'scale = "tiny"\nrate = 0.5\nseed = 1\nflag = False\nsource = "est"'


@pytest.fixture
def book(tmp_path):
    return write_notebook(tmp_path, parameters=PARAMETERS)


def test_parameters_are_read_from_the_tagged_cell(book):
    assert book.parameters == {
        "scale": "tiny",
        "rate": 0.5,
        "seed": 1,
        "flag": False,
        "source": "est",
    }


def test_the_title_is_the_first_heading(book):
    assert book.title == "A title"


def test_an_int_is_accepted_for_a_float(book):
    assert book.check({"rate": 1})["rate"] == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sed": 2}, "did you mean 'seed'"),
        ({"seed": "2"}, "must be int, such as 1"),
        ({"flag": 1}, "must be bool"),
        ({"scale": "huge"}, "the scales are smoke, tiny, lab, full"),
    ],
)
def test_wrong_parameters_are_refused(book, given, message):
    with pytest.raises(BadParameter, match=message):
        book.check(given)


@pytest.mark.parametrize(
    ("source", "tags", "message"),
    [
        ("seed = int('1')", ("parameters",), "not `name = literal`"),
        ("seed = 1", (), "has 0 cells"),
        ("seed = 1", ("parameters", "injected-parameters"), "is an executed copy"),
    ],
)
def test_a_parameters_cell_holds_literals_only(tmp_path, source, tags, message):
    with pytest.raises(BadParameter, match=message):
        _ = write_notebook(tmp_path, parameters=source, tags=tags).parameters


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [("source", "7", "7"), ("seed", "7", 7), ("flag", "True", True), ("seed", "seven", "seven")],
)
def test_text_is_parsed_by_the_type_of_the_default(book, name, text, value):
    assert book.parse(name, text) == value


def test_metadata_has_defaults(book):
    assert book.metadata.runs == ()


def test_metadata_is_read(tmp_path):
    metadata = {"minutes": 2.5, "runs": [{}], "after": ["10"]}
    book = write_notebook(tmp_path, metadata=metadata)
    assert (book.metadata.minutes, book.metadata.runs, book.metadata.after) == (2.5, ({},), ("10",))


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"minute": 2}, "unknown fields"),
        ({"after": ["77"]}, "must name earlier notebooks"),
        ({"scales": ["huge"]}, "not all known"),
    ],
)
def test_wrong_metadata_is_refused(tmp_path, metadata, message):
    with pytest.raises(BadParameter, match=message):
        _ = write_notebook(tmp_path, metadata=metadata).metadata


def test_metadata_does_not_change_the_hash(tmp_path, book):
    before = book.hash
    assert write_notebook(tmp_path, parameters=PARAMETERS, metadata={"minutes": 3}).hash == before


def test_notebooks_are_found_by_number(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, number="05")
    assert notebook("5").number == "05"


def test_a_missing_notebook_is_named(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, number="05")
    with pytest.raises(BadParameter, match="no notebook '55'; there are 05"):
        notebook("55")


def test_notebooks_are_in_order(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    for number in ("20", "05"):
        write_notebook(tmp_path, number=number)
    assert [entry.number for entry in notebooks()] == ["05", "20"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"cells": [{}]}', '{"worksheets": []}', "\x00"])
def test_what_is_no_notebook_is_named(tmp_path, text):
    path = tmp_path / "77_test.ipynb"
    path.write_text(text)
    with pytest.raises(BadParameter, match=f"{path} is no notebook of format 4"):
        _ = Notebook(path).cells


def test_a_source_may_be_a_list_of_lines(book):
    content = json.loads(book.path.read_text())
    for cell in content["cells"]:
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    lines = book.path.with_name("78_test.ipynb")
    lines.write_text(json.dumps(content))
    assert Notebook(lines).hash == book.hash
