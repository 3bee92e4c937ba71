from dataclasses import replace

import pytest

from lib.scoring.comparisons import row_difference, row_statistics
from lib.scoring.error_propagation import bucket_by_wer, word_error_rates
from tests.scoring.cases import make_rows

GOLD = make_rows("mt", 1, 0.0, "MT")
CASCADE = make_rows("cascade", 1, 0.3)
ASR = make_rows("asr", 1, 0.0, "ASR", ("est", "est"))
# 10 without error, 20 with one word of six wrong, 30 with all wrong
TRANSCRIPTS = [
    *ASR[:10],
    *(replace(row, hypothesis=row.reference.rsplit(" ", 1)[0] + " x") for row in ASR[10:30]),
    *(replace(row, hypothesis="x " * 6) for row in ASR[30:]),
]


@pytest.fixture(scope="module")
def buckets():
    return bucket_by_wer(TRANSCRIPTS, GOLD, CASCADE)


def test_word_error_rates_ignore_case_and_punctuation():
    rows = [replace(ASR[0], hypothesis=f"{ASR[0].reference.upper()}!")]
    assert word_error_rates(rows) == [0.0]


def test_buckets_hold_utterances_by_word_error_rate(buckets):
    assert [(b.name, b.n) for b in buckets] == [("none", 10), ("up to 25 %", 20), ("over 50 %", 30)]


def test_gold_score_is_that_of_the_true_transcripts(buckets):
    assert [bucket.gold_score for bucket in buckets] == pytest.approx([100, 100, 100])


def test_asr_score_is_that_of_the_cascade(buckets):
    assert buckets[1].asr_score == row_statistics(CASCADE[10:30], "chrF++").corpus_score


def test_loss_is_a_paired_difference(buckets):
    assert buckets[1].loss == row_difference(GOLD[10:30], CASCADE[10:30], "chrF++")


def test_utterances_are_matched_by_id(buckets):
    assert bucket_by_wer(TRANSCRIPTS, GOLD[::-1], CASCADE) == buckets


def test_missing_translation_is_refused():
    with pytest.raises(ValueError, match="1 transcripts have no translation, first: clip-000"):
        bucket_by_wer(TRANSCRIPTS, GOLD[1:], CASCADE)
