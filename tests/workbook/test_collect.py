import json
from dataclasses import replace

import pandas as pd
import pytest

from lib.workbook.claim_rows import judged_row, predicted_row
from lib.workbook.collect import SCORES, collect, distinct_scores, scores
from lib.workbook.ledger import CLAIMS, claims, judged_by_most_seeds
from tests.workbook.cases import (
    CLAIM,
    measured,
    score_row,
    use_claims,
    use_folder,
    write_notebook,
    write_record,
)

OWN = "10,corpus=own,folder=talks.tsv"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path)
    return tmp_path


def judge(monkeypatch):
    """The record of a run that has judged `CLAIM`; returns its file."""
    use_claims(monkeypatch, CLAIM)
    row = judged_row(predicted_row(CLAIM), CLAIM, measured(), "2026-01-01T00:00:00+00:00")
    return write_record(claims=[row]).folder / "manifest.json"


def edit(path, **changes):
    """Change a row of claims in a record on disk."""
    manifest = json.loads(path.read_text())
    manifest["claims"][0] |= changes
    path.write_text(json.dumps(manifest))


def problems():
    return claims("smoke")["problem"].tolist()


def table(*rows):
    return pd.DataFrame([score_row(**row) for row in rows], columns=SCORES)


def test_both_tables_are_written(folder):
    write_record(scores=[score_row()])
    path = collect("smoke")
    assert list(pd.read_csv(path / "scores.csv").columns) == SCORES


def test_the_claims_table_is_written_without_claims(folder):
    assert list(pd.read_csv(collect("smoke") / "claims.csv").columns) == CLAIMS


def test_a_score_knows_its_run(folder):
    write_record(scores=[score_row()])
    assert scores("smoke")["run"].tolist() == ["77"]


def test_scores_of_unfinished_runs_do_not_count(folder):
    write_record(scores=[score_row()], exit="running")
    assert len(scores("smoke")) == 0


def test_predictions_of_unfinished_runs_count(folder):
    write_record(claims=[{"claim": "X-1"}], exit="running")
    assert claims("smoke")["claim"].tolist() == ["X-1"]


def test_records_without_published_figures_are_read(folder):
    write_record(claims=[{"claim": "X-1"}])
    assert claims("smoke")["published"].isna().all()


def test_a_claim_knows_the_commit_and_start_of_its_run(folder, monkeypatch):
    judge(monkeypatch)
    columns = ["run", "commit", "started"]
    expected = ["77", "0123456789ab", "2026-01-01T00:00:00+00:00"]
    assert claims("smoke")[columns].values.tolist() == [expected]


def test_an_honest_record_has_no_problem(folder, monkeypatch):
    judge(monkeypatch)
    assert problems() == [""]


def test_a_range_that_was_edited_in_the_record_is_found(folder, monkeypatch):
    edit(judge(monkeypatch), predicted_low=-100.0)
    assert problems()[0].startswith("edited: the prediction in the record")


def test_a_verdict_that_was_edited_in_the_record_is_found(folder, monkeypatch):
    edit(judge(monkeypatch), verdict="failed")
    assert problems()[0].startswith("edited: the verdict")


def test_a_prediction_that_was_changed_after_the_run_is_found(folder, monkeypatch):
    judge(monkeypatch)
    use_claims(monkeypatch, replace(CLAIM, predicted_high=100.0))
    assert problems() == ["the prediction was changed after this run"]


def test_problems_are_written(folder, monkeypatch):
    edit(judge(monkeypatch), predicted_low=-100.0)
    written = pd.read_csv(collect("smoke") / "claims.csv")
    assert written.loc[written["claim"] == CLAIM.id, "problem"].str.startswith("edited").all()


def test_a_row_of_an_earlier_version_is_reported(folder):
    write_record(claims=[{"claim": "X-1", "verdict": "held"}])
    assert problems() == ["recorded by an earlier version of the workbook"]


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([{"run": "10"}, {"run": "11"}], ["10"]),
        ([{"run": "13,seed=2", "seed": 2}, {"run": "13", "seed": 1}], ["13"]),
        ([{"run": "10"}, {"run": "11", "strategy": "cascade"}], ["10", "11"]),
        ([{"run": "10"}, {"run": f"{OWN},0123abcd"}], ["10", f"{OWN},0123abcd"]),
        (
            [{"run": f"{OWN},0123abcd"}, {"run": f"{OWN},4567abcd"}],
            [f"{OWN},0123abcd", f"{OWN},4567abcd"],
        ),
        ([], []),
    ],
    ids=["shared", "seeds", "strategies", "corpora", "folders", "none"],
)
def test_each_system_stands_once(rows, kept):
    assert distinct_scores(table(*rows))["run"].tolist() == kept


@pytest.mark.parametrize(
    ("rows", "kept"),
    [
        ([("A", 1, "11"), ("A", 3, "16"), ("B", 0, "12")], ["16", "12"]),
        ([("A", 1, "11"), ("A", 1, "12")], ["11", "12"]),
        ([], []),
    ],
)
def test_a_claim_is_judged_by_most_seeds(rows, kept):
    frame = pd.DataFrame(rows, columns=["claim", "seeds", "run"]).reindex(columns=CLAIMS)
    frame = frame.assign(problem="", measured=range(len(frame)))
    assert judged_by_most_seeds(frame)["run"].tolist() == kept


def test_points_of_grids_are_left_to_their_notebooks():
    rows = [score_row(run="10", notebook="10"), score_row(run="04,change=rank-4", notebook="04")]
    assert list(distinct_scores(pd.DataFrame(rows))["run"]) == ["10"]
