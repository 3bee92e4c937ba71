import pandas as pd
import pytest

from lib.display import question_views
from tests.display.outputs import MARKUP, is_escaped

COLUMNS = ["claim", "pair", "statement", "measured", "low", "high", "seeds", "verdict", "problem"]


def question(**changes):
    return {
        "id": "IT-Q4",
        "paper": "IT-IST",
        "question": "How far can speech be compressed?",
        "notebooks": ("50",),
        "command": "run --study compression",
        "claims": ("IT-3",),
        "answered_at": "tiny",
        "needs": "",
        "planned": 12,
        "finished": 0,
    } | changes


def claim_row(**changes):
    return {
        "claim": "IT-3",
        "pair": "",
        "statement": "8x compression costs at most 3 points of WER over 4x",
        "measured": 1.5,
        "low": 0.5,
        "high": 2.5,
        "seeds": 3,
        "verdict": "held",
        "problem": "",
    } | changes


def frame(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def body(rows=None, claims=(), reference=None):
    found = None if reference is None else frame(*reference)
    return question_views.questions(rows or [question()], frame(*claims), found, "tiny").body


def answer(**given):
    """The lines of the one answer."""
    (table,) = pd.read_html(body(**given).replace("<br>", " | "))
    return table["answer so far"][0].split(" | ")


def test_a_measured_claim_has_its_verdict_interval_and_seeds():
    assert "held: 1.50 (0.50 to 2.50; 3 seeds)" in answer(claims=[claim_row()])


def test_a_claim_says_what_it_states():
    (line, *_) = answer(claims=[claim_row()])
    assert line == "IT-3: 8x compression costs at most 3 points of WER over 4x"


def test_a_claim_without_a_record_says_so():
    assert answer()[0] == "IT-3: not run"


@pytest.mark.parametrize("unmeasured", [{"measured": None, "low": None}, {"verdict": "not run"}])
def test_a_prediction_alone_is_no_answer(unmeasured):
    assert answer(claims=[claim_row(**unmeasured)])[0] == "IT-3: not run"


def test_the_reference_run_answers_where_there_is_no_record():
    line, verdict, _ = answer(reference=[claim_row(measured=9.0)])
    assert (line.endswith("; reference run, tiny"), verdict[:10]) == (True, "held: 9.00")


def test_a_record_of_this_machine_comes_before_the_reference_run():
    lines = answer(claims=[claim_row()], reference=[claim_row(measured=9.0)])
    assert ("reference" in lines[0], lines[1][:10]) == (False, "held: 1.50")


def test_a_measurement_without_an_interval_says_so():
    assert "held: 1.50 (no interval; 1 seed)" in answer(
        claims=[claim_row(low=None, high=None, seeds=1)]
    )


def test_a_record_with_a_problem_names_it():
    assert "(0.50 to 2.50; 3 seeds; edited)" in answer(claims=[claim_row(problem="edited")])[1]


def test_of_many_rows_of_a_claim_the_rest_is_counted():
    rows = [claim_row(pair=f"{code}→eng") for code in ("deu", "nld", "fra", "spa")]
    lines = answer(claims=[*rows, claim_row(pair="ita→eng", verdict="failed")])
    assert [line for line in lines if "→" in line] == lines[1:4]
    assert lines[4] == "and 1 held, 1 failed"


def test_a_question_without_claims_and_records_was_not_run():
    given = [question(claims=())]
    assert answer(rows=given) == ["not run", "0 of 12 runs of the command have a record"]


def test_a_question_without_claims_says_how_much_was_run():
    given = [question(claims=(), finished=2)]
    assert answer(rows=given) == ["2 of 12 runs of the command have a record"]


def test_what_needs_another_machine_says_so():
    text = body([question(answered_at="full", needs="one GPU of 80 GB")])
    assert "<b>scale full, not this machine</b><br>one GPU of 80 GB" in text


def test_each_paper_has_a_table():
    text = body([question(), question(id="ZR-Q1", paper="Zero-resource"), question()])
    assert [text.count(part) for part in ("<h3>", "<table>", "<b>IT-Q4</b>")] == [2, 2, 2]


@pytest.mark.parametrize("name", ["id", "paper", "question", "command", "answered_at", "needs"])
def test_a_question_is_escaped(name):
    assert is_escaped(body([question(**{name: MARKUP})]))


@pytest.mark.parametrize("name", ["notebooks", "claims"])
def test_its_notebooks_and_claims_are_escaped(name):
    assert is_escaped(body([question(**{name: (MARKUP,)})]))


@pytest.mark.parametrize("column", ["statement", "pair", "verdict", "problem"])
def test_a_claim_is_escaped(column):
    assert is_escaped(body(claims=[claim_row(**{column: MARKUP})]))
