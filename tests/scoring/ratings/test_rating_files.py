"""Filled sheets, also bad ones."""

from dataclasses import replace

import pandas as pd
import pytest

from lib.scoring.rating_sheets import make_sheet, read_ratings
from tests.scoring.ratings.cases import (
    TRUE_MEANS,
    biased,
    cells,
    clip_effect,
    fill,
    key_of,
    outputs,
)

# filled sheets


def test_a_filled_sheet_is_read_by_the_names_of_systems(folder):
    found = read_ratings(folder, [fill(folder, "ann", biased(0))])
    assert found.problems == [] and found.missing == {"ann": 0}
    for line in found.table.itertuples():
        assert line.value == TRUE_MEANS[line.system] + clip_effect(line.clip)


def test_missing_answers_are_counted(folder):
    half = lambda lines: [line | {"0-100 for B": ""} for line in lines[:30]]  # noqa: E731
    path = fill(folder, "ann", biased(0), half)
    found = read_ratings(folder, [path, fill(folder, "bob", lambda *_: ["", " ", ""])])
    assert found.missing == {"ann": 50 * 3 - 60, "bob": 150}
    assert found.problems == []


@pytest.mark.parametrize("bad", ["101", "-1", "good", "nan", "inf", "1e999"])
def test_bad_values_are_reported_with_file_line_and_value(folder, bad):
    def spoil(lines):
        lines[4]["0-100 for A"] = bad
        return lines

    found = read_ratings(folder, [fill(folder, "ann", biased(0), spoil)])
    (problem,) = found.problems
    assert f"ann.csv:6: 0-100 for A is '{bad}'; use a number from 0 to 100" in problem
    assert found.missing == {"ann": 1} and len(found.table) == 149


def test_bad_preferences_are_reported(tmp_path):
    folder = make_sheet(outputs(4), "preference", repeats=0).write(tmp_path / "sheet")
    answers = iter(["b", " Same ", "C", "A"])
    found = read_ratings(folder, [fill(folder, "ann", lambda *_: [next(answers)])])
    assert len(found.table) == 3
    assert "ann.csv:4: better (A/B/same) is 'C'; use A, B or same" in found.problems[0]


def test_sheets_of_other_countries_are_read(folder):
    lines = cells(fill(folder, "ann", biased(0.5)))
    frame = pd.DataFrame(lines).map(lambda text: text.replace(".5", ",5"))
    frame.to_csv(folder / "bob.csv", sep=";", index=False, lineterminator="\r\n")
    found = read_ratings(folder, [folder / "bob.csv"])
    assert found.missing == {"bob": 0} and found.problems == []
    assert set(found.table["value"] % 1) == {0.5}


def test_a_sheet_whose_columns_were_sorted_apart_is_reported(folder):
    def turn(lines):
        texts = [line["A"] for line in lines][::-1]
        return [line | {"A": text} for line, text in zip(lines, texts, strict=True)]

    found = read_ratings(folder, [fill(folder, "ann", biased(0), turn)])
    assert len(found.problems) > 40 and "ann.csv:2: A of " in found.problems[0]


def test_rows_in_another_order_empty_rows_and_notes_do_no_harm(folder):
    def turn(lines):
        noted = [line | {"note": "unclear"} for line in lines]
        return [*noted[::-1], dict.fromkeys(noted[0], "")]

    given, turned = (
        read_ratings(folder, [fill(folder, "ann", biased(0), change)]) for change in (None, turn)
    )
    assert turned.problems == []
    assert given.table.sort_values(["item", "system"]).reset_index(drop=True).equals(
        turned.table.sort_values(["item", "system"]).reset_index(drop=True)
    )


def test_an_item_that_is_there_twice_counts_once(folder):
    path = fill(folder, "ann", biased(0), lambda lines: [*lines, lines[0]])
    found = read_ratings(folder, [path])
    assert "ann has rated" in found.problems[0] and len(found.table) == 150


def test_texts_that_pandas_would_take_for_nothing_are_texts(tmp_path):
    rows = [replace(row, hypothesis="NA") for row in outputs(4)]
    folder = make_sheet(rows).write(tmp_path / "sheet")
    assert read_ratings(folder, [fill(folder, "ann", biased(0))]).problems == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("item,score\n{name},5\n", "or its columns are not those of"),
        ("item,0-100 for A,0-100 for B,0-100 for C\nother-001,5,5,5\n", "'other-001' or its c"),
        ('item,A\n"1,2\n', "not CSV in UTF-8"),
        (b"item,A\n\xff,1\n", "not CSV in UTF-8"),
        ("", "not CSV in UTF-8"),
    ],
)
def test_another_file_than_the_sheet_is_refused(folder, content, message):
    path, name = folder / "ann.csv", next(iter(key_of(folder)["items"]))
    data = content if isinstance(content, bytes) else content.replace("{name}", name).encode()
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message):
        read_ratings(folder, [path])
