"""Human ratings: agreement of the raters, rankings of systems, and metrics held against raters.

Intervals are bootstraps over clips, since the ratings of one clip depend on each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Float
from scipy.stats import rankdata

from lib.scoring.comparisons import row_statistics
from lib.scoring.metrics import lower_is_better
from lib.scoring.outputs import OutputRow
from lib.scoring.rating_sheets import BASELINE, UNIT, Ratings, system_name

METRICS = ("BLEU", "chrF++")
DRAWS = 2000  # of the bootstrap


@dataclass(frozen=True)
class Resampled:
    """A number with its 95 % interval, for which the clips were drawn again."""

    value: float
    low: float
    high: float


def krippendorff_alpha(
    values: Float[np.ndarray, "raters units"],
    nominal: bool,
    weights: Float[np.ndarray, "draws units"] | None = None,
) -> Float[np.ndarray, "draws"]:
    """Krippendorff's alpha of intervals, or of names; NaN where all values are the same.

    Args:
        values: NaN where a rater has not rated a unit.
        weights: how often each unit counts; None: once, in one draw.
    """
    known = ~np.isnan(values)
    if nominal:  # names are points at equal distances, so that one formula does
        points = np.stack([values == name for name in np.unique(values[known])], -1).astype(float)
    else:
        points = np.where(known, values - values[known][0], 0.0)[..., None]
    count, sums, squares = known.sum(0), points.sum(0), (points**2).sum((0, 2))
    weights = (np.ones((1, values.shape[1])) if weights is None else weights) * (count > 1)
    within = (count * squares - (sums**2).sum(-1)) / np.maximum(count - 1, 1)
    total = weights @ count
    between = total * (weights @ squares) - ((weights @ sums) ** 2).sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return 1 - (weights @ within) * (total - 1) / between


def agreement(ratings: Ratings) -> Resampled | None:
    """Alpha of the raters, without repeated items; None where it is not defined."""
    return _alpha(ratings.first, "rater", UNIT, ratings.kind)


def self_agreement(ratings: Ratings, rater: str | None = None) -> Resampled | None:
    """Alpha of first and repeated ratings, of one rater or of all; None where it is not defined."""
    own = ratings.table["rater"].isin(ratings.missing if rater is None else [rater])
    return _alpha(ratings.table[own], "repeat", ["rater", *UNIT], ratings.kind)


def _alpha(table: pd.DataFrame, coder: str, unit: list[str], kind: str) -> Resampled | None:
    wide = table.pivot_table(index=unit, columns=coder, values="value")
    wide = wide[wide.notna().sum(axis=1) > 1]
    if wide.empty:
        return None
    draws = _draws(wide.index.get_level_values("clip"))
    return _resampled(krippendorff_alpha(wide.to_numpy().T, kind == "preference", draws))


def _draws(clips: pd.Index | pd.Series) -> Float[np.ndarray, "draws units"]:
    """How often each unit counts: once in the first draw, then as often as its clip is drawn."""
    _, places = np.unique(clips.astype(str), return_inverse=True)
    count = places.max() + 1
    drawn = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), DRAWS)
    return np.vstack([np.ones(count), drawn])[:, places]


def _resampled(values: Float[np.ndarray, "draws"]) -> Resampled | None:
    if not np.isfinite(values[0]):
        return None
    low, high = np.nanpercentile(values[1:], (2.5, 97.5))
    return Resampled(float(values[0]), float(low), float(high))


def rater_rows(ratings: Ratings) -> list[dict]:
    """Of each rater: answers given and missing, self-agreement, and attention.

    Attention is the percentage of items with a baseline that rate it below the systems beside it.
    """
    rows = []
    for rater, missing in ratings.missing.items():
        own = ratings.table[ratings.table["rater"] == rater]
        turned = own.assign(system=own["other"], value=-own["value"])
        each = pd.concat([own, turned[turned["system"] != ""]])
        is_baseline = each["system"].str.startswith(BASELINE).astype(bool)
        means = each.pivot_table(index="item", columns=is_baseline, values="value")
        means = means.reindex(columns=[False, True]).dropna()
        row = {"rater": rater, "answers": len(own), "missing": missing}
        row["self-agreement"] = self_agreement(ratings, rater)
        rows.append(row | {"attention, %": 100 * float((means[True] < means[False]).mean())})
    return rows


def system_scores(ratings: Ratings) -> list[dict]:
    """Mean rating of each system, the best first, and by how much it is below the best.

    Raises:
        ValueError: the ratings are preferences.
    """
    if ratings.kind != "direct":
        raise ValueError("preferences have no scores; use preference_shares")
    wide = ratings.first.pivot_table(index="clip", columns="system", values="value")  # raters' mean
    if wide.empty:
        return []
    draws, known = _draws(wide.index), wide.notna().to_numpy(dtype=float)
    with np.errstate(invalid="ignore"):
        means = (draws @ wide.fillna(0).to_numpy()) / (draws @ known)
    best = means[:, means[0].argmax()]
    return [
        {
            "system": wide.columns[place],
            "rating": _resampled(means[:, place]),
            "below the best": _resampled(best - means[:, place]),
            "clips": int(known[:, place].sum()),
        }
        for place in np.argsort(-means[0])
    ]


def preference_shares(ratings: Ratings) -> list[dict]:
    """Of each pair of systems, the percentages of ratings that prefer one, the other, or none."""
    pairs, rows = ratings.first[ratings.first["other"] != ""], []
    for (system, other), own in pairs.groupby(UNIT[1:]):
        draws = _draws(own["clip"])
        row = {"system": system, "other": other}
        for name, value in {"system better": 1, "same": 0, "other better": -1}.items():
            chosen = (own["value"] == value).to_numpy(dtype=float)
            row[f"{name}, %"] = _resampled(100 * (draws @ chosen) / draws.sum(1))
        rows.append(row | {"clips": own["clip"].nunique()})
    return rows


def unit_scores(
    ratings: Ratings, rows: Sequence[OutputRow], more: Mapping[str, Sequence[float]] | None = None
) -> pd.DataFrame:
    """Mean rating of each output and its scores; of preferences, the difference of two outputs'.

    Baselines are left out: any metric tells them from systems, which would look like agreement.

    Args:
        more: scores beyond BLEU and chrF++, such as COMET's: name -> a score for each of `rows`.

    Returns:
        Columns clip, system, other, rating, and the metrics.

    Raises:
        ValueError: a rated output is not among `rows`, or there more than once.
    """
    scores = {m: [row_statistics([row], m).corpus_score for row in rows] for m in METRICS}
    table = pd.DataFrame(scores | dict(more or {}))
    table.index = pd.MultiIndex.from_tuples([(row.id, system_name(row)) for row in rows])
    first = ratings.first.rename(columns={"value": "rating"})
    baseline = [first[name].str.startswith(BASELINE).astype(bool) for name in UNIT[1:]]
    units = first[~(baseline[0] | baseline[1])].groupby(UNIT, as_index=False)["rating"].mean()
    scored = [table.reindex(pd.MultiIndex.from_frame(units[["clip", n]])) for n in UNIT[1:]]
    own, other = (found.reset_index(drop=True) for found in scored)
    if ratings.kind == "preference":
        own -= other
    if own.isna().any(axis=None):
        raise ValueError("rated outputs have no scores; give the rows that the sheet was made of")
    return units.join(own)


def metric_correlations(units: pd.DataFrame) -> list[dict]:
    """Pearson's correlation and Kendall's tau-b of each metric with the ratings of `unit_scores`.

    Error rates are turned around, so that a positive correlation is agreement.
    """
    found = []
    for name in units.columns[len(UNIT) + 1 :] if len(units) else ():
        pair = _higher_is_better(units, name), units["rating"].to_numpy()
        draws = _draws(units["clip"])
        row = {"metric": name, "Pearson": _resampled(_pearson(*pair, draws))}
        row["Kendall"] = _resampled(_kendall(*pair, draws))
        found.append(row | {"outputs": len(units)})
    return found


def disagreements(units: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Outputs by how differently a metric and the raters rank them, the most different first.

    Args:
        units: of `unit_scores`; gets a "rank difference" from -1 to 1, above 0 where the metric is
            the more favourable.
    """
    pair = _higher_is_better(units, metric), units["rating"]
    ranks = [rankdata(values) / len(units) for values in pair]
    found = units.assign(**{"rank difference": ranks[0] - ranks[1]})
    return found.sort_values("rank difference", key=abs, ascending=False, kind="stable")


def _higher_is_better(units: pd.DataFrame, metric: str) -> np.ndarray:
    return units[metric].to_numpy() * (-1.0 if lower_is_better(metric) else 1.0)


def _pearson(x: np.ndarray, y: np.ndarray, draws: np.ndarray) -> np.ndarray:
    x, y, total = x - x[0], y - y[0], draws.sum(1)  # so that equal values have no variance
    xx, yy, xy, x, y = (draws @ values / total for values in (x * x, y * y, x * y, x, y))
    with np.errstate(divide="ignore", invalid="ignore"):
        return (xy - x * y) / np.sqrt((xx - x * x) * (yy - y * y))


def _kendall(x: np.ndarray, y: np.ndarray, draws: np.ndarray) -> np.ndarray:
    x, y = (np.sign(values[:, None] - values) for values in (x, y))  # the order of each pair
    xx, yy, xy = (((draws @ order) * draws).sum(1) for order in (x * x, y * y, x * y))
    with np.errstate(divide="ignore", invalid="ignore"):
        return xy / np.sqrt(xx * yy)
