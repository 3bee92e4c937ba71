"""Pages of notebook 02: MT models, kept shares, the oracle, what COMETKiwi misses, the sheets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from lib.display.exercises import check_choice
from lib.display.html import Page, escape, note, table
from lib.display.plots import ACCENT, GREY, NORMAL, SMALL, new_figure, style_axes
from lib.scoring.comparisons import format_interval
from lib.scoring.estimates import Estimate
from lib.systems.it_ist.pseudo_labels import rating, selection
from lib.systems.it_ist.pseudo_labels.selection import BEST, ORACLE, Label
from lib.utterance import Dropped

STEPS = 41  # thresholds of a curve
BINS = (0, 20, 40, 60, 80, 100)  # chrF++, of which 100 is a box of its own


def translators(labels: Sequence[Label]) -> Page:
    """Each MT model's BLEU against the references beside its mean COMETKiwi score and licence."""
    rows = []
    for target, group in selection.by_target(labels).items():
        for name, own in selection.by_translator(group).items():
            rows.append(
                {
                    "MT model": name,
                    "target": target,
                    "BLEU (95 %)": format_interval(selection.bleu(own).score()),
                    "mean COMETKiwi": float(np.mean([label.score for label in own])),
                    "licence of its labels": own[0].licence,
                }
            )
    return Page(table(rows))


def kept_shares(labels: Sequence[Label], threshold: float) -> Page:
    """Segments kept at one threshold: by each model alone, and by the best of all."""
    rows = []
    for target, group in selection.by_target(labels).items():
        ways = selection.by_translator(group) | {BEST: selection.best_of_each(group)}
        taken = selection.above(ways[BEST], threshold)
        for name, own in ways.items():
            chosen = sum(label.translator == name for label in taken)
            rows.append(
                {
                    "target": target,
                    "hypotheses of": name,
                    "kept, % (95 %)": format_interval(_share(own, threshold)),
                    "chosen as best, % of kept": "" if name == BEST else _percent(chosen, taken),
                }
            )
    return Page(table(rows))


def _share(labels: Sequence[Label], threshold: float) -> Estimate:
    return replace(selection.kept(labels, threshold).estimate(), lowest=0.0, highest=100.0)


def _percent(part: int, whole: Sequence[Label]) -> float | None:
    return 100 * part / len(whole) if whole else None


def threshold_curve(labels: Sequence[Label], threshold: float) -> Figure:
    """The share of segments kept over the threshold, for each model and for the best of all."""
    figure, axes = new_figure(3.0)
    scores = [label.score for label in labels]
    grid = np.linspace(min(scores), max(scores), STEPS)
    for name, own in (selection.by_translator(labels) | {BEST: []}).items():
        own = own or selection.best_of_each(labels)
        shares = [100 * len(selection.above(own, value)) / len(own) for value in grid]
        best = name == BEST
        colour, width = (ACCENT, 2.4) if best else (None, 1.2)
        axes.plot(grid, shares, label=name, color=colour, linewidth=width)
    axes.axvline(threshold, color=GREY, linewidth=0.8, linestyle="--")
    style_axes(axes, "lowest COMETKiwi score of a label", "segments kept, %")
    axes.legend(fontsize=SMALL, frameon=False)
    return figure


def score_by_quality(labels: Sequence[Label], threshold: float) -> Figure:
    """The distribution of COMETKiwi's scores in classes of chrF++ against the reference."""
    figure, axes = new_figure(3.0)
    found = np.array(selection.quality(labels))
    scores = np.array([label.score for label in labels])
    groups = {
        f"{low} to {high}": scores[(found >= low) & (found < high)]
        for low, high in zip(BINS, BINS[1:], strict=False)
    } | {"100": scores[found >= BINS[-1]]}
    shown = {name: values for name, values in groups.items() if len(values)}
    axes.boxplot(list(shown.values()), showfliers=False)
    names = [f"{name}\nn={len(values)}" for name, values in shown.items()]
    axes.set_xticks(range(1, len(shown) + 1), names, fontsize=NORMAL)
    axes.axhline(threshold, color=GREY, linewidth=0.8, linestyle="--")
    style_axes(axes, "chrF++ against the reference", "COMETKiwi")
    return figure


def oracle(labels: Sequence[Label]) -> Page:
    """BLEU by each way of choosing, and the share of the way to the oracle that COMETKiwi goes."""
    rows, lines = [], []
    for target, group in selection.by_target(labels).items():
        ways = selection.choices(group)
        found = {name: selection.bleu(own) for name, own in ways.items()}
        for name, own in found.items():
            gap = (own - found[ORACLE]).estimate()
            rows.append(
                {
                    "target": target,
                    "chosen": name,
                    "BLEU (95 %)": format_interval(own.score()),
                    "below the oracle": "" if name == ORACLE else format_interval(gap, "+"),
                }
            )
        scores = {name: own.score().value for name, own in found.items()}
        share = selection.share_of_oracle(scores)
        lines.append(f"{target}: {100 * share:.0f} %" if share == share else f"{target}: no gap")
    text = "Of the way from the best single model to the oracle, COMETKiwi's choice goes "
    return Page(f"{table(rows)}<p>{escape(text + ', '.join(lines))}.</p>")


