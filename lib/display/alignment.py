"""Reference and hypothesis word by word: what was said wrongly, and what was left out."""

from __future__ import annotations

import jiwer

from lib.display.html import escape


def difference(reference: str, hypothesis: str) -> str:
    """The hypothesis as HTML: wrong and added words marked, missing ones struck through."""
    if not reference.strip():
        return f"<span class='wrong'>{escape(hypothesis)}</span>"
    out = jiwer.process_words(reference, hypothesis)
    meant, heard, parts = out.references[0], out.hypotheses[0], []
    for chunk in out.alignments[0]:
        right = " ".join(heard[chunk.hyp_start_idx : chunk.hyp_end_idx])
        lost = " ".join(meant[chunk.ref_start_idx : chunk.ref_end_idx])
        if chunk.type == "equal":
            parts.append(escape(right))
        if chunk.type in ("delete", "substitute"):
            parts.append(f"<span class='missing'>{escape(lost)}</span>")
        if chunk.type in ("insert", "substitute"):
            parts.append(f"<span class='wrong'>{escape(right)}</span>")
    return " ".join(parts)
