"""What notebook 01 shows of a corpus: its card, its funnel, what was found, how it is spread, and its outliers to hear."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence

import pandas as pd
from matplotlib.figure import Figure

from lib.corpora.cards import Card
from lib.corpora.curation.across_corpus import long_enough
from lib.corpora.curation.curate import Curated
from lib.corpora.curation.rules import STEPS
from lib.corpora.defects import Claim
from lib.corpora.text import comparable, text_fingerprint
from lib.display.browser import Browser
from lib.display.html import Page, escape, table
from lib.display.plots import bars, funnel, heat, histogram, lines
from lib.languages import language
from lib.utterance import OUTCOMES, SPLITS, Finding, Utterance

MOST_TEXTS = 20_000  # sentences of a language that its vocabulary is counted in
FEW_SPEAKERS = 10
EACH = 3  # clips that are shown for a rule


def card_page(card: Card | None, claims: Sequence[Claim]) -> Page:
    """A data card's facts, and each of its claims beside what the data says."""
    facts = ""
    if card:
        rows = [
            {"of the card": name, card.title: value}
            for name, value in (
                ("licence", card.licence), ("account", card.account), ("splits", card.splits), ("for", card.intended_use),
                ("known defects", "; ".join(card.known_defects)), ("layout", "certain" if card.layout_certain else "not certain"),
            )
        ]  # fmt: skip
        facts = table(rows)
    shown = [
        {
            "claim": c.claim,
            "card": c.said,
            "data": c.found,
            "verdict": f"<b>{c.verdict}</b>" if c.verdict != "holds" else "holds",
            "": c.remedy,
        }
        for c in claims
    ]
    return Page(
        facts + table([row | {key: escape(row[key]) for key in row if key != "verdict"} for row in shown], frozenset(shown[0]))
    )


