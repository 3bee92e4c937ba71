import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from lib.scoring.comparisons import row_statistics
from lib.scoring.dependence import CLEAN, condition_scores, output_change
from lib.scoring.estimates import replicates
from tests.scoring.cases import make_rows, references


def under(condition, hypotheses=None, **changes):
    """Outputs with a third of the words wrong, or the given ones."""
    rows = make_rows("direct", 1, 0.3)
    texts = hypotheses or [row.hypothesis for row in rows]
    return [
        replace(row, subset=condition, hypothesis=text, **changes)
        for row, text in zip(rows, texts, strict=True)
    ]


def scored(rows, *measure):
    return {score.condition: score for score in condition_scores(rows, *measure)}


REAL = under(CLEAN)


def test_a_system_that_guesses_does_not_depend_on_the_sound():
    score = scored(REAL + under("silence"))["silence"]
    assert (score.dependence.value, score.dependence.low, score.dependence.high) == (0, 0, 0)
    assert score.change.value == 0
    assert (score.kept.value, score.kept.low, score.kept.high) == pytest.approx((100, 100, 100))


def test_empty_outputs_have_nothing_in_common_and_keep_nothing():
    score = scored(REAL + under("silence", [""] * 60))["silence"]
    assert (score.dependence.value, score.kept.value, score.empty) == (100, 0, 100)
    assert score.change.value == -scored(REAL)[CLEAN].quality.value


def test_two_empty_outputs_are_equal():
    rows = under("noise", [""] * 60)
    assert output_change(rows, [""] * 60).corpus_score == 0


def test_edits_count_in_percent_of_the_longer_output():
    rows = under("noise")[:2]
    rows = [replace(rows[0], hypothesis="abcd"), replace(rows[1], hypothesis="")]
    found = output_change(rows, ["abxd", "four"])
    assert found.utterance_scores == [25, 100]
    assert found.corpus_score == pytest.approx(62.5)


def test_another_clip_shows_the_luck():
    texts = [row.hypothesis for row in REAL]
    score = scored(REAL + under("another clip", texts[1:] + texts[:1]))["another clip"]
    assert score.dependence.value > 50
    assert 0 < score.kept.low < score.kept.value < score.kept.high < 50
    assert score.change.high < 0


def test_kept_has_the_interval_of_a_jackknifed_ratio():
    rows = under("noise", ["" if i // 12 % 2 else r.hypothesis for i, r in enumerate(REAL)])
    parts = [row_statistics(part, "chrF++") for part in (rows, REAL)]
    width = parts[0].rows.shape[1]
    ratio = replace(
        parts[0],
        rows=np.hstack([part.rows for part in parts]),
        combine=lambda total: (
            100 * parts[0].combine(total[:width]) / parts[0].combine(total[width:])
        ),
    )
    speakers, ids = [row.speaker for row in REAL], [row.id for row in REAL]
    expected = replicates([(1, ratio)], speakers, ids).estimate()
    kept = scored(REAL + rows, "chrF++")["noise"].kept
    assert kept.value == pytest.approx(expected.value)
    assert kept.standard_error == pytest.approx(expected.standard_error, rel=0.05)
    assert kept.standard_error > 0.5


def test_an_error_rate_keeps_nothing_to_speak_of():
    score = scored(REAL + under("noise"), "WER", "gmu")["noise"]
    assert (score.metric, score.kept) == ("WER[gmu]", None)


def test_the_most_frequent_outputs_are_counted():
    texts = ["Turkish"] * 40 + [""] * 15 + ["Finland"] * 4 + ["Norway"]
    score = scored(REAL + under("silence", texts))["silence"]
    assert score.frequent == [("Turkish", 40), ("", 15), ("Finland", 4)]
    assert score.empty == 25


def test_directions_count_the_same():
    other = [replace(r, source="que", target="spa") for r in REAL + under("noise", [""] * 60)]
    score = scored(REAL + under("noise") + other)["noise"]
    assert score.dependence.value == pytest.approx(50)
    assert score.dependence.n == 120


def test_a_condition_that_some_clips_lack_is_compared_on_the_others():
    found = scored(REAL + under("accent")[:20])
    assert found["accent"].change.value == 0
    assert found["accent"].quality.n == 20


def test_systems_and_tasks_are_apart_and_transcripts_get_a_bounded_score():
    transcripts = make_rows("asr", 1, 0.2, "ASR", ("est", "est"), texts=references())
    rows = REAL + [replace(row, subset=CLEAN) for row in transcripts]
    found = [(s.system, s.task, s.metric) for s in condition_scores(rows)]
    assert found == [("gmu direct", "ST", "BLEU"), ("gmu asr", "ASR", "chrF++[gmu]")]


def test_outputs_without_a_clean_one_are_refused():
    with pytest.raises(ValueError, match="clip-000 under 'noise', one of 60"):
        condition_scores(under("noise"))


def test_scores_need_no_torch():
    code = "import sys, lib.scoring.dependence; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
