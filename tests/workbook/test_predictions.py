import json
import os
import subprocess
from dataclasses import replace

import pytest

from lib.scoring.claims import DATA, Gain
from lib.systems import registry
from lib.workbook import version_control
from lib.workbook.claim_rows import judged_row, predicted_row
from lib.workbook.predictions import (
    BEFORE,
    NO_GIT,
    NOT_COMMITTED,
    POST_HOC,
    committed,
    prediction,
    prediction_hash,
    problem,
    registration,
)
from tests.workbook.cases import CLAIM, measured, use_claims

STARTED = "2026-01-02T00:00:00+00:00"
EXTRA = "    post_hoc=True,\n"
FILE = """
FAR = 10
Claim(
    id="X-1",
    predicted_low={low},
    post_hoc=True,
    statement=f"over {{FAR}}",
)
Claim(id="X-2", predicted_low={other})
"""
EDITED_PREDICTION = "edited: the prediction in the record is not the one that was hashed"
EDITED_VERDICT = "edited: the verdict does not follow from the interval"
CHANGED = "the prediction was changed after this run"


def write_claims(folder, low=1, other=1):
    (folder / "claims.py").write_text(FILE.format(low=low, other=other))


def commit(folder, day):
    """Commit a folder on a day of January 2026; returns the commit."""
    git = ["git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x"]
    date = f"2026-01-{day:02}T12:00:00+0000"
    variables = os.environ | {"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
        subprocess.run([*git, *words], check=True, env=variables)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout.strip()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a file of two claims, without git."""
    monkeypatch.setattr(version_control, "ROOT", tmp_path)
    monkeypatch.setattr(registry, "claim_files", lambda: [tmp_path / "claims.py"])
    committed.cache_clear()
    write_claims(tmp_path)
    yield tmp_path
    committed.cache_clear()


def test_a_claim_has_its_commit_and_time(folder):
    first = commit(folder, 1)
    assert committed("X-1") == (first, "2026-01-01T12:00:00+00:00")


def test_the_last_change_of_a_claim_counts(folder):
    commit(folder, 1)
    write_claims(folder, low=2)
    second = commit(folder, 2)
    assert committed("X-1") == (second, "2026-01-02T12:00:00+00:00")


def test_a_change_of_another_claim_does_not_count(folder):
    first = commit(folder, 1)
    write_claims(folder, other=2)
    commit(folder, 2)
    assert committed("X-1")[0] == first


def test_a_deleted_line_is_a_change(folder):
    commit(folder, 1)
    (folder / "claims.py").write_text(FILE.format(low=1, other=1).replace(EXTRA, ""))
    second = commit(folder, 2)
    assert committed("X-1") == (second, "2026-01-02T12:00:00+00:00")


def test_a_change_of_a_constant_that_the_claim_names_counts(folder):
    commit(folder, 1)
    (folder / "claims.py").write_text(FILE.format(low=1, other=1).replace("FAR = 10", "FAR = 5"))
    second = commit(folder, 2)
    assert (committed("X-1")[0], committed("X-2")[0] == second) == (second, False)


def test_a_claim_that_moved_keeps_its_commit(folder):
    first = commit(folder, 1)
    (folder / "claims.py").write_text("# a comment\n" + FILE.format(low=1, other=1))
    commit(folder, 2)
    assert committed("X-1")[0] == first


def test_a_change_that_is_not_committed_is_noticed(folder):
    commit(folder, 1)
    write_claims(folder, low=2)
    assert committed("X-1") == (NOT_COMMITTED, "")


def test_another_claims_change_may_be_uncommitted(folder):
    first = commit(folder, 1)
    write_claims(folder, other=2)
    assert committed("X-1")[0] == first


def test_a_file_of_claims_that_was_never_committed_is_noticed(folder):
    (folder / "claims.py").rename(folder / "other.py")
    commit(folder, 1)
    write_claims(folder)
    assert committed("X-1") == (NOT_COMMITTED, "")


def test_without_git_the_prediction_says_so(folder):
    assert committed("X-1") == (NO_GIT, "")


def test_an_unknown_claim_is_named(folder):
    with pytest.raises(KeyError, match="no file of claims has a claim 'X-3'"):
        committed("X-3")


@pytest.mark.parametrize("claim_id", registry.claims())
def test_every_claim_of_the_workbook_is_found_in_its_file(claim_id):
    commit, _ = committed(claim_id)
    assert len(commit) == 40 or commit in (NOT_COMMITTED, NO_GIT)


@pytest.mark.parametrize(
    ("commit", "time", "post_hoc", "expected"),
    [
        ("0123", "2026-01-01T00:00:00+00:00", False, BEFORE),
        ("0123", STARTED, False, BEFORE),
        ("0123", "2026-01-02T00:00:01+00:00", False, POST_HOC),
        ("0123", "2026-01-01T00:00:00+00:00", True, POST_HOC),
        (NOT_COMMITTED, "", False, NOT_COMMITTED),
        (NOT_COMMITTED, "", True, POST_HOC),
        (NO_GIT, "", False, NO_GIT),
    ],
)
def test_a_prediction_is_held_against_the_start_of_the_runs(commit, time, post_hoc, expected):
    assert registration(commit, time, STARTED, post_hoc) == expected


@pytest.mark.parametrize(
    "change",
    [
        {"id": "GMU-3"},
        {"paper": "this workbook"},
        {"statement": "B beats A (BLEU)"},
        {"predicted_low": 0},
        {"predicted_high": 6},
        {"published": "about 5"},
        {"published_low": 3.0},
        {"published_high": 5.0},
        {"about": DATA},
        {"post_hoc": True},
        {"measure": Gain(strategy="cascade", over="direct")},
        {"pairs": "seen"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_that_is_predicted_is_hashed(change):
    changed = prediction(replace(CLAIM, **change))
    assert changed["prediction_hash"] != prediction(CLAIM)["prediction_hash"]


def test_whole_numbers_have_the_hash_of_decimals():
    decimal = replace(CLAIM, predicted_low=1.0, predicted_high=5.0)
    assert prediction(decimal) == prediction(CLAIM)


@pytest.fixture
def row(monkeypatch):
    """A judged row, as the record holds it."""
    use_claims(monkeypatch, CLAIM)
    return json.loads(json.dumps(judged_row(predicted_row(CLAIM), CLAIM, measured(), STARTED)))


def test_a_judged_row_has_no_problem(row):
    assert problem(row) == ""


def test_a_predicted_row_has_no_problem(row):
    assert problem(predicted_row(CLAIM)) == ""


def test_a_row_without_a_measurement_has_no_problem(row):
    empty = judged_row(predicted_row(CLAIM), CLAIM, float("nan"), STARTED)
    assert problem(empty) == ""


@pytest.mark.parametrize(
    "numbers", [(2, 0.99999, 3), (2, 1.00001, 3), (3, 2, 5.00001), (7, 5.00001, 8)]
)
def test_an_interval_at_the_edge_of_the_range_has_no_problem(row, numbers):
    assert problem(judged_row(predicted_row(CLAIM), CLAIM, measured(*numbers), STARTED)) == ""


@pytest.mark.parametrize("change", [{"predicted_low": 0}, {"statement": "B beats A"}])
def test_a_prediction_that_was_changed_after_the_run_is_found(row, monkeypatch, change):
    use_claims(monkeypatch, replace(CLAIM, **change))
    assert problem(row) == CHANGED


def test_a_claim_that_was_removed_is_found(row, monkeypatch):
    use_claims(monkeypatch)
    assert problem(row) == "the claim is no longer predicted"


@pytest.mark.parametrize(
    "edit", [{"predicted_low": 0.0}, {"published": "about 2"}, {"post_hoc": True}]
)
def test_an_edited_prediction_is_found(row, edit):
    assert problem(row | edit) == EDITED_PREDICTION


def test_an_edited_prediction_with_its_hash_is_found(row):
    edited = row | {"predicted_low": 0.0}
    assert problem(edited | {"prediction_hash": prediction_hash(edited)}) == CHANGED


@pytest.mark.parametrize(
    "edit", [{"verdict": "failed"}, {"low": 0.0}, {"seeds": 1}, {"low": None, "high": None}]
)
def test_a_verdict_that_does_not_follow_is_found(row, edit):
    assert problem(row | edit) == EDITED_VERDICT


@pytest.mark.parametrize(
    "edit",
    [{"registration": BEFORE}, {"since": "2020-01-01T00:00:00+00:00"}, {"prediction_time": "2020"}],
)
def test_an_edited_registration_is_found(monkeypatch, edit):
    """A prediction that was not there before the run."""
    use_claims(monkeypatch, CLAIM)
    late = predicted_row(CLAIM) | {"prediction_commit": "0" * 40, "prediction_time": "2026-02-01"}
    found = judged_row(late, CLAIM, measured(), STARTED)
    assert found["registration"] == POST_HOC
    changed = found | edit
    if "since" in edit:  # an earlier start makes it later still: nothing is gained
        assert problem(changed) == ""
    else:
        assert problem(changed) == "edited: the registration does not follow from the times"


def test_an_edited_magnitude_is_found(row):
    edited = row | {"magnitude": "compatible" if row["magnitude"] != "compatible" else "above"}
    assert problem(edited) == "edited: the magnitude does not follow from the interval"


def test_an_edited_general_verdict_is_found(row):
    edited = row | {"general_low": 0.0, "general_high": 9.0, "general_verdict": "held"}
    assert problem(edited).startswith("edited: the verdict on pairs in general")


def test_a_row_of_an_earlier_version_is_reported(row):
    del row["prediction_hash"]
    assert problem(row) == "recorded by an earlier version of the workbook"


def test_a_row_without_the_start_of_its_runs_is_of_an_earlier_version(row):
    del row["since"]
    assert problem(row) == "recorded by an earlier version of the workbook"


def test_a_row_of_a_much_earlier_version_is_reported():
    assert problem({"claim": "X-1"}) == "recorded by an earlier version of the workbook"
