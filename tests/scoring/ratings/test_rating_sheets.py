"""Blind sheets, and those for pearmut."""

import csv
import json
import re
from collections import Counter
from dataclasses import replace

import pytest
import soundfile

from lib.scoring import rating_sheets
from lib.scoring.rating_sheets import make_sheet, read_ratings
from tests.scoring.cases import make_rows
from tests.scoring.ratings.cases import (
    GOOD,
    POOR,
    TRUE_MEANS,
    cells,
    key_of,
    outputs,
)

# the sheet


def test_no_name_of_a_system_is_where_raters_look(folder):
    names = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix == ".wav"]
    texts = [(folder / name).read_text("utf-8") for name in ("sheet.csv", "pearmut.json")]
    sounds = [(folder / name).read_bytes().decode("latin-1") for name in names]
    assert len(names) == 50
    for text in [*names, *texts, *sounds]:
        assert not re.search("gmu|strategy|baseline|speaker|clip-", text)


def test_the_key_restores_who_wrote_each_output(rows, folder):
    written = {(row.id, f"{row.system} {row.strategy}"): row.hypothesis for row in rows}
    for line in cells(folder / "sheet.csv"):
        entry = key_of(folder)["items"][line["item"]]
        expected = [written[entry["clip"], name] for name in entry["systems"]]
        assert [line[letter] for letter in "ABC"] == expected


def test_each_system_is_at_each_place(rows):
    orders = [entry["systems"] for entry in make_sheet(rows, repeats=0).key["items"].values()]
    places = Counter((order.index(name), name) for order in orders for name in TRUE_MEANS)
    assert len(places) == 9 and min(places.values()) > 4  # of 40 clips; 13 on average


def test_a_seed_gives_one_sheet_and_another_seed_another(rows):
    assert make_sheet(rows, seed=1) == make_sheet(rows[::-1], seed=1)
    orders = [
        [entry["systems"] for entry in make_sheet(rows, seed=seed).key["items"].values()]
        for seed in (1, 2)
    ]
    assert orders[0] != orders[1]


def test_the_declared_share_of_clips_comes_again_in_the_second_half(folder):
    entries = list(key_of(folder)["items"].values())
    repeated = [entry["clip"] for entry in entries if entry["repeat"]]
    assert len(repeated) == 10 and len(entries) == 50
    assert set(repeated) <= {entry["clip"] for entry in entries[:20]}
    assert not any(entry["repeat"] for entry in entries[:20])


def test_clips_are_a_sample_of_the_wanted_size(rows):
    sheet = make_sheet(rows, max_clips=7, repeats=0)
    assert len({entry["clip"] for entry in sheet.key["items"].values()}) == 7


def test_preferences_show_each_pair_of_systems_equally_often(rows):
    sheet = make_sheet(rows[:30] + rows[40:70] + rows[80:110], "preference", repeats=0)
    pairs = Counter(tuple(sorted(entry["systems"])) for entry in sheet.key["items"].values())
    assert sorted(pairs.values()) == [10, 10, 10]


def test_context_is_shown_on_demand(rows):
    assert {item["context"] for item in make_sheet(rows).items} == {""}
    shown = make_sheet(rows, context="reference")
    assert {item["context"] for item in shown.items} == {row.reference for row in rows}


def test_a_part_of_a_recording_is_cut_out(tmp_path, rows):
    parts = [replace(row, audio=f"{row.audio}#t=0.1,0.3") for row in rows]
    folder = make_sheet(parts, max_clips=1).write(tmp_path / "sheet")
    (path,) = (folder / "audio").iterdir()
    assert soundfile.info(path).duration == pytest.approx(0.2)


def test_text_without_sound_needs_no_audio(tmp_path):
    folder = make_sheet(outputs(4), context="reference").write(tmp_path / "sheet")
    assert {line["audio"] for line in cells(folder / "sheet.csv")} == {""}
    assert list((folder / "audio").iterdir()) == []


FORMULAS = ["=1+1", "+1", "-x", "@SUM(A1)", "  =1", "'=1", "x;=1", "x\n=1", "\t=1", "＝1", "'tis"]


def test_formulas_become_text_and_come_back(tmp_path):
    texts = [f"{formula} {number}" for number, formula in enumerate(FORMULAS)]
    rows = [
        replace(row, hypothesis=text)
        for name in ("a", "b")
        for row, text in zip(make_rows(name, 1, 0), texts, strict=False)
    ]
    sheet = make_sheet(rows, repeats=0)
    folder = sheet.write(tmp_path / "sheet")
    with (folder / "sheet.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [line["A"] for line in csv.DictReader(file)]
    parts = [part for text in written for part in re.split("[;\n\t]", text)]
    assert not any(re.match(r"\s*[=+\-@＝]", part) for part in parts)
    back = [row["A"] for *_, row in rating_sheets._sheet_rows(folder / "sheet.csv")]
    assert back == [item["A"] for item in sheet.items]
    assert set(back) == set(texts)


def test_a_filled_sheet_is_not_overwritten(rows, folder):
    (folder / "sheet.csv").write_text("filled in")
    make_sheet(rows, seed=3, repeats=0.25).write(folder)
    assert (folder / "sheet.csv").read_text() == "filled in"
    with pytest.raises(ValueError, match="another sheet; choose another folder"):
        make_sheet(rows, seed=4).write(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: rows + [replace(rows[0], seed=2)], "two outputs of clip-000; give one seed"),
        (lambda rows: rows[1:], "have clip-000, with one reference; decode one test set"),
        (lambda rows: [replace(rows[0], reference="other"), *rows[1:]], "have clip-000"),
        (lambda rows: rows[:40], "of 1 systems; use"),
    ],
)
def test_outputs_that_cannot_be_compared_are_refused(rows, change, message):
    with pytest.raises(ValueError, match=message):
        make_sheet(change(rows))


