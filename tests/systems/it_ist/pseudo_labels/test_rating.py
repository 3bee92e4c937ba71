import csv

import pytest

from lib.files import read_json
from lib.systems.it_ist.pseudo_labels import rating
from lib.systems.it_ist.pseudo_labels.kiwi import Kiwi, correct_pairs
from lib.systems.it_ist.pseudo_labels.rating import BadSheet
from tests.systems.it_ist.pseudo_labels.cases import BOOK, make_label

LABELS = [make_label(f"u{n:03d}", "abcd"[n % 4], n / 200) for n in range(150)]


@pytest.fixture
def sheet(tmp_path):
    path = tmp_path / "deu.csv"
    rating.write_sheet(LABELS, path, seed=1)
    return path


def rows_of(path):
    with open(path, encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def save(path, rows, delimiter=","):
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rating.COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)


def rated(sheet, score=lambda n: n % 101, delimiter=","):
    rows = rows_of(sheet)
    for number, row in enumerate(rows):
        row["score"] = score(number)
    path = sheet.with_name(f"anna-{sheet.name}")
    save(path, rows, delimiter)
    return path, sheet.with_suffix(".key.json")


def test_a_sheet_is_blind_and_has_100_rows(sheet):
    rows = rows_of(sheet)
    assert len(rows) == 100 and list(rows[0]) == list(rating.COLUMNS)
    assert {row["score"] for row in rows} == {""}
    ids = {label.id for label in LABELS}
    assert not any(row["id"] in ids for row in rows)
    assert all(row["id"].startswith("r") and len(row["id"]) == 13 for row in rows)


def test_a_sheet_is_shuffled_and_the_same_for_a_seed(sheet, tmp_path):
    again = tmp_path / "again.csv"
    rating.write_sheet(LABELS, again, seed=1)
    assert again.read_bytes() == sheet.read_bytes()
    sources = [row["source"] for row in rows_of(sheet)]
    assert sources != sorted(sources)


def test_the_key_holds_model_and_score(sheet):
    key = read_json(sheet.with_suffix(".key.json"))
    assert set(key) == {row["id"] for row in rows_of(sheet)}
    assert all(set(row) == {"id", "target", "translator", "score"} for row in key.values())


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x")', "+1", "-2", "@SUM(A1)", "\t=1", "  =1", "\r=1"]
)
def test_no_cell_is_a_formula(text, tmp_path):
    path = tmp_path / "deu.csv"
    rating.write_sheet([make_label("u", "a", 1.0, text=text, transcript=text)], path)
    (row,) = rows_of(path)
    assert all(row[name].lstrip().startswith("'") for name in ("source", "translation"))


@pytest.mark.parametrize("text", ['a "quoted", text', "two\nlines", "价格、3 日元", "a;b"])
def test_hostile_texts_stay_in_their_cell(text, tmp_path):
    path = tmp_path / "deu.csv"
    rating.write_sheet([make_label("u", "a", 1.0, text=text)], path)
    (row,) = rows_of(path)
    assert row["translation"] == text.replace("\n", " ")


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_rated_sheet_is_read(sheet, delimiter):
    path, key = rated(sheet, delimiter=delimiter)
    found = rating.read_sheet(path, key)
    assert len(found) == 100 and {r.error for r in found.values()} == {"none"}


@pytest.mark.parametrize("value", ["", " ", "101", "-1", "50.5", "good", "1e1", "٥"])
def test_a_bad_score_is_named_with_its_line(sheet, value):
    path, key = rated(sheet, lambda n: value if n == 4 else 50)
    with pytest.raises(BadSheet, match=r"anna-deu.csv:6: .*0 to 100"):
        rating.read_sheet(path, key)


def change(sheet, edit):
    path, key = rated(sheet)
    rows = rows_of(path)
    edit(rows)
    save(path, rows)
    return path, key


@pytest.mark.parametrize(
    "edit, message",
    [
        (lambda rows: rows[2].update(id="u001"), "csv:4: unknown id 'u001'"),
        (lambda rows: rows.append(rows[0]), "csv:102: id '.*' is there twice"),
        (lambda rows: rows.pop(), "1 ids are missing"),
        (lambda rows: rows[0].update({"error class": "bad"}), "csv:2: error class 'bad'; use one"),
    ],
)
def test_a_broken_sheet_is_refused(sheet, edit, message):
    with pytest.raises(BadSheet, match=message):
        rating.read_sheet(*change(sheet, edit))


def test_a_sheet_without_its_head_is_refused(sheet):
    path, key = rated(sheet)
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(BadSheet, match=":1: no column"):
        rating.read_sheet(path, key)


def test_agreement_of_a_rater_with_itself_and_with_the_reverse(sheet):
    found = rating.read_sheet(*rated(sheet))
    reverse = {id: rating.Rating(score=100 - r.score, error="none") for id, r in found.items()}
    assert rating.agreement(found, found) == pytest.approx(1.0)
    assert rating.agreement(found, reverse) < -0.9


def test_raters_without_a_common_row_are_refused():
    one = {"a": rating.Rating(score=1, error="none")}
    with pytest.raises(ValueError, match="no row in common"):
        rating.agreement(one, {"b": one["a"]})


def test_correlation_with_the_metric(sheet):
    key = sheet.with_suffix(".key.json")
    scores = {
        id: rating.Rating(score=round(100 * r["score"]), error="none")
        for id, r in read_json(key).items()
    }
    assert rating.correlation(scores, key) > 0.99


class LengthModel:
    """Scores a translation by its length."""

    def predict(self, samples, **options):
        return {"scores": [float(len(sample["mt"])) for sample in samples]}


def test_missed_defects_of_a_judge_that_reads_the_length_only():
    pairs = correct_pairs(BOOK, "test", 40, ("deu", "zho"))
    found = rating.missed(Kiwi(LengthModel(), "length", "MIT"), pairs)
    assert found["repetition"][1] == 1.0
    assert found["fragment"][1] == found["deletion"][1] == 0.0
    assert found["swap"][1] > 0.9
    assert 0.3 < found["wrong transcript"][1] < 0.8
