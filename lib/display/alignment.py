"""Word alignment of a reference and a hypothesis, with the errors marked in HTML."""

from __future__ import annotations

import jiwer

from lib.display.html import escape


def mark_errors(reference: str, hypothesis: str) -> str:
    """The hypothesis as HTML: wrong words are marked, missing ones struck through."""
    if not reference.strip():
        return f"<span class='wrong'>{escape(hypothesis)}</span>"
    alignment = jiwer.process_words(reference, hypothesis)
    reference_words, words = alignment.references[0], alignment.hypotheses[0]
    parts = []
    for chunk in alignment.alignments[0]:
        present = escape(" ".join(words[chunk.hyp_start_idx : chunk.hyp_end_idx]))
        missing = escape(" ".join(reference_words[chunk.ref_start_idx : chunk.ref_end_idx]))
        if chunk.type == "equal":
            parts.append(present)
        if chunk.type in ("delete", "substitute"):
            parts.append(f"<span class='missing'>{missing}</span>")
        if chunk.type in ("insert", "substitute"):
            parts.append(f"<span class='wrong'>{present}</span>")
    return " ".join(parts)