@pytest.mark.parametrize("wrong", [{"kind": "stars"}, {"repeats": 0.6}, {"context": "strategy"}])
def test_wrong_parameters_are_refused(rows, wrong):
    with pytest.raises(ValueError, match="'stars'.*; use|repeats 0.6.*; use|'strategy'; use"):
        make_sheet(rows, **wrong)


# pearmut


def test_the_campaign_has_a_document_for_each_item_and_a_task_for_each_rater(rows, tmp_path):
    sheet = make_sheet(rows, seed=3, repeats=0.25)
    campaign = json.loads((sheet.write(tmp_path / "s", raters=2) / "pearmut.json").read_text())
    assert campaign["info"]["assignment"] == "task-based"
    assert campaign["info"]["shuffle"] is False  # the order of the key
    assert campaign["data"][0] == campaign["data"][1] and len(campaign["data"]) == 2
    for (item,), line in zip(campaign["data"][0], sheet.items, strict=True):
        assert item["item_id"] == line["item"]
        assert item["src"] == f"<audio controls src='assets/{line['audio']}'></audio>"
        assert item["tgt"] == {letter: line[letter] for letter in "ABC"}


def test_markup_of_an_output_is_text_to_pearmut(tmp_path):
    # what pearmut's page obeys: its own list of tags anywhere, and a media tag at the start
    obeyed = re.compile(r"</?(?:br|strong|b|i|p|em|h1|h2|h3)>|^<(?:audio|video|img|iframe) ")
    rows = [replace(row, hypothesis="<img src=x onerror=alert(1)> <b>x</b>") for row in outputs(4)]
    folder = make_sheet(rows).write(tmp_path / "sheet")
    ((item,), *_), *_ = json.loads((folder / "pearmut.json").read_text())["data"]
    assert not any(obeyed.search(text) for text in item["tgt"].values())


def annotation(item, scores, rater="ann"):
    """An entry of pearmut's log, as annotate.ts and app.py of pearmut 1.1.6 write it."""
    found = {letter: {"score": score, "error_spans": []} for letter, score in scores.items()}
    return {"user_id": rater, "item_i": 0, "actions": [], "annotation": [found],
            "item": [{"item_id": item, "tgt": dict.fromkeys(scores, "x")}]}


def downloaded(folder, log):
    path = folder / "annotations.json"
    path.write_text(json.dumps({key_of(folder)["id"]: log}))
    return path


def test_pearmut_annotations_are_read_by_item_and_letter(folder):
    name, entry = next(iter(key_of(folder)["items"].items()))
    form = {"user_id": "ann", "item_i": "welcome_0", "item": [{"text": "Name?", "form": "string"}],
            "annotation": ["Ann"]}
    log = [form, annotation(name, {"A": 70, "B": 0, "C": None})]
    found = read_ratings(folder, [downloaded(folder, log)])
    values = dict(zip(found.table["system"], found.table["value"], strict=True))
    assert values == {entry["systems"][0]: 70, entry["systems"][1]: 0}
    assert found.missing == {"ann": 50 * 3 - 2} and found.problems == []


def test_of_pearmut_the_last_answer_counts_and_a_reset_deletes_those_before(folder):
    one, two, *_ = key_of(folder)["items"]
    scores = {"A": 1, "B": 2, "C": 3}
    reset = {"user_id": "ann", "item_i": None, "annotation": "__RESET__"}
    log = [annotation(one, scores), annotation(one, scores, "bob"), reset, annotation(two, scores),
           annotation(two, {"A": 4, "B": 5, "C": 6})]
    table = read_ratings(folder, [downloaded(folder, log)]).table
    values = {place: sorted(own["value"]) for place, own in table.groupby(["rater", "item"])}
    assert values == {("bob", one): [1, 2, 3], ("ann", two): [4, 5, 6]}


@pytest.mark.parametrize(("scores", "value"), [((9, 2), 1), ((2, 9), -1), ((5, 5), 0)])
def test_scores_of_pearmut_are_preferences_in_a_sheet_of_preferences(tmp_path, scores, value):
    folder = make_sheet(outputs(4)[:8], "preference").write(tmp_path / "sheet")
    name, entry = next(iter(key_of(folder)["items"].items()))
    log = [annotation(name, dict(zip("AB", scores, strict=True)))]
    (found,) = read_ratings(folder, [downloaded(folder, log)]).table.to_dict("records")
    assert (found["system"], found["other"]) == (GOOD, POOR)
    assert found["value"] == (value if entry["systems"] == [GOOD, POOR] else -value)


def test_half_a_pair_of_scores_is_no_preference(tmp_path):
    folder = make_sheet(outputs(4)[:8], "preference", repeats=0).write(tmp_path / "sheet")
    log = [annotation(next(iter(key_of(folder)["items"])), {"A": 5, "B": None})]
    found = read_ratings(folder, [downloaded(folder, log)])
    assert (found.missing, found.problems) == ({"ann": 4}, [])


@pytest.mark.parametrize("log", [{"other": []}, [], {"ID": [{"user_id": "ann"}]}, {"ID": ["x"]}])
def test_another_file_than_pearmut_annotations_is_refused(folder, log):
    path = folder / "annotations.json"
    path.write_text(json.dumps(log).replace("ID", key_of(folder)["id"]))
    with pytest.raises(ValueError, match="annotations.json has no annotations of campaign"):
        read_ratings(folder, [path])
