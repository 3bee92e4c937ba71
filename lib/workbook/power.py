"""The power of a claim's comparison, from the variances in the reference study."""

from __future__ import annotations

from functools import cache

import pandas as pd

from lib.scoring.estimates import Components
from lib.scoring.power import Design, smallest_effect
from lib.workbook.paths import ROOT

VARIANCES = ("variance_items", "variance_seed_items", "variance_training", "measured_items")


def note_for(claim_id: str, scale: str, one_seed: bool = True) -> str:
    """Which difference the reference study can see, as one sentence; empty without a study.

    Args:
        one_seed: whether the run that predicts has one seed.
    """
    row = _studied(scale).get(claim_id)
    if row is None:
        return ""
    found = Components(
        items=row["variance_items"],
        seed_items=row["variance_seed_items"],
        training=row["variance_training"],
    )
    items, pairs = int(row["measured_items"]), int(row["pairs"])
    design = Design(items=items, seeds=int(row["seeds"]), pairs=pairs)
    effect = smallest_effect(found, items, design)
    text = (
        f"The study with {design.seeds} seeds and {items} test items on {pairs} "
        f"pair{'s' if pairs > 1 else ''} sees a difference of {effect:.1f} with a power of 80 %"
    )
    return f"{text}; one seed shows no effect of training." if one_seed else f"{text}."


@cache
def _studied(scale: str) -> dict[str, dict]:
    """The claims of the reference study that have variances, by id."""
    path = ROOT / "outputs" / "reference" / f"{scale}-claims.csv"
    if not path.exists():
        return {}
    table = pd.read_csv(path)
    if not {*VARIANCES, "pairs"} <= set(table.columns):
        return {}
    known = table.dropna(subset=[*VARIANCES])
    known = known[known["seeds"] > 1]
    return {row["claim"]: row for row in known.to_dict("records")}
