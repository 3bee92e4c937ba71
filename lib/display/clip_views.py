"""Clips with transcripts, translations and system outputs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lib.display.alignment import mark_errors
from lib.display.html import Page, escape, table
from lib.display.player import Clips
from lib.languages import language
from lib.scoring.comparisons import ranked_examples
from lib.scoring.outputs import OutputRow
from lib.utterance import Utterance


def utterance_clips(utterances: Sequence[Utterance], caption: str, target: str = "") -> Clips:
    """Clips with their transcripts.

    Args:
        target: language of the translation shown beside the transcript; empty: none.
    """
    rows = []
    for utterance in utterances:
        row = {
            "language": language(utterance.language).name,
            "transcript": utterance.texts.get(utterance.language, ""),
        }
        if target:
            row[language(target).name] = utterance.texts.get(target, "")
        rows.append(row | {"voice": utterance.speaker, "seconds": round(utterance.seconds, 2)})
    audio = [utterance.sound for utterance in utterances]
    return Clips(rows=rows, audio=audio, caption=caption)


def transcripts(utterances: Sequence[Utterance], outputs: Sequence[str], title: str) -> Page:
    """Transcripts beside a system's outputs.

    Args:
        title: of the column of outputs.
    """
    pairs = zip(utterances, outputs, strict=True)
    return Page(table([{"transcript": u.texts[u.language], title: text} for u, text in pairs]))


def first_outputs(rows: Sequence[OutputRow], count: int = 8) -> Page:
    """The first outputs beside their references."""
    shown = [
        {
            "reference": row.reference,
            "output": row.hypothesis,
            "language": language(row.target).name,
        }
        for row in rows[:count]
    ]
    return Page(f"<p>The first {len(shown)} of {len(rows)} test clips.</p>{table(shown)}")


def file_outputs(paths: Sequence[Path | str], outputs: Sequence[str]) -> Clips:
    """Audio files with a system's output for each."""
    rows = [
        {"file": Path(path).name, "output": output}
        for path, output in zip(paths, outputs, strict=True)
    ]
    return Clips(rows=rows, audio=[Path(path) for path in paths])


def ranked_clips(rows: Sequence[OutputRow], count: int) -> Clips:
    """The best, middle and worst outputs of one system by chrF++, with their errors marked."""
    examples = ranked_examples(rows, count)
    shown = [
        {
            "chrF++": round(score, 1),
            "reference": escape(row.reference),
            "output": mark_errors(row.reference, row.hypothesis),
        }
        for row, score in examples
    ]
    total = sum(row.system != "baseline" for row in rows)
    caption = f"{len(examples)} of {total} test clips by chrF++: best, middle, worst"
    audio = [Path(row.audio) for row, _ in examples]
    return Clips(
        rows=shown,
        audio=audio,
        caption=caption,
        safe=frozenset({"reference", "output"}),
    )
