"""Power: which difference a study of some size can see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.figure import Figure

from lib.display.html import Page, table
from lib.display.plots import lines
from lib.scoring.power import (
    ITEMS,
    SEEDS,
    WANTED,
    Cost,
    Design,
    Variances,
    cheapest,
    minutes,
    power,
    seeds_needed,
    smallest_effect,
)

EFFECTS = (1.0, 2.0, 3.0, 5.0)  # BLEU
SHOWN_SEEDS = tuple(count for count in SEEDS if 2 < count <= 16)  # two have one degree of freedom


def smallest_effects(found: Variances, cost: Cost | None, pairs: Sequence[int] = (1, 4)) -> Page:
    """The smallest difference that is seen with a probability of 80 %, by size of the study.

    Args:
        found: the variances of a comparison that was measured.
        cost: of comparing two systems; None: not known.
    """
    rows = []
    for count in pairs:
        for items in ITEMS:
            row: dict[str, str] = {"language pairs": str(count), "test items": str(items)}
            for seeds in SHOWN_SEEDS:
                design = Design(items=items, seeds=seeds, pairs=count)
                effect = smallest_effect(found, design)
                spent = f" ({minutes(design, cost):.0f} min)" if cost else ""
                row[f"{seeds} seeds"] = f"{effect:.1f}{spent}"
            rows.append(row)
    return Page(table(rows))


def seeds_by_effect(found: Variances, cost: Cost | None, pairs: Sequence[int] = (1, 4)) -> Page:
    """The number of seeds that differences of some sizes take, and the cheapest study."""
    rows = []
    for count in pairs:
        for effect in EFFECTS:
            row = {"language pairs": str(count), "difference, BLEU": f"{effect:g}"}
            for items in ITEMS:
                design = Design(items=items, seeds=2, pairs=count)
                seeds = seeds_needed(effect, found, design)
                row[f"seeds with {items} items"] = str(seeds or f"over {SEEDS[-1]}")
            best = cheapest(effect, found, count, cost) if cost else None
            row["cheapest"] = (
                f"{best.items} items, {best.seeds} seeds: {minutes(best, cost):.0f} core-minutes"
                if best and cost
                else ""
            )
            rows.append(row)
    return Page(table(rows))


def curves(found: Variances, pairs: int = 1, items: int = 600) -> Figure:
    """Power by the size of the difference, a line for each number of seeds."""
    effects = [step / 4 for step in range(1, 41)]
    design = Design(items=items, seeds=2, pairs=pairs)
    drawn = {
        f"{seeds} seeds": (
            effects,
            [power(e, found, replace(design, seeds=seeds)) for e in effects],
        )
        for seeds in SHOWN_SEEDS
    }
    label = f"power with {items} items (wanted: {WANTED})"
    return lines(drawn, "difference, BLEU", label)
