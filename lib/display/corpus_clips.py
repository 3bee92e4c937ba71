"""Clips of a curated corpus: examples of each finding, and the extremes of the utterances left."""

from __future__ import annotations

import os

import pandas as pd

from lib.corpora.curation.curate import Curated
from lib.display.browser import ClipBrowser
from lib.utterance import OUTCOMES, Finding, Utterance

CLIPS_PER_RULE = 3
EXTREMES = (  # name, column, row of the sorted column
    ("shortest", "seconds", 0),
    ("longest", "seconds", -1),
    ("slowest", "rate", 0),
    ("fastest", "rate", -1),
)


def corpus_browser(curated: Curated, transcribed: pd.DataFrame) -> ClipBrowser:
    """A browser over some clips of each finding and the extremes of each language.

    Args:
        transcribed: columns index (in `curated.store`), language, seconds, rate (characters per
            second) of the utterances with a transcript.
    """
    clips = _finding_clips(curated) | _extreme_clips(curated, transcribed)
    return ClipBrowser({rule: entries for rule, entries in clips.items() if entries})


def _finding_clips(curated: Curated) -> dict[str, list[tuple[str, Utterance]]]:
    """The first clips of each finding, dropped ones first."""
    findings: dict[tuple[int, str], list[Finding]] = {}
    for finding in curated.findings():
        rule = (OUTCOMES.index(finding.outcome), f"{finding.step}: {finding.outcome}")
        selected = findings.setdefault(rule, [])
        if finding.id and len(selected) < CLIPS_PER_RULE:
            selected.append(finding)
    wanted = {(f.id, f.origin) for selected in findings.values() for f in selected}
    # curation refuses audio outside the corpus folder, so it is not played either
    inside = f"{curated.root}{os.sep}"
    utterances = {
        (u.id, u.origin): u
        for u in curated.listed
        if (u.id, u.origin) in wanted and os.path.normpath(u.audio).startswith(inside)
    }
    return {
        rule: [
            (finding.problem, utterances[finding.id, finding.origin])
            for finding in selected
            if (finding.id, finding.origin) in utterances
        ]
        for (_, rule), selected in sorted(findings.items())
    }


def _extreme_clips(
    curated: Curated, transcribed: pd.DataFrame
) -> dict[str, list[tuple[str, Utterance]]]:
    clips: dict[str, list[tuple[str, Utterance]]] = {}
    for name, column, position in EXTREMES:
        for _, part in transcribed.groupby("language"):
            row = part.sort_values(column).iloc[position]
            reason = f"{row['seconds']:.2f} s, {row['rate']:.1f} characters per second"
            utterance = curated.store[int(row["index"])]
            clips.setdefault(f"kept: {name}", []).append((reason, utterance))
    return clips
