from dataclasses import replace

import pytest

from lib.scoring.comparisons import (
    best_baseline,
    check_same_test_set,
    difference_to_best_baseline,
    exact_match_share,
    format_interval,
    paired_difference,
    ranked_examples,
    row_difference,
    row_statistics,
    rows_of,
    score_gap,
    score_runs,
    subtract_runs,
)
from tests.scoring.cases import make_estimate, make_rows

DIRECT, ASR_INIT = make_rows("direct", 1, 0.3), make_rows("asr_init", 1, 0.1)
ROWS = DIRECT + ASR_INIT
BASELINES = [
    *make_rows("constant", 1, 0.8, system="baseline"),
    *make_rows("silence", 1, 0.9, system="baseline"),
]


@pytest.mark.parametrize(
    "sign, expected", [("", "1.2 (-0.3 to 2.7)"), ("+", "+1.2 (-0.3 to +2.7)")]
)
def test_interval_as_text(sign, expected):
    assert format_interval(make_estimate(1.23, 1.51), sign) == expected


def test_no_interval_is_empty_text():
    assert format_interval(None) == ""


def test_rows_of_a_strategy():
    assert rows_of(ROWS, "asr_init") == ASR_INIT


def test_unknown_strategy_names_the_known_ones():
    with pytest.raises(ValueError, match="'cascade'; there is output of asr_init, direct"):
        rows_of(ROWS, "cascade")


def test_paired_difference_is_that_of_the_rows():
    assert paired_difference(ROWS, "asr_init", "direct") == row_difference(ASR_INIT, DIRECT, "BLEU")


def test_paired_difference_has_the_sign_of_the_first_strategy():
    assert paired_difference(ROWS, "asr_init", "direct").low > 0


def test_profile_decides_whether_case_counts():
    upper = [replace(row, strategy="upper", hypothesis=row.hypothesis.upper()) for row in DIRECT]
    assert paired_difference(DIRECT + upper, "upper", "direct", profile="gmu").value == 0


def test_missing_utterance_is_refused():
    message = "different test sets: utterance 59 is clip-059 .* missing"
    with pytest.raises(ValueError, match=message):
        check_same_test_set(ASR_INIT, DIRECT[:-1])


def test_other_order_is_refused():
    with pytest.raises(ValueError, match="utterance 0 is clip-000 .* clip-059"):
        check_same_test_set(ASR_INIT, DIRECT[::-1])


def test_other_reference_is_refused():
    other = [replace(row, reference="something else") for row in DIRECT]
    with pytest.raises(ValueError, match="'asr_init' and 'direct' .* 'something else'"):
        row_difference(ASR_INIT, other, "BLEU")


def test_difference_to_itself_is_zero():
    found = row_difference(DIRECT, DIRECT, "BLEU")
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_order_changes_the_sign():
    forward, backward = (
        row_difference(*p, "BLEU") for p in ((DIRECT, ASR_INIT), (ASR_INIT, DIRECT))
    )
    assert (forward.value, forward.low) == pytest.approx((-backward.value, -backward.high))


def test_paired_intervals_are_narrower_than_unpaired_ones():
    worse = [replace(row, hypothesis=row.hypothesis[:-1]) for row in DIRECT]
    paired = row_difference(DIRECT, worse, "chrF++")
    alone = score_runs({1: DIRECT}, "chrF++").score()
    assert paired.high - paired.low < (alone.high - alone.low) / 2


def test_other_seeds_are_refused():
    with pytest.raises(ValueError, match="compare the seeds that both have"):
        subtract_runs({1: DIRECT}, {2: DIRECT}, "BLEU")


def test_other_test_sets_of_one_system_are_refused():
    other = [replace(row, reference="x") for row in DIRECT]
    with pytest.raises(ValueError, match="different test sets"):
        score_runs({1: DIRECT, 2: other}, "BLEU")


def test_score_gap_needs_no_common_test_set():
    mt = make_rows("mt", 1, 0.0, "MT")[:40]
    expected = 100 - row_statistics(DIRECT, "BLEU").corpus_score
    assert score_gap(mt, DIRECT) == pytest.approx(expected, abs=1e-4)


def test_best_baseline_has_the_highest_score():
    assert best_baseline(DIRECT + BASELINES, "chrF++") == "constant"


def test_best_baseline_of_an_error_rate_has_the_lowest():
    assert best_baseline(DIRECT + BASELINES, "WER") == "constant"


def test_difference_to_best_baseline():
    expected = row_difference(DIRECT, BASELINES[:60], "chrF++")
    assert difference_to_best_baseline(DIRECT + BASELINES, "chrF++") == expected


def test_exact_match_share_ignores_spaces_and_baselines():
    rows = [replace(row, hypothesis=f" {row.reference} ") for row in DIRECT[:15]]
    rows += [replace(row, hypothesis="x") for row in DIRECT[15:]]
    assert exact_match_share(rows + BASELINES) == 0.25


def test_exact_match_share_counts_any_right_answer():
    rows = [replace(row, task="SQA", reference=f"x\n{row.hypothesis}") for row in DIRECT[:3]]
    assert exact_match_share([*rows, replace(rows[0], hypothesis="y")]) == 0.75


def test_ranked_examples_are_best_middle_and_worst():
    shares = [0.0] * 10 + [0.4] * 10 + [1.0] * 10
    rows = [make_rows("direct", 1, share)[index] for index, share in enumerate(shares)]
    examples = ranked_examples(rows + BASELINES, 6)
    assert [int(row.id[-3:]) // 10 for row, _ in examples] == [0, 0, 1, 1, 2, 2]


def test_ranked_examples_carry_their_score():
    scores = [score for _, score in ranked_examples(DIRECT, 6)]
    assert scores == sorted(scores, reverse=True)


def test_ranked_examples_of_a_small_set_are_not_repeated():
    assert len(ranked_examples(DIRECT[:2], 9)) == 2
