"""What is measured at each evaluation of a curriculum: errors of transcripts, forms of answers."""

from __future__ import annotations

from collections.abc import Sequence

from lib.scoring.metrics import transcript_error_rate
from lib.systems.llm_srt.prompts import RIGHT, Prompts
from lib.tasks import ASR, ST, Example


def curriculum_signals(
    outputs: Sequence[tuple[Example, str]], prompts: Prompts | None
) -> dict[str, float]:
    """What an evaluation shows besides its score, in percent.

    - error_rate: of transcripts, those in answers to SRT included.
    - right_form: of answers to SRT whose tags are exactly right.

    Args:
        prompts: None: answers to ST are translations alone.
    """
    signals: dict[str, float] = {}
    asr = [(e.source, e.target_text, text) for e, text in outputs if e.task == ASR]
    if prompts and (srt := [(e, text) for e, text in outputs if e.task == ST]):
        answers = [(e, prompts.parse(text, e.source, e.target)) for e, text in srt]
        asr += [(e.source, e.source_text, a.transcript) for e, a in answers if e.source_text]
        right = sum(answer.form == RIGHT for _, answer in answers)
        signals["right_form"] = 100 * right / len(answers)
    if asr:
        signals["error_rate"] = transcript_error_rate(asr)
    return signals
