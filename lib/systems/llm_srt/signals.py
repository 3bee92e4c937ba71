"""What is measured at each evaluation of a curriculum: errors of transcripts, forms of answers."""

from __future__ import annotations

from collections.abc import Sequence

from lib.languages import language
from lib.scoring.metrics import statistics
from lib.systems.llm_srt.prompts import RIGHT, Prompts
from lib.tasks import ASR, ST, Example


def error_rate(transcripts: Sequence[tuple[str, str, str]]) -> float:
    """Percent of all transcripts together: words, or characters for Chinese and the like.

    Args:
        transcripts: language, reference and output of each.
    """
    edits = []
    for code, reference, text in transcripts:
        metric = "CER" if language(code).unit == "char" else "WER"
        edits.append(statistics(metric, [text], [reference], code, "gmu").rows[0])
    return 100 * sum(row[0] for row in edits) / max(sum(row[1] for row in edits), 1)


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
        signals["error_rate"] = error_rate(asr)
    return signals
