"""What notebooks 14 to 16 show: strategies over pairs and seeds, the claims' numbers, the nine pairs, and advice."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from matplotlib.figure import Figure

from lib.display.html import Page, escape, number, table
from lib.display.plots import gains
from lib.languages import language
from lib.scoring.claims import verdict
from lib.scoring.seeds import OverSeeds
from lib.scoring.study import Pair, Study
from lib.systems.gmu.adviser import Advice, Evidence, Situation
from lib.systems.gmu.claims import Answer
from lib.systems.gmu.pairs import Pair as Preset
from lib.tasks import Task


def interval(found: OverSeeds | None, sign: str = "") -> str:
    """A mean with its interval, as text."""
    return f"{found.value:{sign}.1f} ({found.low:{sign}.1f} to {found.high:{sign}.1f})" if found else ""


def mean(found: OverSeeds | None, sign: str = "") -> str:
    """A mean over seeds as text. Two seeds give an interval that is of no use, so it is left out."""
    return f"{found.value:{sign}.1f} (two seeds)" if found and len(found.each) == 2 else interval(found, sign)


def strategies(study: Study, pairs: Sequence[Pair], seen: Callable[[str], bool], names: Sequence[str]) -> Page:
    """A row for each pair and strategy: BLEU and chrF++ as means over seeds, their distance from direct, and the BLEU of each seed."""
    rows = []
    for pair in pairs:
        for name in names:
            bleu = study.score(pair, name, "BLEU")
            if bleu is None:
                continue
            gain = None if name == "direct" else study.gain(pair, name, "direct")
            rows.append(
                {
                    "pair": "→".join(pair),
                    "language": "seen" if seen(pair[0]) else "unseen",
                    "strategy": name,
                    "BLEU": mean(bleu),
                    "chrF++": mean(study.score(pair, name, "chrF++")),
                    "BLEU above direct": mean(gain, "+"),
                    "each seed": ", ".join(f"{value:.1f}" for value in bleu.each),
                }
            )
    return Page(table(rows))


def disagreements(study: Study) -> Page:
    """Systems of which two runs have other outputs: they were not made by the same recipe, or not on the same machine."""
    if not study.differ:
        return Page("<p>Wherever two notebooks listened to one system, they heard the same.</p>")
    return Page(
        f"<p>Two runs disagree about what these said, so one of them is of another recipe or machine; make the older one again "
        f"with --fresh: {escape('; '.join(study.differ))}.</p>"
    )


def parts(study: Study, pairs: Sequence[Pair]) -> Page:
    """How well each pair is heard and read: the word error rate, and MT on true transcripts beside direct ST."""
    rows = []
    for pair in pairs:
        heard = study.score(pair, "asr", "WER", Task.ASR, "gmu")
        row = {"pair": "→".join(pair), "WER, %": mean(heard)}
        row |= {f"MT by {name}, BLEU": mean(study.score(pair, name, "BLEU", Task.MT)) for name in ("mt", "nllb")}
        rows.append(row | {"direct ST, BLEU": mean(study.score(pair, "direct", "BLEU"))})
    return Page(table(rows))


def chart(study: Study, pairs: Sequence[Pair], names: Sequence[str], metric: str = "BLEU") -> Figure:
    """How far each strategy is above direct, a panel a pair."""
    found = {
        "→".join(pair): {name: gain for name in names if (gain := study.gain(pair, name, "direct", metric)) is not None}
        for pair in pairs
    }
    return gains({pair: rows for pair, rows in found.items() if rows}, f"{metric} above direct")


def answers(found: Sequence[Answer]) -> Page:
    """Each claim with its verdict, and what its number is made of."""
    rows = []
    for entry in found:
        claim, measured = entry.claim, entry.measured
        rows.append(
            {
                "claim": claim.claim,
                "statement": claim.statement,
                "predicted": f"{number(claim.predicted_low)} to {number(claim.predicted_high)}",
                "measured": interval(measured, "+"),
                "verdict": verdict(claim, measured.value, measured.low, measured.high) if measured else "not run",
                "what the number is": entry.of,
                "seeds": entry.seeds,
            }
        )
    return Page(table(rows))


def presets(pairs: Sequence[Preset]) -> Page:
    """The pairs with their corpora, and the strategy that the paper suggests for each."""
    rows = [
        {
            "pair": pair.name,
            "spoken": language(pair.source).name,
            "Seamless": "seen" if pair.seen else "unseen",
            "corpus": pair.corpus,
            "transcripts": "yes" if pair.transcripts else "no",
            "begin with": pair.strategy,
            "because": pair.because,
        }
        for pair in pairs
    ]
    return Page(table(rows))


def advice(now: Situation, found: Advice, most: int = 8) -> Page:
    """The adviser's answer: what to begin with, why, what to measure next, and the evidence of the paper and of the workbook."""
    known = [
        {"": "language", "value": "seen" if now.seen else "unseen"},
        {"": "hours of training speech", "value": now.hours or "not known"},
        {"": "transcripts", "value": "yes" if now.transcripts else "no"},
        {"": "ASR: words wrong, %", "value": _or_not(now.word_errors)},
        {"": "MT on true transcripts, BLEU", "value": _or_not(now.reading)},
        {"": "direct ST, BLEU", "value": _or_not(now.listening)},
    ]
    why = "".join(f"<li>{escape(reason)}</li>" for reason in found.why)
    todo = "".join(f"<li>{escape(entry)}</li>" for entry in found.measure_next) or "<li>nothing that would change this</li>"
    # as many of the paper's as of the workbook's own
    sides = [[entry for entry in found.evidence if entry.by == by] for by in dict.fromkeys(entry.by for entry in found.evidence)]
    rows = [_finding(entry) for side in sides for entry in side[:most]]
    others = [_finding(entry) for side in sides for entry in side[most:]]
    rest = f"<details><summary>{len(others)} more findings</summary>{table(others)}</details>" if others else ""
    return Page(
        f"<p>{escape('→'.join(now.pair))}: begin with <b>{escape(found.strategy)}</b>.</p>{table(known)}"
        f"<p>Why</p><ul>{why}</ul><p>To measure next</p><ul>{todo}</ul><p>Evidence</p>{table(rows)}{rest}"
    )


def _finding(entry: Evidence) -> dict[str, str]:
    facts = {"by": entry.by, "pair": entry.pair, "strategy": entry.strategy}
    return facts | {"BLEU above direct": entry.above_direct, "seeds": entry.seeds}


def _or_not(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f}"


def most_cases_check(guess: int, study: Study, pairs: Sequence[Pair], names: Sequence[str]) -> Page:
    """In how many pairs is direct the best of these strategies?"""
    best = []
    for pair in pairs:
        scored = {name: found.value for name in names if (found := study.score(pair, name, "BLEU"))}
        best += [max(scored, key=scored.__getitem__)] if scored else []
    count = best.count("direct")
    word = "Right" if guess == count else "Not quite"
    return Page(
        f"<p>{word}: in {count} of {len(best)} pairs. The best ones: {escape(', '.join(best) or 'nothing is measured yet')}.</p>"
    )
