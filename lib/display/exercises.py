"""Answers to the readers' guesses."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lib.display.html import Page, note
from lib.languages import language
from lib.scoring.comparisons import Interval, format_interval
from lib.scoring.error_propagation import WerBucket

CLOSE, NEAR = 0.05, 0.15  # absolute error of a guessed share


def check_choice(guess: object, answer: object, explanation: str) -> Page:
    """Compare a guess with the one right answer."""
    return note(f"{'Right' if guess == answer else 'Not quite'}: {explanation}.")


def check_share(guess: float, share: float) -> Page:
    """Compare a guess with a measured share from 0 to 1."""
    error = abs(guess - share)
    verdict = "close" if error <= CLOSE else "not far" if error <= NEAR else "far off"
    return note(f"You guessed {guess:.2f}; measured {share:.2f}: {verdict}.")


def check_difference(guess: float, measured: Interval) -> Page:
    """Compare a guess with the interval of a measured difference."""
    inside = measured.low <= guess <= measured.high
    verdict = "within the interval" if inside else "outside the interval"
    return note(f"You guessed {guess:+.1f}; measured {format_interval(measured, '+')}: {verdict}.")


def check_language(
    guess: str,
    values: Mapping[str, float],
    unit: str,
    best: Callable[..., str] = max,
) -> Page:
    """Compare a guess with the language that has the highest value.

    Args:
        values: ISO 639-3 code -> value.
        best: `min` where the lowest value is asked for.
    """
    if not values:
        return note("Nothing was measured: no utterance has a transcript.")
    answer = best(values, key=values.__getitem__)
    return check_choice(guess, answer, f"{language(answer).name}, with {values[answer]:.1f} {unit}")


def check_error_free_share(guess: float, buckets: Sequence[WerBucket]) -> Page:
    """Compare a guess with the share of the MT score that a cascade keeps on true transcripts.

    Args:
        buckets: see `lib.scoring.error_propagation.bucket_by_wer`.
    """
    if buckets[0].name != "none" or not buckets[0].gold_score:
        return note("No transcript is free of errors, or the MT score is 0: train longer.")
    return check_share(guess, buckets[0].asr_score / buckets[0].gold_score)
