"""What notebook 01 shows of a corpus: its splits, lengths and rates, leaks between splits, and its outliers to hear."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.figure import Figure

from lib.corpora.studio import record
from lib.display.html import Page, escape, table
from lib.display.player import Clips
from lib.display.plots import bars, histogram
from lib.languages import language
from lib.utterance import SPLITS, Corpus, Utterance

__all__ = ["record"]


def _everything(corpora: Sequence[Corpus]) -> list[Utterance]:
    return [utterance for corpus in corpora for utterance in corpus.utterances]


def _rate(utterance: Utterance) -> float:
    return len(utterance.texts[utterance.language]) / utterance.seconds


def _by_language(corpora: Sequence[Corpus], value: Callable[[Utterance], float]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for utterance in _everything(corpora):
        found.setdefault(language(utterance.language).name, []).append(value(utterance))
    return found


def join_pages(pages: Sequence[Page]) -> Page:
    """Several pages as one."""
    return Page("".join(page.body for page in pages))


def splits(corpora: Sequence[Corpus]) -> Page:
    """A row for each corpus, spoken language and split: utterances, minutes, voices, different transcripts."""
    rows = []
    for corpus in corpora:
        for code in sorted({u.language for u in corpus.utterances}):
            for split in SPLITS:
                part = corpus.split(split, code)
                rows.append(
                    {
                        "corpus": corpus.name,
                        "language": language(code).name,
                        "split": split,
                        "utterances": len(part),
                        "minutes": sum(u.seconds for u in part) / 60,
                        "voices": len({u.speaker for u in part}),
                        "different transcripts": len({u.texts[code] for u in part}),
                    }
                )
    return Page(table(rows))


def hours(corpora: Sequence[Corpus]) -> Figure:
    """Minutes of speech of each corpus, language and split."""
    counts: dict[str, float] = {}
    for utterance in _everything(corpora):
        name = f"{language(utterance.language).name}, {utterance.split}"
        counts[name] = counts.get(name, 0.0) + utterance.seconds / 60
    return bars(dict(sorted(counts.items())), "minutes of speech")


def durations(corpora: Sequence[Corpus]) -> Figure:
    """Lengths in seconds, a line a language."""
    return histogram(_by_language(corpora, lambda u: u.seconds), "seconds")


def rates(corpora: Sequence[Corpus]) -> Figure:
    """Characters a second, a line a language."""
    return histogram(_by_language(corpora, _rate), "characters a second")


@dataclass
class Leaks:
    """What stands in training and in dev or test too."""

    sentences: set[tuple[str, str]]  # (language, text)
    speakers: set[str]

    @property
    def total(self) -> float:
        return float(len(self.sentences) + len(self.speakers))

    def page(self) -> Page:
        """What leaks, by name."""
        if not self.total:
            return Page("<p>No sentence, in any language, and no voice of dev or test occurs in training.</p>")
        names = [f"{code}: {text}" for code, text in sorted(self.sentences)[:50]] + sorted(self.speakers)
        return Page(table([{"occurs in training and outside it": name} for name in names]))


def leaks(corpora: Sequence[Corpus]) -> Leaks:
    """Sentences (in every language, not the spoken one alone) and voices that training shares with dev or test."""
    trained = [u for u in _everything(corpora) if u.split == "train"]
    held_out = [u for u in _everything(corpora) if u.split != "train"]
    texts = {(code, text) for u in trained for code, text in u.texts.items()}
    return Leaks(
        texts & {(code, text) for u in held_out for code, text in u.texts.items()},
        {u.speaker for u in trained} & {u.speaker for u in held_out},
    )


def outliers(corpora: Sequence[Corpus]) -> Clips:
    """The shortest, longest, slowest and fastest utterance of each spoken language."""
    rows, audio = [], []
    for code in sorted({u.language for u in _everything(corpora)}):
        part = [u for u in _everything(corpora) if u.language == code]
        for why, pick, value in (
            ("shortest", min, lambda u: u.seconds), ("longest", max, lambda u: u.seconds), ("slowest", min, _rate), ("fastest", max, _rate),
        ):  # fmt: skip
            found = pick(part, key=value)
            rows.append(
                {
                    "language": language(code).name,
                    "why": why,
                    "seconds": round(found.seconds, 2),
                    "characters a second": round(_rate(found), 1),
                    "text": found.texts[code],
                }
            )
            audio.append(found.audio)
    return Clips(rows, audio, "outliers, by rule", pictures=False)


def fastest_check(guess: str, corpora: Sequence[Corpus]) -> Page:
    """Was the language with the most characters a second guessed?"""
    rates_of = {code: 0.0 for code in sorted({u.language for u in _everything(corpora)})}
    for code in rates_of:
        part = [_rate(u) for u in _everything(corpora) if u.language == code]
        rates_of[code] = sum(part) / len(part)
    best = max(rates_of, key=rates_of.__getitem__)
    word = "Right" if guess == best else "Not quite"
    return Page(f"<p>{word}: {escape(language(best).name)}, with {rates_of[best]:.1f} characters a second.</p>")
