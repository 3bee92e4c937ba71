"""What the notebooks of the strategies show: how they compare, and how a cascade hands its errors on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from lib.display.html import Page, escape, table
from lib.display.plots import ACCENT, GREY, grouped, lines
from lib.languages import language
from lib.scoring.error_propagation import Bucket
from lib.scoring.outputs import OutputRow, score_table
from lib.scoring.significance import Difference, difference
from lib.training.fit import FitResult


def of(rows: Sequence[OutputRow], strategy: str) -> list[OutputRow]:
    """What one strategy said.

    Raises:
        ValueError: it said nothing, naming those that did.
    """
    found = [row for row in rows if row.strategy == strategy]
    if not found:
        raise ValueError(f"no output of {strategy!r}; there is {', '.join(sorted({row.strategy for row in rows}))}")
    return found


def paired_difference(rows: Sequence[OutputRow], strategy: str, other: str, metric: str = "BLEU", profile: str = "plain") -> Difference:
    """How much better one strategy is than another on the same clips."""
    ours, theirs = of(rows, strategy), of(rows, other)
    if [row.id for row in ours] != [row.id for row in theirs]:
        raise ValueError(f"{strategy!r} and {other!r} were not given the same clips in the same order")
    return difference(
        metric, [r.hypothesis for r in ours], [r.hypothesis for r in theirs], [r.reference for r in ours], ours[0].target,
        [r.speaker for r in ours], profile,
    )  # fmt: skip


def score_gap(ours: Sequence[OutputRow], theirs: Sequence[OutputRow], metric: str = "BLEU") -> float:
    """How much more one set of outputs scores than another, each on its own clips."""
    scores = [
        next(row["value"] for row in score_table(rows) if row["metric"] == metric) for rows in (ours, theirs)
    ]  # fmt: skip
    return scores[0] - scores[1]


def note(text: str) -> Page:
    """One line of text."""
    return Page(f"<p>{escape(text)}</p>")


def compared(rows: Sequence[OutputRow], reference: str) -> Page:
    """Every strategy with BLEU and chrF++, and how far its BLEU is from that of `reference`, with intervals.

    Differences are taken clip by clip, so their intervals are narrower than those of the scores suggest.
    """
    scores = score_table(rows)
    lines = []
    for strategy in dict.fromkeys(row.strategy for row in rows):
        own = {row["metric"]: row for row in scores if row["strategy"] == strategy}
        line: dict[str, object] = {"strategy": strategy}
        for metric in ("BLEU", "chrF++"):
            line[metric] = f"{own[metric]['value']:.1f} ({own[metric]['low']:.1f} to {own[metric]['high']:.1f})"
        gap = paired_difference(rows, strategy, reference)
        same = strategy == reference
        line[f"BLEU above {reference}"] = "" if same else f"{gap.value:+.1f} ({gap.low:+.1f} to {gap.high:+.1f})"
        lines.append(line)
    return Page(table(lines))


def errors_handed_on(buckets: Sequence[Bucket]) -> Figure:
    """A cascade beside its translator on the true transcripts, by how wrong the transcript was."""
    values = {
        f"{bucket.name}\n{bucket.n} clips": {"true transcript": bucket.gold, "transcript as heard": bucket.heard}
        for bucket in buckets
    }
    return grouped(
        values,
        "words of the transcript that are wrong",
        buckets[0].metric,
        {"true transcript": GREY, "transcript as heard": ACCENT},
    )


def error_table(buckets: Sequence[Bucket]) -> Page:
    """The numbers behind `errors_handed_on`."""
    return Page(
        table(
            [
                {
                    "word errors": bucket.name,
                    "clips": bucket.n,
                    "true transcript": bucket.gold,
                    "as heard": bucket.heard,
                    "lost": f"{bucket.lost.value:.1f} ({bucket.lost.low:.1f} to {bucket.lost.high:.1f})",
                }
                for bucket in buckets
            ]
        )
    )


def transcripts(said: Sequence[OutputRow], count: int = 8) -> Page:
    """The first utterances as they should be written and as they were heard."""
    rows = [{"said": row.reference, "heard": row.hypothesis, "in": language(row.target).name} for row in said[:count]]
    return Page(f"<p>{escape(len(rows))} of {len(said)} test clips, the first ones.</p>" + table(rows))


def development(fits: Mapping[str, FitResult]) -> Figure:
    """The development score of several trainings, update by update."""
    curves = {
        name: ([row["update"] for row in rows], [row["score"] for row in rows])
        for name, fitted in fits.items()
        if (rows := [row for row in fitted.history if row["score"] is not None])
    }
    return lines(curves, "update", "development score")


def kept_check(guess: float, buckets: Sequence[Bucket]) -> Page:
    """How far a guess of the share of the score that survives a transcript without errors is from the truth."""
    if buckets[0].name != "none" or not buckets[0].gold:
        return Page(
            "<p>No transcript is without an error here, or its translations score nothing: train longer, then guess again.</p>"
        )
    share = buckets[0].heard / buckets[0].gold
    word = "close" if abs(share - guess) <= 0.05 else "not far" if abs(share - guess) <= 0.15 else "far off"
    return Page(f"<p>You guessed {guess:.2f}; it is {share:.2f} of {buckets[0].metric}: {word}.</p>")


def gain_check(guess: float, rows: Sequence[OutputRow], strategy: str, other: str) -> Page:
    """How far a guess of a difference in BLEU is from what was measured, and whether the interval holds it."""
    gap = paired_difference(rows, strategy, other)
    word = "within the interval" if gap.low <= guess <= gap.high else "outside the interval"
    return Page(f"<p>You guessed {guess:+.1f}; measured {gap.value:+.1f} ({gap.low:+.1f} to {gap.high:+.1f}): {word}.</p>")


def dispensable_check(guess: str, rows: Sequence[OutputRow]) -> Page:
    """Was the loss guessed whose absence costs least?"""
    without = {"ST": "multitask, MT + KD", "MT": "multitask, ST + KD", "KD": "multitask, ST + MT"}
    there = {row.strategy for row in rows}
    if not set(without.values()) <= there:
        return Page("<p>The losses were not taken away: run the notebook with ablate = True.</p>")
    if guess not in without:
        return Page(f"<p>{escape(guess)} is none of the losses: write ST, MT or KD.</p>")
    gains = {loss: paired_difference(rows, strategy, "multitask") for loss, strategy in without.items()}
    word = "Right" if guess == max(gains, key=lambda loss: gains[loss].value) else "Not quite"
    said = ", ".join(
        f"without {loss} {gain.value:+.1f} BLEU ({gain.low:+.1f} to {gain.high:+.1f})" for loss, gain in gains.items()
    )
    missed = [loss for loss, gain in gains.items() if gain.high < 0]
    surely = f"surely missed: {', '.join(missed)}" if missed else "by these intervals none of them is surely missed"
    return Page(f"<p>{word}: {said}; {surely}.</p>")
