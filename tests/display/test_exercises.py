import math
from dataclasses import replace

import numpy as np
import pytest

from lib.display.exercises import (
    check_choice,
    check_compression,
    check_difference,
    check_error_free_share,
    check_half_quality,
    check_intervals,
    check_language,
    check_noise_factor,
    check_same_outputs,
    check_seeds,
    check_share,
    check_smoothed_loss,
)
from lib.scoring.comparisons import score_runs
from lib.scoring.error_propagation import bucket_by_wer
from lib.scoring.estimates import Components
from lib.scoring.power import Variances, seeds_for_sameness
from lib.scoring.repetition import compression_ratio
from tests.display.outputs import (
    MARKUP,
    corrupt,
    estimate,
    is_escaped,
    output_rows,
    references,
)

RATES = {"eng": 14.0, "est": 12.5}
DIFFERENCE = estimate(1.0, half_width=1.0)


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


def test_a_difference_within_the_interval():
    page = check_difference(1.5, DIFFERENCE)
    text = "You guessed +1.5; measured +1.0 (+0.0 to +2.0): within the interval."
    assert page.body == f"<p>{text}</p>"


def test_a_difference_outside_the_interval():
    assert "outside the interval" in check_difference(-1.5, DIFFERENCE).body


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


@pytest.fixture(scope="module")
def rows():
    return output_rows("direct", 0.3)


def interval(rows):
    return score_runs({1: rows}, "BLEU").score()


def test_an_interval_by_speaker_is_compared_with_one_by_utterance(rows):
    forgotten = [replace(row, speaker="") for row in rows]
    page = check_intervals(interval(rows), interval(forgotten))
    assert page.body.startswith("<p>Right: by speaker ")


def test_both_intervals_have_their_width():
    page = check_intervals(estimate(9.0, half_width=2.0), estimate(9.0, half_width=1.5))
    assert "the honest interval is 4.0 wide, the other one 3.0." in page.body


def test_the_same_interval_twice_is_not_quite_it(rows):
    assert "Not quite" in check_intervals(interval(rows), interval(rows)).body


@pytest.mark.parametrize("given", [(None, None), (DIFFERENCE, None), (None, DIFFERENCE)])
def test_intervals_that_were_not_computed_are_asked_for(given):
    assert check_intervals(*given).body == "<p>Compute both intervals above.</p>"


def test_a_seed_trained_twice_has_the_same_outputs(rows):
    assert "Right: all 24 outputs are equal" in check_same_outputs(rows, list(rows)).body


def test_other_outputs_of_one_seed_are_counted(rows):
    again = [replace(rows[0], hypothesis="something else"), *rows[1:]]
    assert "<p>1 of 24 outputs differ" in check_same_outputs(rows, again).body


@pytest.mark.parametrize("again", [None, []])
def test_a_seed_that_was_not_trained_again_is_asked_for(rows, again):
    assert check_same_outputs(rows, again).body == "<p>Train the seed a second time above.</p>"


PROBABILITIES = [0.5, 0.25, 0.25]
LOSS = 0.9 * math.log(2) + 0.1 * (math.log(2) + 2 * math.log(4)) / 3  # of the first, smoothed


@pytest.mark.parametrize("loss", [LOSS, LOSS * 1.00005])
def test_the_loss_of_training_is_right(loss):
    page = check_smoothed_loss(loss, PROBABILITIES, 0, 0.1)
    assert page.body == f"<p>Right: training&#x27;s loss is {LOSS:.4f} nats.</p>"


@pytest.mark.parametrize("loss", [math.log(2), LOSS * 1.001, 0.0, float("nan")])
def test_another_loss_is_not_quite_right(loss):
    page = check_smoothed_loss(loss, PROBABILITIES, 0, 0.1)
    assert page.body == f"<p>Not quite: training&#x27;s loss is {LOSS:.4f} nats.</p>"


