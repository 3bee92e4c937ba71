from dataclasses import replace

import pytest

from lib.workbook.claim_rows import judged_row, predicted_row
from lib.workbook.summary import headline, main_metric, summary
from tests.workbook.cases import (
    CLAIM,
    measured,
    score_row,
    use_claims,
    use_folder,
    write_notebook,
    write_record,
)

BASELINES = [
    score_row(system="baseline", strategy=name, value=value)
    for name, value in (("constant", 3.0), ("silence", 5.0))
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters='scale = "smoke"\nseed = 1')
    use_claims(monkeypatch, CLAIM)
    return tmp_path


def judged(found=2.0, pair=()):
    """The row of a claim after its measurement."""
    return judged_row(predicted_row(CLAIM, *pair), CLAIM, found, "2026-01-01T00:00:00+00:00")


@pytest.mark.parametrize(("task", "metric"), [("ST", "BLEU"), ("MT", "BLEU"), ("ASR", "WER[gmu]")])
def test_the_first_metric_of_a_task_is_its_main_one(task, metric):
    assert main_metric(task) == metric


def test_the_headline_has_the_best_baseline():
    expected = "est→eng BLEU 20.0 (18.0 to 22.0), best baseline 5.0"
    assert headline([score_row(), *BASELINES]) == expected


def test_the_headline_is_of_the_task_with_baselines():
    transcript = score_row(task="ASR", metric="WER[gmu]", value=50.0)
    assert headline([transcript, score_row(), *BASELINES]).startswith("est→eng BLEU 20.0")


def test_baselines_of_another_pair_do_not_count():
    other = score_row(system="baseline", source="que", target="spa")
    assert headline([score_row(), other]) == "est→eng BLEU 20.0 (18.0 to 22.0)"


def test_of_error_rates_the_lowest_baseline_is_best():
    rows = [
        score_row(task="ASR", metric="WER[gmu]", system=system, value=value)
        for system, value in (("some", 40.0), ("baseline", 90.0), ("baseline", 100.0))
    ]
    assert headline(rows).endswith("best baseline 90.0")


@pytest.mark.parametrize("rows", [[], BASELINES, [score_row()]])
def test_without_system_or_baselines_there_is_no_headline(rows):
    assert headline(rows) == ""


def test_a_summary_has_scores_and_intervals(folder):
    write_record(scores=[score_row()])
    assert "18.0 to 22.0" in summary("smoke")


def test_a_summary_has_claims(folder):
    write_record(claims=[judged(measured())])
    text = summary("smoke")
    assert all(part in text for part in ("GMU-2", "1 to 5", "2.0 (1.5 to 3.0)", "held", "below"))


def test_an_exact_number_has_no_interval(folder):
    write_record(claims=[judged(2.0)])
    assert ("2.0" in summary("smoke"), "2.0 (" in summary("smoke")) == (True, False)


def test_a_claim_that_was_not_measured_is_empty(folder):
    write_record(claims=[predicted_row(CLAIM)])
    assert ("not run" in summary("smoke"), "nan" in summary("smoke")) == (True, False)


def test_a_claim_names_its_pair(folder):
    write_record(claims=[judged(measured(), pair=("est", "eng"))])
    assert "est→eng: A beats B (BLEU)" in summary("smoke")


def test_a_problem_takes_the_place_of_the_verdict(folder, monkeypatch):
    write_record(claims=[judged(measured())])
    use_claims(monkeypatch, replace(CLAIM, predicted_low=0))
    text = summary("smoke")
    assert ("was changed after this run" in text, "held" in text) == (True, False)


def test_rows_of_an_earlier_version_are_shown(folder):
    added = ("pair", "magnitude", "prediction_hash", "registration")
    row = judged(measured())
    write_record(claims=[{name: row[name] for name in row.keys() - added}])
    text = summary("smoke")
    assert ("recorded by an earlier version" in text, "nan" in text) == (True, False)


def test_a_summary_of_everything_has_the_main_metric_only(folder):
    write_record(scores=[score_row(), score_row(metric="chrF++", value=44.4)])
    assert "44.4" not in summary("smoke")


def test_a_summary_of_some_runs_has_the_metrics_of_the_main_profile(folder):
    write_record(scores=[score_row(metric="chrF++", value=44.4), score_row(metric="BLEU[gmu]")])
    text = summary("smoke", ["77"])
    assert ("44.4" in text, "BLEU[gmu]" in text) == (True, False)


def test_a_summary_of_some_runs_leaves_the_others_out(folder):
    write_record(scores=[score_row()])
    write_record(scores=[score_row(value=33.3)], parameters={"seed": 2})
    assert "33.3" not in summary("smoke", ["77"])


def test_a_summary_without_runs_names_the_tables(folder):
    assert str(folder / "outputs" / "smoke" / "scores.csv") in summary("smoke")
