"""Alignment of a reference and an output, with the errors marked in HTML."""

from __future__ import annotations

from typing import Literal

import jiwer

from lib.display.html import escape

# "equal", "substitute", "delete" or "insert"; the text of the reference, and that of the output
Span = tuple[Literal["equal", "substitute", "delete", "insert"], str, str]


def alignment(reference: str, output: str, unit: str = "word") -> list[Span]:
    """The spans of an alignment with the fewest errors.

    Args:
        unit: "word", or "char" for languages that are written without spaces.
    """
    if not reference.strip() or not output.strip():  # jiwer refuses an empty reference
        kind = "insert" if output.strip() else "delete"
        return [(kind, reference.strip(), output.strip())] if (reference + output).strip() else []
    process = jiwer.process_words if unit == "word" else jiwer.process_characters
    found, between = process(reference, output), " " if unit == "word" else ""
    wanted, written = found.references[0], found.hypotheses[0]
    return [
        (
            chunk.type,
            between.join(wanted[chunk.ref_start_idx : chunk.ref_end_idx]),
            between.join(written[chunk.hyp_start_idx : chunk.hyp_end_idx]),
        )
        for chunk in found.alignments[0]
    ]


def mark_errors(reference: str, hypothesis: str) -> str:
    """The hypothesis as HTML: wrong words are marked, missing ones struck through."""
    parts = []
    for kind, wanted, written in alignment(reference, hypothesis):
        if kind == "equal":
            parts.append(escape(written))
        if kind in ("delete", "substitute"):
            parts.append(f"<span class='missing'>{escape(wanted)}</span>")
        if kind in ("insert", "substitute"):
            parts.append(f"<span class='wrong'>{escape(written)}</span>")
    return " ".join(parts)