def test_a_loss_that_was_not_computed_is_asked_for():
    page = check_smoothed_loss(None, PROBABILITIES, 0, 0.1)
    assert page.body == "<p>Compute the loss above.</p>"


PARTS = Components(items=0.01, seed_items=0.1, training=1.0)
STUDY = Variances(one=PARTS, mean=PARTS, pairs=1, items=150)
FEWEST = seeds_for_sameness(1.0, STUDY)


def test_the_fewest_seeds_that_fit_are_right():
    assert check_seeds(FEWEST, STUDY, 1.0).body == f"<p>Right: {FEWEST} seeds.</p>"


@pytest.mark.parametrize("seeds", [FEWEST - 1, FEWEST + 1])
def test_another_number_of_seeds_is_not_quite_right(seeds):
    assert check_seeds(seeds, STUDY, 1.0).body == f"<p>Not quite: {FEWEST} seeds.</p>"


def test_a_number_of_seeds_that_was_not_computed_is_asked_for():
    assert check_seeds(None, STUDY, 1.0).body == "<p>Compute the number of seeds above.</p>"


def test_a_margin_that_no_number_of_seeds_reaches():
    assert "Not even 1,000 seeds" in check_seeds(FEWEST, STUDY, 0.1).body


def test_without_a_study_no_number_of_seeds_is_right():
    assert "There is no study with several seeds" in check_seeds(FEWEST, None, 1.0).body


BY_LEVEL = {20.0: 60.0, 0.0: 10.0, 10.0: 50.0}  # half of 60 is left at 5 dB


@pytest.mark.parametrize(("guess", "verdict"), [(7.9, "close"), (8.1, "far off"), (2, "far off")])
def test_a_level_is_interpolated_between_those_that_were_tried(guess, verdict):
    page = check_half_quality(guess, 60.0, BY_LEVEL)
    assert page.body == f"<p>You guessed {guess:g} dB; measured 5 dB: {verdict}.</p>"


@pytest.mark.parametrize(
    ("clean", "by_level", "side"),
    [(200.0, BY_LEVEL, "above"), (10.0, BY_LEVEL, "below"), (60.0, {}, "below")],
)
def test_half_of_the_quality_is_lost_beyond_the_levels(clean, by_level, side):
    page = check_half_quality(5.0, clean, by_level)
    assert page.body == f"<p>Half of the score is lost {side} all levels that were tried.</p>"


TIME = np.arange(16_000) / 16_000
SPEECH, NOISE = 0.5 * np.sin(440 * np.pi * TIME), 0.05 * np.cos(620 * np.pi * TIME)


@pytest.mark.parametrize("factor", [10**0.5, -(10**0.5)])  # a tenth of the amplitude: 20 dB
def test_the_factor_of_a_ratio_is_right(factor):
    page = check_noise_factor(factor, SPEECH, NOISE, 10.0)
    assert page.body == "<p>Right: your mixture has 10.0 dB.</p>"


@pytest.mark.parametrize(("factor", "level"), [(1.0, "20.0"), (5.0, "6.0")])
def test_another_factor_is_told_its_ratio(factor, level):
    page = check_noise_factor(factor, SPEECH, NOISE, 10.0)
    assert page.body == f"<p>Not quite: your mixture has {level} dB.</p>"


def test_the_compression_ratio_of_the_library_is_right():
    assert check_compression(compression_ratio).body.startswith("<p>Right: ")


def test_characters_are_not_bytes():
    """Of a text in ASCII they are as many, so the second text finds it."""
    page = check_compression(lambda text: compression_ratio(text) * len(text) / len(text.encode()))
    assert page.body.startswith("<p>Not quite: of &#x27;õhtul õhtul")


def test_a_function_or_factor_that_is_missing_is_asked_for():
    assert check_compression(None).body == "<p>Write the function above.</p>"
    page = check_noise_factor(None, SPEECH, NOISE, 10.0)
    assert page.body == "<p>Compute the factor above.</p>"
