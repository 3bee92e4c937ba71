"""A curated corpus: its funnel, findings, splits, distributions and vocabulary."""

from __future__ import annotations

from collections import Counter
from functools import cached_property

import pandas as pd
from matplotlib.figure import Figure

from lib.corpora.curation.corpus_table import long_enough
from lib.corpora.curation.curate import Curated
from lib.corpora.curation.rules import STEPS
from lib.corpora.text import normalize_text, text_fingerprint
from lib.display.browser import ClipBrowser
from lib.display.corpus_clips import corpus_browser
from lib.display.html import Page, escape, table
from lib.display.plots import bars, funnel, heatmap, histogram, lines
from lib.languages import language
from lib.utterance import SPLITS, Finding, Utterance

MAX_SENTENCES = 20_000  # of a language, for its vocabulary curve
MAX_NAMED_SPEAKERS = 10  # more are drawn as a curve instead of bars
CURVE_POINTS = 100
COLUMNS = ["index", "language", "split", "speaker", "seconds", "characters"]
UNREADABLE = "not readable"  # lines without language and split


class CorpusViews:
    """Tables and figures of a curated corpus, from one pass over the utterances left."""

    def __init__(self, curated: Curated) -> None:
        self.curated = curated
        self.sentences: dict[str, list[str]] = {}
        self.hours: Counter = Counter()  # (spoken language, text language) -> hours
        rows = []
        for index, utterance in enumerate(curated.store):
            rows.append(_row(index, utterance))
            for code, text in utterance.texts.items():
                self.hours[utterance.language, code] += utterance.seconds / 3600
                sentences = self.sentences.setdefault(code, [])
                if len(sentences) < MAX_SENTENCES:
                    sentences.append(text)
        self.utterances = pd.DataFrame(rows, columns=COLUMNS)
        self.utterances["rate"] = self.utterances["characters"] / self.utterances["seconds"]

    @cached_property
    def transcribed(self) -> pd.DataFrame:
        """The utterances that have a transcript."""
        return self.utterances[self.utterances["characters"] > 0]

    def splits(self) -> Page:
        """Size of each spoken language and split."""
        rows = [
            {
                "language": language(str(code)).name,
                "split": split,
                "utterances": len(part),
                "minutes": part["seconds"].sum() / 60,
                "speakers": part["speaker"].nunique() if part["speaker"].any() else None,
                "longest (s)": part["seconds"].max(),
            }
            for (code, split), part in self.utterances.groupby(["language", "split"])
        ]
        rows.sort(key=lambda row: (row["language"], SPLITS.index(row["split"])))
        return Page(table(rows))

    def funnel(self) -> Figure:
        """Utterances left after each step that removed any."""
        steps: dict[str, Counter] = {step: Counter() for step in STEPS}
        for row in self.curated.funnel:
            steps[row["step"]][row["split"] or UNREADABLE] += row["utterances"]
        previous, shown = None, {}
        for step, counts in steps.items():
            if counts != previous:
                splits = (*SPLITS, UNREADABLE)
                shown[step] = {split: counts[split] for split in splits if counts[split]}
            previous = counts
        return funnel(shown)

    def steps(self) -> Page:
        """Utterances and hours after each step that removed any, per language."""
        rows = []
        for code in dict.fromkeys(row["language"] for row in self.curated.funnel):
            own = [row for row in self.curated.funnel if row["language"] == code]
            before = None
            for step in dict.fromkeys(row["step"] for row in own):
                left = tuple(
                    sum(row[unit] for row in own if row["step"] == step)
                    for unit in ("utterances", "hours")
                )
                if left != before:
                    utterances, hours = before or left
                    rows.append(
                        {
                            "language": language(code).name if code else UNREADABLE,
                            "step": step,
                            "requires": STEPS[step],
                            "utterances": left[0],
                            "hours": left[1],
                            "removed": utterances - left[0],
                            "minutes removed": 60 * (hours - left[1]),
                        }
                    )
                before = left
        return Page(table(rows))

    def findings(self) -> Page:
        """Findings counted by outcome and step, with the first of each; all are in a file."""
        counts: Counter = Counter()
        first: dict[tuple[str, str], Finding] = {}
        for finding in self.curated.findings():
            key = (finding.outcome, finding.step)
            counts[key] += 1
            first.setdefault(key, finding)
        rows = [
            {
                "outcome": key[0],
                "step": key[1],
                "times": counts[key],
                "first": first[key].origin,
                "problem": first[key].problem,
                "remedy": first[key].remedy,
            }
            for key in sorted(counts, key=lambda key: (key[0], -counts[key]))
        ]
        path = escape(self.curated.folder / "findings.tsv")
        return Page(f"{table(rows)}<p class='muted'>All {counts.total():,}: {path}</p>")

    def language_map(self) -> Figure:
        """Hours of speech in a language (rows) with a text in a language (columns)."""
        return heatmap(self.hours, "text", "speech")

    def durations(self) -> Figure:
        """Utterance durations per language."""
        return histogram(_by_language(self.utterances, "seconds"), "seconds")

    def rates(self) -> Figure:
        """Speaking rates per language, of utterances with a transcript."""
        return histogram(_by_language(self.transcribed, "rate"), "characters per second")

    def mean_rates(self) -> dict[str, float]:
        """Mean speaking rate of each language, in characters per second."""
        return self.transcribed.groupby("language")["rate"].mean().to_dict()

    def growth(self) -> Figure:
        """Distinct words (characters in Chinese and alike) by words read, per language."""
        curves = {
            language(code).name: _vocabulary_curve(code, texts)
            for code, texts in sorted(self.sentences.items())
        }
        return lines(curves, "words read", "distinct words")

    def speakers(self) -> Figure:
        """Minutes per speaker in descending order: bars for few speakers, a curve for many."""
        known = self.utterances[self.utterances["speaker"] != ""]
        if 0 < known["speaker"].nunique() <= MAX_NAMED_SPEAKERS:
            minutes = _minutes(known, ["speaker", "split"])
            return bars({", ".join(key): value for key, value in minutes.items()}, "minutes")
        curves = {}
        for split in SPLITS:
            minutes = _minutes(known[known["split"] == split], ["speaker"]).tolist()
            if minutes:
                curves[split] = (range(1, len(minutes) + 1), minutes)
        return lines(curves or {"no speaker is known": ([0], [0])}, "speaker rank", "minutes")

    def leaks(self) -> int:
        """Sentences, in any language, that are in train and in dev or test; 0 after curation."""
        held_out: set[int] = set()
        train: set[int] = set()
        for utterance in self.curated.store:
            for code, text in utterance.texts.items():
                text = normalize_text(text)
                if long_enough(text, code, self.curated.rules):
                    side = train if utterance.split == "train" else held_out
                    side.add(text_fingerprint(code, text))
        return len(train & held_out)

    def dropped_percent(self) -> float:
        """Percent of the listed utterances that curation dropped."""
        listed = sum(row["utterances"] for row in self.curated.funnel if row["step"] == "listed")
        return 100 * (1 - len(self.curated.store) / max(1, listed))

    def browser(self) -> ClipBrowser:
        """Clips of each finding, and the extremes of duration and speaking rate."""
        return corpus_browser(self.curated, self.transcribed)


def _row(index: int, utterance: Utterance) -> tuple:
    characters = len(utterance.texts.get(utterance.language, ""))
    return (
        index,
        utterance.language,
        utterance.split,
        utterance.speaker,
        utterance.seconds,
        characters,
    )


def _by_language(frame: pd.DataFrame, column: str) -> dict[str, list[float]]:
    groups = frame.groupby("language")
    return {language(str(code)).name: part[column].tolist() for code, part in groups}


def _minutes(frame: pd.DataFrame, keys: list[str]) -> pd.Series:
    """Minutes of speech per group, in descending order."""
    return frame.groupby(keys)["seconds"].sum().sort_values(ascending=False) / 60


def _vocabulary_curve(code: str, texts: list[str]) -> tuple[list[int], list[int]]:
    """Units read and distinct units so far, at about `CURVE_POINTS` points."""
    seen: set[str] = set()
    read, x, y = 0, [0], [0]
    every = max(1, len(texts) // CURVE_POINTS)
    for index, text in enumerate(texts, start=1):
        text = normalize_text(text)
        units = list(text.replace(" ", "")) if language(code).unit == "char" else text.split()
        read += len(units)
        seen.update(units)
        if index % every == 0:
            x.append(read)
            y.append(len(seen))
    return x, y
