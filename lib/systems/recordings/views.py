"""Tables and figures of recordings: the account before training, limits, and learning curve."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lib.corpora.coverage import split_sizes, vocabulary
from lib.display.html import Page, escape, table
from lib.display.plots import ACCENT, GREY, SMALL, style_axes
from lib.languages import language
from lib.scoring.comparisons import format_interval
from lib.scoring.learning_curve import CurvePoint, doubling, expected, too_little
from lib.systems.recordings.limits import METRIC, REMEDIES, Limits
from lib.utterance import Corpus

# measure in a record -> how tables call it
MEASURES = {
    "cer": "character error rate of the recogniser, %",
    "mt_over_constant": f"MT of true transcripts over a constant sentence, {METRIC}",
    "st_over_shuffled": f"speech translation over shuffled audio, {METRIC}",
    "st_over_constant": f"speech translation over a constant sentence, {METRIC}",
}
SIGNS = {"cer": ""}  # of differences: +
EFFECT = "st_over_shuffled_low"  # above 0: it listens


def sizes(corpus: Corpus) -> Page:
    """Clips, minutes and speakers of each split."""
    rows = [
        {
            "split": found.split,
            "clips": found.clips,
            "minutes": f"{found.minutes:.1f}",
            "speakers": found.speakers or "not declared",
            "of them not in training": found.new_speakers,
            "median seconds": f"{found.median_seconds:.1f}",
            "longest": f"{found.longest_seconds:.1f}",
        }
        for found in split_sizes(corpus)
    ]
    return Page(table(rows))


def words(corpus: Corpus, codes: Sequence[str]) -> Page:
    """The training vocabulary of each language, and how much of the test set it lacks."""
    rows = [
        {
            "language": language(code).name,
            "words in training": found.running,
            "distinct": found.distinct,
            "of them once": f"{100 * found.once:.0f} %",
            "test words never seen": f"{100 * found.unseen:.0f} %",
        }
        for code in codes
        if (found := vocabulary(corpus, code))
    ]
    return Page(table(rows))


def expectations(points: Sequence[CurvePoint], hours: float) -> Page:
    """What earlier trainings with about as much speech have reached.

    Args:
        points: of this scale, of any corpus.
        hours: of training speech.
    """
    rows = []
    for measure, title in MEASURES.items():
        found = expected(points, hours, measure)
        reached = f"{found[0]:.1f} to {found[1]:.1f}" if found else "no training is near enough"
        rows.append({"measure": title, "of earlier trainings": reached})
    little = too_little(points, hours, EFFECT)
    if little is None:
        verdict = f"No earlier training had about {hours:.2f} h of speech, or less: nobody knows."
    elif little:
        verdict = (
            f"Too little for this scale: with up to twice these {hours:.2f} h no earlier "
            "training's translation depended on the speech beyond chance. Record more, or add "
            "transcribed speech by more=."
        )
    else:
        verdict = f"With about {hours:.2f} h of speech earlier trainings did listen."
    corpora = ", ".join(sorted({point.corpus for point in points})) or "none"
    known = f"Earlier trainings were on: {corpora}."
    return Page(f"<p>{escape(verdict)} {escape(known)}</p>{table(rows)}")


def limits(found: Limits) -> Page:
    """The parts with their intervals, what limits them, and what would help."""
    lost = f"lost to the recogniser's errors, {METRIC}"
    titles = {"cer": MEASURES["cer"], "mt_over_constant": MEASURES["mt_over_constant"]}
    titles |= {"lost_to_errors": lost}
    titles |= {name: MEASURES[name] for name in ("st_over_shuffled", "st_over_constant")}
    rows = [
        {"measure": title, "value": format_interval(getattr(found, name), SIGNS.get(name, "+"))}
        for name, title in titles.items()
    ]
    help_ = "".join(f"<li>{escape(f'{part}: {REMEDIES[part]}')}</li>" for part in found.limited_by)
    return Page(f"{table(rows)}<p>{escape(found.sentence)}</p><ul>{help_}</ul>")


def curve(points: Sequence[CurvePoint]) -> Page:
    """Each measure by the amount of speech, and what twice the largest amount should bring."""
    points = sorted(points, key=lambda point: point.hours)
    rows = []
    for measure, title in MEASURES.items():
        known = [point for point in points if measure in point.measures]
        row = {"measure": title} | {f"{60 * p.hours:.0f} min": f"{p[measure]:.1f}" for p in known}
        if trend := doubling(known, measure):
            low, high = sorted((trend.flattest, trend.steepest))
            row["twice as much brings"] = f"{trend.change:+.1f} ({low:+.1f} to {high:+.1f})"
            row["so, with twice as much"] = f"{trend.at_twice:.1f}"
        rows.append(row)
    return Page(table(rows))


def curve_figure(points: Sequence[CurvePoint]) -> Figure:
    """Character error rate, and the gains in chrF++, by minutes of training speech."""
    points = sorted(points, key=lambda point: point.hours)
    figure = Figure(figsize=(6.4, 2.8), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw(left, points, "cer", ACCENT, "recogniser")
    style_axes(left, "minutes of training speech", "character error rate, %")
    left.set_ylim(bottom=0)
    gains = {"mt_over_constant": "MT of true transcripts", "st_over_constant": "speech translation"}
    for (measure, name), colour in zip(gains.items(), (ACCENT, "#e0a030"), strict=True):
        _draw(right, points, measure, colour, name)
    right.axhline(0, color=GREY, linewidth=1)
    right.set_title(f"{METRIC} over a constant sentence", fontsize=SMALL, loc="left")
    style_axes(right, "minutes of training speech")
    right.margins(y=0.3)  # room for the legend
    right.legend(fontsize=SMALL, frameon=False, loc="upper left")
    for axes in (left, right):
        minutes = [60 * point.hours for point in points]
        axes.set_xscale("log", base=2)
        axes.set_xticks(minutes, [f"{value:.0f}" for value in minutes], minor=False)
        axes.minorticks_off()
    return figure


def _draw(axes: Axes, points: Sequence[CurvePoint], measure: str, colour: str, name: str) -> None:
    known = [point for point in points if measure in point.measures]
    values = [point[measure] for point in known]
    errors = [
        [abs(point[measure] - point[f"{measure}{end}"]) for point in known]
        for end in ("_low", "_high")
    ]
    axes.errorbar(
        [60 * point.hours for point in known],
        values,
        yerr=errors,
        color=colour,
        marker="o",
        markersize=4,
        linewidth=1.5,
        capsize=2,
        label=name,
    )
