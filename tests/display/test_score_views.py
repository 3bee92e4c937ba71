import sys
from subprocess import run

import pandas as pd
import pytest

from lib.display import score_views
from lib.scoring.comparisons import format_interval, paired_difference
from lib.scoring.error_propagation import bucket_by_wer
from tests.display.outputs import MARKUP, QUE_SPA, is_escaped, output_rows, score_row


def test_reading_scores_needs_no_torch():
    code = (
        "import sys; from lib.display import claim_views, power_views, score_plots, score_views; "
        "from lib.display import study_views, training_plots; sys.exit('torch' in sys.modules)"
    )
    assert run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_score_names_its_system_and_direction():
    body = score_views.scores(pd.DataFrame([score_row("direct", 9.0)])).body
    assert "<td>gmu direct</td><td>ST est→eng</td>" in body


def test_scores_of_other_metrics_are_left_out():
    frame = pd.DataFrame([score_row("direct", 9.0), score_row("direct", 40.0, metric="chrF++")])
    assert "chrF++" not in score_views.scores(frame, ["BLEU"]).body


def test_scores_of_one_run_have_no_run_column():
    frame = pd.DataFrame([score_row("direct", 9.0)]).drop(columns="run")
    assert "<th>run</th>" not in score_views.scores(frame).body


def test_names_in_scores_are_escaped():
    assert is_escaped(score_views.scores(pd.DataFrame([score_row(MARKUP, 9.0)])).body)


@pytest.fixture(scope="module")
def rows():
    return output_rows("direct", 0.3) + output_rows("asr_init", 0.1)


def test_strategies_have_their_difference_to_the_reference(rows):
    difference = paired_difference(rows, "asr_init", "direct")
    assert f"<td>{format_interval(difference, '+')}</td>" in (
        score_views.strategies(rows, "direct").body
    )


def test_the_reference_has_no_difference_to_itself(rows):
    body = score_views.strategies(rows, "direct").body
    assert body.count("<td></td>") == 1


def test_directions_are_compared_separately(rows):
    other = output_rows("direct", 0.1, direction=QUE_SPA)
    body = score_views.strategies(rows + other, "direct").body
    assert body.count("que→spa") == 1


def test_systems_are_compared_separately(rows):
    other = output_rows("direct", 0.1, system="it_ist")
    body = score_views.strategies(rows + other, "direct").body
    assert body.count("<td>it_ist</td>") == 1


def test_baselines_are_no_strategies(rows):
    silence = output_rows("silence", 0.9, system="baseline")
    assert "silence" not in score_views.strategies(rows + silence, "direct").body


@pytest.fixture(scope="module")
def buckets():
    asr = output_rows("asr", 0.2, task="ASR")
    return bucket_by_wer(asr, output_rows("mt", task="MT"), output_rows("cascade", 0.3))


def test_a_group_of_bars_per_bucket(buckets):
    axes = score_views.error_propagation_chart(buckets).axes[0]
    expected = [f"{bucket.name}\n{bucket.n} clips" for bucket in buckets]
    assert [text.get_text() for text in axes.get_xticklabels()] == expected


def test_a_row_per_bucket(buckets):
    assert score_views.error_propagation(buckets).body.count("<tr>") == 1 + len(buckets)


def test_the_loss_of_a_bucket_has_an_interval(buckets):
    assert format_interval(buckets[0].loss) in score_views.error_propagation(buckets).body


def test_counts_are_named_in_words():
    body = score_views.counts({"audio_truncated": 3}).body
    assert "<td>audio truncated</td><td class='number'>3</td>" in body


def test_a_decoding_speed_stands_beside_its_strategy():
    row = "<td>direct</td><td class='number'>12.50</td>"
    assert row in score_views.speeds({"direct": 12.5}).body


def test_each_task_has_its_own_metric_and_best_baseline():
    rows = output_rows("instruct", 0.1) + output_rows("constant", 0.9, system="baseline")
    rows += output_rows("instruct", 0.1, task="ASR") + output_rows("balanced", 0.5, task="ASR")
    body = score_views.by_task(rows, "instruct").body
    assert "<td>BLEU</td>" in body and "<td>WER</td>" in body
    assert body.count("<td>constant</td>") == 1
    assert "<td>balanced</td>" in body


def test_strategies_are_columns_with_their_change():
    rows = output_rows("align", 0.0, task="MT") + output_rows("instruct", 0.4, task="MT")
    body = score_views.by_strategy(rows, "align").body
    assert "<th>align</th>" in body and "<th>instruct</th>" in body
    assert body.count("change -") == 1


@pytest.mark.parametrize("task, rates", [("ST", 2), ("SQA", 2), ("ASR", 1)])
def test_each_task_has_its_own_rates(task, rates):
    body = score_views.rates(output_rows("instruct", task=task)).body
    assert "transcribed rate, %" in body and "question rate, %" in body
    assert body.count("0.0 (0.0 to 0.0)") == rates


@pytest.mark.parametrize(
    "task, target, metric",
    [("ASR", "eng", "WER"), ("ASR", "zho", "CER"), ("ST", "zho", "BLEU"), ("SQA", "eng", "F1")],
)
def test_the_headline_of_a_task(task, target, metric):
    assert score_views.headline(task, target) == metric


def test_names_in_tables_by_task_are_escaped():
    rows = output_rows(MARKUP)
    for view in (score_views.by_task, score_views.by_strategy):
        assert is_escaped(view(rows, MARKUP).body)
    assert is_escaped(score_views.rates(rows).body)