class CorpusViews:
    """One pass over what curation kept of a corpus, and everything that is drawn of it."""

    def __init__(self, curated: Curated) -> None:
        self.curated = curated
        rows, self.sentences = [], {}
        for index, utterance in enumerate(curated.store):
            words = utterance.texts.get(utterance.language, "")
            rows.append((index, utterance.language, utterance.split, utterance.speaker, utterance.seconds, len(words)))
            for code, text in utterance.texts.items():
                kept = self.sentences.setdefault(code, [])
                if len(kept) < MOST_TEXTS:
                    kept.append(text)
        self.kept = pd.DataFrame(rows, columns=["place", "language", "split", "speaker", "seconds", "characters"])
        self.kept["rate"] = self.kept["characters"] / self.kept["seconds"]

    def __getitem__(self, index: int) -> Utterance:
        return self.curated.store[index]

    def splits(self) -> Page:
        """A row for each spoken language and split that is kept."""
        rows = [
            {
                "language": language(str(code)).name, "split": split, "utterances": len(part), "minutes": part["seconds"].sum() / 60,
                "speakers": part["speaker"].nunique() if part["speaker"].any() else None,
                "longest (s)": part["seconds"].max(),
            }
            for (code, split), part in self.kept.groupby(["language", "split"], sort=True)
        ]  # fmt: skip
        return Page(table(sorted(rows, key=lambda row: (row["language"], SPLITS.index(row["split"])))))

    def funnel(self) -> Figure:
        """Utterances left after each step."""
        steps: dict[str, Counter] = {step: Counter() for step in STEPS}
        for row in self.curated.funnel:
            steps[row["step"]][row["split"] or "not readable"] += row["utterances"]
        # a step that took nothing is said in the table; in the picture it would only be long
        previous, shown = None, {}
        for step, counts in steps.items():
            if previous is None or counts != previous:
                shown[step] = {split: counts[split] for split in (*SPLITS, "not readable") if counts[split]}
            previous = counts
        return funnel(shown)

    def steps(self) -> Page:
        """Utterances and hours that each step left, per language, and what it took."""
        rows = []
        for code in dict.fromkeys(row["language"] for row in self.curated.funnel):
            mine = [row for row in self.curated.funnel if row["language"] == code]
            before = None
            for step in dict.fromkeys(row["step"] for row in mine):
                left = [sum(row[key] for row in mine if row["step"] == step) for key in ("utterances", "hours")]
                if before is None or left != before:
                    taken = [0, 0.0] if before is None else [old - new for old, new in zip(before, left, strict=True)]
                    rows.append(
                        {
                            "language": language(code).name if code else "not readable", "step": step, "asks for": STEPS[step],
                            "utterances": left[0], "hours": left[1], "taken": taken[0], "minutes taken": 60 * taken[1],
                        }
                    )  # fmt: skip
                before = left
        return Page(table(rows))

    def findings(self) -> Page:
        """What was found, counted, with the first of each kind; the whole list is in a file."""
        counts: Counter = Counter()
        first: dict[tuple[str, str], Finding] = {}
        for finding in self.curated.findings():
            key = (finding.outcome, finding.step)
            counts[key] += 1
            first.setdefault(key, finding)
        rows = [
            {"outcome": outcome, "step": step, "times": counts[outcome, step], "the first": first[outcome, step].origin,
             "what": first[outcome, step].what, "what to do": first[outcome, step].remedy}
            for outcome, step in sorted(counts, key=lambda key: (key[0], -counts[key]))
        ]  # fmt: skip
        where = f"<p class='muted'>All {sum(counts.values()):,}: {escape(self.curated.folder / 'findings.tsv')}</p>"
        return Page((table(rows) if rows else "<p>Nothing was found.</p>") + where)

    def language_map(self) -> Figure:
        """Hours of speech in a language (down) that have a text in a language (across)."""
        hours: Counter = Counter()
        for utterance in self.curated.store:
            for code in utterance.texts:
                hours[utterance.language, code] += utterance.seconds / 3600
        return heat(hours, "text", "speech")

    def durations(self) -> Figure:
        """Lengths in seconds, a line a language."""
        return histogram(self._by_language("seconds"), "seconds")

    def rates(self) -> Figure:
        """Characters of the transcript a second, a line a language; what has no transcript has no rate."""
        return histogram(self._by_language("rate"), "characters a second")

    def _by_language(self, column: str) -> dict[str, list[float]]:
        rows = self.kept[self.kept["characters"] > 0] if column == "rate" else self.kept
        return {language(str(code)).name: part[column].tolist() for code, part in rows.groupby("language")}

    def growth(self) -> Figure:
        """Different words (characters, in Chinese and its like) against words read: how much is still new at the end."""
        curves = {}
        for code, texts in sorted(self.sentences.items()):
            seen: set[str] = set()
            read, x, y = 0, [0], [0]
            for index, text in enumerate(texts, start=1):
                units = list(comparable(text).replace(" ", "")) if language(code).unit == "char" else comparable(text).split()
                read += len(units)
                seen.update(units)
                if index % max(1, len(texts) // 100) == 0:
                    x.append(read)
                    y.append(len(seen))
            curves[language(code).name] = (x, y)
        return lines(curves, "words read", "different words")

    def speakers(self) -> Figure:
        """Minutes of each speaker, from the one who says most to the one who says least: by name where they are few."""
        known = self.kept[self.kept["speaker"] != ""]
        if 0 < known["speaker"].nunique() <= FEW_SPEAKERS:
            minutes = known.groupby(["speaker", "split"])["seconds"].sum().sort_values(ascending=False) / 60
            return bars({f"{name}, {split}": float(value) for (name, split), value in minutes.items()}, "minutes")
        curves = {}
        for split in SPLITS:
            minutes = known[known["split"] == split].groupby("speaker")["seconds"].sum().sort_values(ascending=False) / 60
            if len(minutes):
                curves[split] = (list(range(1, len(minutes) + 1)), minutes.tolist())
        return lines(curves or {"no speaker is known": ([0], [0])}, "speaker, by minutes", "minutes")

    def leaks(self) -> int:
        """Sentences, in any language, of dev or test that are kept in train too: none, if curation did its work."""
        sides: tuple[set[int], set[int]] = (set(), set())
        for utterance in self.curated.store:
            for code, words in utterance.texts.items():
                if long_enough(plain := comparable(words), code, self.curated.rules):
                    sides[utterance.split == "train"].add(text_fingerprint(code, plain))
        return len(sides[0] & sides[1])

    def left_out(self) -> float:
        """Percent of the listed utterances that are not kept."""
        listed = sum(row["utterances"] for row in self.curated.funnel if row["step"] == "listed")
        return 100 * (1 - len(self.curated.store) / max(1, listed))

    def browser(self) -> Browser:
        """Clips that each rule caught, and the shortest, longest, slowest and fastest that are kept."""
        caught: dict[tuple[int, str], list[Finding]] = {}
        for finding in self.curated.findings():
            some = caught.setdefault((OUTCOMES.index(finding.outcome), f"{finding.step}: {finding.outcome}"), [])
            if finding.id and len(some) < EACH:
                some.append(finding)
        wanted = {(finding.id, finding.origin) for some in caught.values() for finding in some}
        root = f"{self.curated.root}{os.sep}"
        # what lies outside the corpus's folder is refused, and so it is not played either
        found = {
            (u.id, u.origin): u
            for u in self.curated.listed
            if (u.id, u.origin) in wanted and os.path.normpath(u.audio).startswith(root)
        }
        clips = {
            rule: [(f.what, found[f.id, f.origin]) for f in some if (f.id, f.origin) in found]
            for (_, rule), some in sorted(caught.items())
        }
        for why, column, index in (
            ("shortest", "seconds", 0),
            ("longest", "seconds", -1),
            ("slowest", "rate", 0),
            ("fastest", "rate", -1),
        ):
            ends = []
            for _, part in self.kept[self.kept["characters"] > 0].groupby("language"):
                row = part.sort_values(column).iloc[index]
                ends.append((f"{row['seconds']:.2f} s, {row['rate']:.1f} characters a second", self[int(row["place"])]))
            clips[f"kept: {why}"] = ends
        return Browser({rule: some for rule, some in clips.items() if some})

    def fastest_check(self, guess: str) -> Page:
        """Was the language with the most characters a second guessed?"""
        means = self.kept[self.kept["characters"] > 0].groupby("language")["rate"].mean()
        if means.empty:
            return Page("<p>Nothing that is kept has a transcript, so nobody can say.</p>")
        best = str(means.idxmax())
        word = "Right" if guess == best else "Not quite"
        return Page(f"<p>{word}: {escape(language(best).name)}, with {means[best]:.1f} characters a second.</p>")
