from lib.display.exercises import (
    check_choice,
    check_difference,
    check_error_free_share,
    check_language,
    check_share,
)
from lib.scoring.error_propagation import bucket_by_wer
from lib.scoring.significance import Difference
from tests.display.outputs import MARKUP, corrupt, is_escaped, output_rows, references

RATES = {"eng": 14.0, "est": 12.5}


def test_the_right_choice():
    assert check_choice("KD", "KD", "it is KD").body == "<p>Right: it is KD.</p>"


def test_the_wrong_choice():
    assert check_choice("MT", "KD", "it is KD").body == "<p>Not quite: it is KD.</p>"


def test_explanations_are_escaped():
    assert is_escaped(check_choice("a", "b", MARKUP).body)


def test_a_close_share():
    assert check_share(0.52, 0.5).body == "<p>You guessed 0.52; measured 0.50: close.</p>"


def test_a_near_share():
    assert "not far" in check_share(0.6, 0.5).body


def test_a_wrong_share():
    assert "far off" in check_share(0.9, 0.5).body


def difference(low, high):
    return Difference(metric="BLEU", value=1.0, low=low, high=high, n=24)


def test_a_difference_within_the_interval():
    page = check_difference(1.5, difference(0.0, 2.0))
    text = "You guessed +1.5; measured +1.0 (+0.0 to +2.0): within the interval."
    assert page.body == f"<p>{text}</p>"


def test_a_difference_outside_the_interval():
    assert "outside the interval" in check_difference(-1.5, difference(0.0, 2.0)).body


def test_the_language_with_the_highest_value():
    page = check_language("eng", RATES, "characters per second")
    assert page.body == "<p>Right: English, with 14.0 characters per second.</p>"


def test_the_language_with_the_lowest_value():
    assert "Not quite: Estonian" in check_language("eng", RATES, "% WER", best=min).body


def test_no_language_was_measured():
    assert "Nothing was measured" in check_language("eng", {}, "% WER").body


def buckets(transcripts):
    asr = output_rows("asr", task="ASR", hypotheses=transcripts)
    cascade = output_rows("cascade", hypotheses=references()[:12] + ["x"] * 12)
    return bucket_by_wer(asr, output_rows("mt", task="MT"), cascade)


def test_the_share_that_error_free_transcripts_keep():
    texts = references()
    found = buckets(texts[:12] + corrupt(texts[12:], 1.0, 1))
    assert check_error_free_share(1.0, found).body.endswith("measured 1.00: close.</p>")


def test_no_transcript_is_free_of_errors():
    found = buckets(corrupt(references(), 1.0, 1))
    assert "No transcript is free of errors" in check_error_free_share(1.0, found).body
