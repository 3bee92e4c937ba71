from dataclasses import replace

import nbformat
import pandas as pd
import pytest

from lib.scoring.claims import SYSTEM, TRAINING, VERDICTS
from lib.systems import registry
from lib.workbook.claim_rows import judged_row, predicted_row
from lib.workbook.collect import collect
from lib.workbook.ledger import CLAIMS, all_claims, ledger, measured_in, reason
from lib.workbook.plan import study_runs, workbook_runs
from tests.workbook.cases import (
    CLAIM,
    measured,
    use_claims,
    use_folder,
    write_notebook,
    write_record,
)

STARTED = "2026-01-01T00:00:00+00:00"
KNOWN = registry.claims()
UNTESTED = registry.untested_claims()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters='scale = "smoke"\nseed = 1')
    return tmp_path


def judged(found=None, claim=CLAIM):
    """A row of a record; without a number one that is predicted alone."""
    row = predicted_row(claim)
    return judged_row(row, claim, found, STARTED) if found else row


def row_of(claim_id, scale="smoke"):
    found = ledger(scale)
    (row,) = found[found["claim"] == claim_id].to_dict("records")
    return row


@pytest.mark.parametrize("scale", ["smoke", "tiny", "lab", "full"])
def test_every_claim_has_a_row_and_every_row_a_reason(folder, scale):
    found = ledger(scale)
    assert found["claim"].tolist() == [*KNOWN, *(claim.id for claim in UNTESTED)]
    assert (found["reason"].str.len() > 10).all()


def test_the_columns_are_those_of_claims_csv(folder):
    assert list(ledger("smoke").columns) == CLAIMS


def test_claims_csv_holds_every_claim(folder, monkeypatch):
    use_claims(monkeypatch, CLAIM, replace(CLAIM, id="GMU-3"))
    write_record(claims=[judged(measured())])
    written = pd.read_csv(collect("smoke") / "claims.csv")
    assert written["claim"].tolist()[:2] == ["GMU-2", "GMU-3"]
    assert len(written) == 2 + len(UNTESTED)
    assert set(written["verdict"]) <= set(VERDICTS)


def test_a_measured_claim_has_its_verdict_and_no_reason(folder, monkeypatch):
    use_claims(monkeypatch, CLAIM)
    write_record(claims=[judged(measured())])
    row = row_of("GMU-2")
    assert (row["verdict"], row["reason"]) == ("held", "")


def test_a_claim_is_judged_by_most_seeds(folder, monkeypatch):
    use_claims(monkeypatch, CLAIM)
    write_record(claims=[judged(measured(seeds=1))])
    write_record(claims=[judged(measured(2.5, seeds=3))], parameters={"seed": 2})
    assert row_of("GMU-2")["measured"] == 2.5
    assert len(all_claims("smoke")) == 2 + len(UNTESTED)


def test_a_claim_that_a_run_predicted_and_did_not_measure_says_what_measures_it():
    assert reason("GMU-2", "tiny") == "not run: python -m lib.workbook run --study gmu --scale tiny"


def test_a_prediction_that_was_not_measured_has_the_reason(folder, monkeypatch):
    use_claims(monkeypatch, CLAIM)
    write_record(claims=[judged()])
    assert row_of("GMU-2")["reason"].startswith("not run: python -m lib.workbook run")


def test_a_claim_without_a_prediction_has_no_range(folder):
    row = row_of(UNTESTED[0].id)
    assert pd.isna(row["predicted_low"]) and row["verdict"] == "not run"


def test_an_untested_claim_says_why_at_its_scales_and_what_to_do_at_others(folder):
    claim = next(claim for claim in UNTESTED if "full" not in claim.scales)
    assert row_of(claim.id, "tiny")["reason"] == claim.reason
    assert "by hand" in row_of(claim.id, "full")["reason"]


def test_records_of_claims_that_are_gone_come_last(folder, monkeypatch):
    gone = replace(CLAIM, id="GMU-1")
    use_claims(monkeypatch, CLAIM)
    write_record(claims=[judged(measured(), gone)])
    assert ledger("smoke").iloc[-1]["problem"] == "the claim is no longer predicted"


# ---- what measures a claim ----


@pytest.mark.parametrize("id", KNOWN)
def test_a_claims_reason_names_a_command_that_measures_it(id):
    """A notebook that names the claim, or a study that has one."""
    text = reason(id, "tiny")
    words = text.removeprefix("not run: python -m lib.workbook run ").split()
    numbers = {book.number for book in measured_in(id)}
    if words[0] == "--study":
        planned = {run.notebook.number for run in study_runs(words[1], "tiny", {})}
    else:
        planned = {words[0]} & {run.notebook.number for run in workbook_runs("tiny")}
    assert planned & numbers


@pytest.mark.parametrize(
    ("id", "about", "words"),
    [("SRT-3", SYSTEM, "62"), ("SRT-5", TRAINING, "--study llm_srt"), ("TOUR-1", SYSTEM, "00")],
)
def test_claims_about_training_need_a_study_and_others_one_run(id, about, words):
    assert KNOWN[id].about == about
    assert reason(id, "tiny") == f"not run: python -m lib.workbook run {words} --scale tiny"


@pytest.mark.parametrize(
    ("id", "numbers"),
    [
        ("TOUR-1", {"00"}),
        ("GMU-2", {"13", "16"}),
        ("SRT-4", {"30", "31"}),
        ("ZR-8", {"40", "41"}),
        ("ZR-6", {"41"}),
    ],
)
def test_the_notebooks_that_measure_a_claim(id, numbers):
    """By its name, and by a collection of the system's claims."""
    assert {book.number for book in measured_in(id)} == numbers


def test_a_notebook_that_does_not_parse_is_passed_over(folder):
    path = write_notebook(folder, "%pip list\n").path
    content = nbformat.read(path, as_version=4)
    content.cells.append(nbformat.v4.new_code_cell('run.predict("GMU-2")'))
    nbformat.write(content, path)
    assert [book.number for book in measured_in("GMU-2")] == ["77"]


@pytest.mark.parametrize(
    ("id", "text"),
    [
        ("ZR-5", "not testable at full: a published language model"),
        ("GMU-2", "not run: study gmu at full needs recordings: add -p folder=DIR"),
        ("IT-1", "not run: study it_ist is made for smoke, tiny, lab, not full; on recordings: "),
        ("TOUR-1", "not testable at full: no notebook made for this scale"),
        ("LISTEN-1", "not run: python -m lib.workbook run 63 --scale full"),
    ],
)
def test_at_full_a_claim_says_what_it_needs(id, text):
    assert reason(id, "full").startswith(text)
