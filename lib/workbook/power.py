"""The power of a claim's comparison, from the variances in the reference study."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from lib.scoring.estimates import Components
from lib.scoring.power import Design, Variances, smallest_effect
from lib.workbook.reference_tables import reference_claims

_PARTS = tuple(entry.name for entry in fields(Components))
# columns of claims.csv: of one language pair, and of the mean over the pairs
VARIANCES = (
    *(f"variance_{part}" for part in _PARTS),
    *(f"mean_variance_{part}" for part in _PARTS),
    "measured_items",
)


def variance_columns(found: Variances) -> dict[str, float]:
    """Variances as the columns `VARIANCES`."""
    values = [*asdict(found.one).values(), *asdict(found.mean).values(), found.items]
    return dict(zip(VARIANCES, (round(value, 4) for value in values), strict=True))


def _variances(row: Mapping[str, Any]) -> Variances:
    values = [row[name] for name in VARIANCES]
    one, mean = values[: len(_PARTS)], values[len(_PARTS) : -1]
    return Variances(
        one=Components(**dict(zip(_PARTS, one, strict=True))),
        mean=Components(**dict(zip(_PARTS, mean, strict=True))),
        pairs=int(row["pairs"]),
        items=int(values[-1]),
    )


def note_for(claim_id: str, scale: str, one_seed: bool = True) -> str:
    """Which difference the reference study can see, as one sentence; empty without a study.

    Args:
        one_seed: whether the run that predicts has one seed.
    """
    row = _studied(scale).get(claim_id)
    if row is None:
        return ""
    found = _variances(row)
    design = Design(items=found.items, seeds=int(row["seeds"]), pairs=found.pairs)
    effect = smallest_effect(found, design)
    text = (
        f"The reference study with {design.seeds} seeds and {found.items} test items on "
        f"{found.pairs} pair{'s' if found.pairs > 1 else ''} sees a difference of {effect:.1f} "
        "with a power of 80 %"
    )
    return f"{text}; one seed shows no effect of training." if one_seed else f"{text}."


@cache
def _studied(scale: str) -> dict[str, dict[str, Any]]:
    """The claims of the reference study that have variances, by id."""
    table = reference_claims(scale)
    if table is None or not {*VARIANCES, "pairs"} <= set(table.columns):
        return {}
    known = table.dropna(subset=[*VARIANCES, "pairs"]).sort_values("seeds", kind="stable")
    return {row["claim"]: row for row in known[known["seeds"] > 1].to_dict("records")}
