"""Answers to the readers' guesses."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from lib.display.html import Page, note
from lib.languages import language
from lib.scoring.comparisons import Interval, format_interval
from lib.scoring.error_propagation import WerBucket
from lib.scoring.outputs import OutputRow
from lib.scoring.power import Variances, seeds_for_sameness

CLOSE, NEAR = 0.05, 0.15  # absolute error of a guessed share
CLOSE_DB = 3.0


def check_choice(guess: object, answer: object, explanation: str) -> Page:
    """Compare a guess with the one right answer."""
    return note(f"{'Right' if guess == answer else 'Not quite'}: {explanation}.")


def check_intervals(by_speaker: Interval | None, by_utterance: Interval | None) -> Page:
    """Explain the interval of a score by speaker beside the one with the speakers forgotten."""
    if by_speaker is None or by_utterance is None:
        return note("Compute both intervals above.")
    widths = [found.high - found.low for found in (by_speaker, by_utterance)]
    if widths[0] == widths[1]:
        return note("Not quite: both intervals are the same; take the speakers out of the second.")
    if widths[0] < widths[1]:
        return note(
            f"Right: by speaker {format_interval(by_speaker)}, by utterance "
            f"{format_interval(by_utterance)}. Here the second happens to be wider: a variance of "
            "few speakers is itself uncertain. Try another seed."
        )
    return note(
        f"Right: by speaker {format_interval(by_speaker)}, by utterance "
        f"{format_interval(by_utterance)}. The clips of one speaker are alike, so they tell less "
        f"than as many clips of different speakers: the honest interval is {widths[0]:.1f} wide, "
        f"the other one {widths[1]:.1f}."
    )


def check_same_outputs(rows: Sequence[OutputRow], again: Sequence[OutputRow] | None) -> Page:
    """Compare the outputs of one seed that was trained twice."""
    if not again:
        return note("Train the seed a second time above.")
    equal = sum(a.hypothesis == b.hypothesis for a, b in zip(rows, again, strict=True))
    if equal == len(rows):
        return note(
            f"Right: all {equal} outputs are equal. A seed decides everything here, so another "
            "seed is another sample, and the same one is not."
        )
    return note(
        f"{len(rows) - equal} of {len(rows)} outputs differ: something other than the seed decides "
        "the training, such as the number of threads or another processor."
    )


def check_smoothed_loss(
    loss: float | None, probabilities: Sequence[float], gold: int, smoothing: float
) -> Page:
    """Compare a token's loss with that of training (`lib.training.objectives`)."""
    if loss is None:
        return note("Compute the loss above.")
    import torch  # no other exercise needs it

    from lib.training.objectives import label_smoothed_nll

    logits, labels = torch.tensor([[probabilities]]).log(), torch.tensor([[gold]])
    expected = float(label_smoothed_nll(logits, labels, smoothing).total)
    right = math.isclose(loss, expected, rel_tol=1e-4)
    return note(f"{'Right' if right else 'Not quite'}: training's loss is {expected:.4f} nats.")


def check_seeds(seeds: int | None, found: Variances | None, margin: float) -> Page:
    """Compare a number of seeds with the fewest that show equivalence within a margin."""
    if found is None:
        return note("There is no study with several seeds: run --study gmu.")
    if seeds is None:
        return note("Compute the number of seeds above.")
    needed = seeds_for_sameness(margin, found)
    if needed is None:
        return note("Not even 1,000 seeds are enough: the test items alone leave more uncertain.")
    return note(f"{'Right' if seeds == needed else 'Not quite'}: {needed} seeds.")


def check_share(guess: float, share: float) -> Page:
    """Compare a guess with a measured share from 0 to 1."""
    error = abs(guess - share)
    verdict = "close" if error <= CLOSE else "not far" if error <= NEAR else "far off"
    return note(f"You guessed {guess:.2f}; measured {share:.2f}: {verdict}.")


def check_percent(guess: float, measured: float) -> Page:
    """Compare a guess with a measured percentage."""
    error = abs(guess - measured) / 100
    verdict = "close" if error <= CLOSE else "not far" if error <= NEAR else "far off"
    return note(f"You guessed {guess:.1f} %; measured {measured:.1f} %: {verdict}.")


def check_half_quality(guess: float, clean: float, by_level: Mapping[float, float]) -> Page:
    """Compare a guess with the level at which half of the quality is left.

    Args:
        clean: quality without the change.
        by_level: dB -> quality, interpolated between the levels.
    """
    levels = sorted(by_level, reverse=True)
    for high, low in zip(levels, levels[1:], strict=False):
        if by_level[low] < clean / 2 <= by_level[high]:
            part = (by_level[high] - clean / 2) / (by_level[high] - by_level[low])
            measured = high + part * (low - high)
            verdict = "close" if abs(guess - measured) < CLOSE_DB else "far off"
            return note(f"You guessed {guess:g} dB; measured {measured:.0f} dB: {verdict}.")
    side = "above" if levels and by_level[levels[0]] < clean / 2 else "below"
    return note(f"Half of the score is lost {side} all levels that were tried.")


def check_noise_factor(
    factor: float | None, speech: np.ndarray, noise: np.ndarray, snr_db: float
) -> Page:
    """Compare a factor of noise with the one that gives a signal-to-noise ratio."""
    if not factor:
        return note("Compute the factor above.")
    got = 10 * math.log10(float((speech**2).mean() / ((factor * noise) ** 2).mean()))
    right = abs(got - snr_db) < 0.01
    return note(f"{'Right' if right else 'Not quite'}: your mixture has {got:.1f} dB.")


def check_compression(measure: Callable[[str], float] | None) -> Page:
    """Compare a compression ratio with `lib.scoring.repetition.compression_ratio`."""
    if measure is None:
        return note("Write the function above.")
    from lib.scoring.repetition import compression_ratio

    for text in ("in 6 hours", "õhtul " * 40, "在星期一 " * 9):
        found, right = measure(text), compression_ratio(text)
        if not math.isclose(found, right, rel_tol=1e-6):
            return note(f"Not quite: of {text[:20]!r}… it is {right:.3f}, yours gives {found:.3f}.")
    return note("Right: a loop of 40 words compresses far better than a phrase.")


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