def kept_quality(labels: Sequence[Label], threshold: float) -> Page:
    """How right the kept labels are: the highest of several scores is also the luckiest."""
    rows = []
    for target, group in selection.by_target(labels).items():
        single = selection.best_single(group, threshold)
        ways = {single: selection.by_translator(group)[single], BEST: selection.best_of_each(group)}
        for name, own in ways.items():
            taken = selection.above(own, threshold)
            right = sum(label.text == label.reference for label in taken)
            rows.append(
                {
                    "target": target,
                    "hypotheses of": name,
                    "kept": len(taken),
                    "of them equal to the reference, %": _percent(right, taken),
                    "BLEU of the kept": selection.bleu(taken).score().value if taken else None,
                }
            )
    return Page(table(rows))


def missed(found: Mapping[str, tuple[int, float]]) -> Page:
    """How often COMETKiwi does not see a defect."""
    rows = [
        {"defect": name, "pairs": count, "scored at least as high, %": 100 * share}
        for name, (count, share) in found.items()
    ]
    return Page(table(rows))


def examples(labels: Sequence[Label], count: int = 6) -> Page:
    """The labels that are furthest from their reference by chrF++."""
    pairs = zip(selection.quality(labels), labels, strict=True)
    found = sorted(pairs, key=lambda pair: (pair[0], pair[1].id))
    rows = [
        {
            "transcript": label.transcript,
            "label": label.text,
            "reference": label.reference,
            "MT model": label.translator,
            "COMETKiwi": label.score,
            "chrF++": value,
        }
        for value, label in found[:count]
    ]
    return Page(table(rows))


def refused(labels: Sequence[Label], dropped: Sequence[Dropped]) -> Page:
    """How many labels the licences allow, and the reasons of the first refusals."""
    text = f"{len(labels)} labels are allowed, {len(dropped)} are refused for their licence."
    rows = [{"utterance": entry.id, "reason": entry.reason} for entry in dropped[:3]]
    return Page(f"<p>{escape(text)}</p>{table(rows) if rows else ''}")


def human_check(sheet: Path, folder: str) -> Page:
    """Agreement of the rated copies of a sheet in a folder; how to make them where there is none.

    Args:
        folder: holds `<rater>-<sheet's name>`, such as anna-deu.csv; "": nobody has rated.
    """
    paths = sorted(Path(folder).glob(f"*-{sheet.name}")) if folder else []
    if not paths:
        return note(
            f"No ratings of {sheet.name}. Copy it as <rater>-{sheet.name} into a folder, fill in "
            "score (0 to 100) and error class in a spreadsheet, and run with ratings=<folder>."
        )
    key = sheet.with_suffix(".key.json")
    raters = {path.name: rating.read_sheet(path, key) for path in paths}
    names = list(raters)
    rows = [
        {
            "rater": name,
            "rank correlation with COMETKiwi": rating.correlation(own, key),
            **{f"kappa with {b}": rating.agreement(own, raters[b]) for b in names if b != name},
        }
        for name, own in raters.items()
    ]
    columns = list(dict.fromkeys(column for row in rows for column in row))
    return Page(table([{column: row.get(column) for column in columns} for row in rows]))


def check_kept(
    kept: Mapping[str, str] | None, scores: Mapping[str, Mapping[str, float]], threshold: float
) -> Page:
    """Compare the models that a reader keeps with those of the factory's rule.

    Args:
        kept: segment -> MT model, without the segments that are not kept.
        scores: segment -> MT model -> COMETKiwi.
    """
    if kept is None:
        return note("Choose the models above.")
    best = {segment: max(own, key=own.__getitem__) for segment, own in scores.items()}
    wanted = {s: name for s, name in best.items() if scores[s][name] >= threshold}
    shown = ", ".join(f"{segment} by {name}" for segment, name in wanted.items())
    return check_choice(dict(kept), wanted, f"kept are {shown}")


def check_most_chosen(guess: str, labels: Sequence[Label]) -> Page:
    """Compare a guess with the MT model whose hypotheses COMETKiwi chooses most often."""
    best = selection.best_of_each(labels)
    counts = {name: len(own) for name, own in selection.by_translator(best).items()}
    answer = max(counts, key=counts.__getitem__)
    shares = ", ".join(f"{name} {100 * n / len(best):.0f} %" for name, n in counts.items())
    return check_choice(guess, answer, shares)
