"""The baselines of a cascade on recordings: what needs no input, and what copies it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lib.decoding import GREEDY, Hypothesis, decode_segmented
from lib.scoring.outputs import OutputRow
from lib.systems.baselines import as_hypothesis, of_any_input, of_the_input
from lib.systems.gmu.cascade import nearest_transcript_rows
from lib.systems.recordings.experiment import CASCADE, Recordings
from lib.tasks import ST


def baseline_rows(
    recordings: Recordings, rows: Sequence[OutputRow], transcripts: Sequence[Hypothesis]
) -> list[OutputRow]:
    """Outputs that a speech translation must beat, on the same clips.

    Independent of the input: one constant sentence, another clip's output, the output for silence.
    Of the input, without a translation model: the translation of the training clip with the nearest
    duration and of that with the nearest transcript, and the true transcript as it is.

    Args:
        rows: the cascade's outputs.
        transcripts: the recogniser's, one for each of them.
    """
    experiment, pair = recordings.translation, (recordings.source, recordings.target)
    test = experiment.test(ST)
    texts = of_any_input(experiment, ST, rows, *pair)
    texts |= of_the_input(experiment, ST, test, *pair)
    found = [
        row
        for name, values in texts.items()
        for row in experiment.baseline_rows(
            name, test, [as_hypothesis(e.id, v) for e, v in zip(test, values, strict=True)], CASCADE
        )
    ]
    silence = [replace(row, system="baseline", strategy="silence") for row in _silence(recordings)]
    return found + silence + nearest_transcript_rows(experiment, transcripts)


def _silence(recordings: Recordings) -> list[OutputRow]:
    """The cascade's outputs for silence as long as each test clip."""
    clips = recordings.asr_examples(recordings.st_clips())
    heard = decode_segmented(
        recordings.recogniser,
        clips,
        recordings.collator(),
        GREEDY,
        recordings.max_seconds,
        silence=True,
    )
    return recordings.cascade_rows(heard)
