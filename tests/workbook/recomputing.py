"""Verdicts and gains computed again from the two tables alone, for the tests of both."""

import math
import re
from statistics import mean

import pandas as pd

from lib.scoring.claims import BEST_BASELINE, Claim, Gain, verdict
from lib.scoring.metrics import lower_is_better
from lib.systems import registry

# scores and claims have 4 decimals: half a unit of each of two scores, and of their difference
TOLERANCE = 1.6e-4
# the notebooks that one which judges over seeds reads
READS = {
    "16": ("10", "11", "12", "13", "14", "15", "17"),
    "22": ("20", "21"),
    "31": ("30",),
    "41": ("40",),
}
OTHER_HELD_OUT = "held_out="  # notebook 41 reads the runs of 40 with its own held-out languages
NOT_IN_SCORES = "scores.csv does not have its metric"
POOLED = "measured on the outputs of several languages as one test set"
PAIR = re.compile(r"(\w{3})→(\w{3}) [+-]")
SYSTEMS = {"GMU": "gmu", "IT": "it_ist", "SRT": "llm_srt", "ZR": "zero_resource"}


def read_tables(folder):
    """Claims and scores."""
    names = ("claims.csv", "scores.csv")
    return [pd.read_csv(folder / name, dtype={"run": str, "notebook": str}) for name in names]


def gain_rows(claims):
    """The measured rows of claims about a gain, each with its `Gain`."""
    known = registry.claims()
    for row in claims[claims["measured"].notna()].to_dict("records"):
        measure = known[row["claim"]].measure
        if isinstance(measure, Gain):
            yield row, measure


def not_recomputable(row, gain, scores):
    """Why a gain cannot be computed from scores.csv; empty where it can."""
    if gain.metric not in set(scores.loc[scores["task"] == gain.task, "metric"]):
        return NOT_IN_SCORES
    return POOLED if row["run"].split(",")[0] == "40" else ""


def error_of(row, gain, scores):
    """How far a measured gain is from the one that the scores give."""
    rows = scores[
        (scores["task"] == gain.task)
        & (scores["metric"] == gain.metric)
        & scores["subset"].isin(["test", "tour"])
    ]
    study = row["run"].split(",")[0]
    if study not in READS:
        own = rows[rows["run"] == row["run"]]
        found = [_of_run(part, gain) for _, part in own.groupby(["source", "target"])]
        if isinstance(row["pair"], str):
            source, target = row["pair"].split("→")
            part = own[(own["source"] == source) & (own["target"] == target)]
            found = [_of_run(part, gain)]
        return min((abs(value - row["measured"]) for value in found), default=math.inf)
    number = rows["run"].str.split(",").str[0]
    others = rows["run"].str.contains(OTHER_HELD_OUT)
    rows = rows[number.isin(READS[study]) & ~others]
    rows = rows[rows["system"] == SYSTEMS[row["claim"].split("-")[0]]]
    pairs = PAIR.findall(row["measurement"].split("; left out")[0])
    gains = [
        _over_seeds(rows[(rows["source"] == source) & (rows["target"] == target)], gain)
        for source, target in pairs
    ]
    return abs(mean(gains) - row["measured"])


def _of_run(rows, gain):
    """NaN where the run lacks one of both."""
    own = rows.loc[(rows["strategy"] == gain.strategy) & (rows["system"] != "baseline"), "value"]
    if gain.over == BEST_BASELINE:
        best = min if lower_is_better(gain.metric) else max
        others = rows.loc[rows["system"] == "baseline", "value"]
        other = best(others, default=math.nan)
    else:
        other = next(iter(rows.loc[rows["strategy"] == gain.over, "value"]), math.nan)
    return next(iter(own), math.nan) - other


def _over_seeds(rows, gain):
    """The mean over the seeds that both have."""
    by_seed = [
        rows[rows["strategy"] == name].groupby("seed")["value"].last()
        for name in (gain.strategy, gain.over)
    ]
    return (by_seed[0] - by_seed[1]).dropna().mean()


def wrong_gains(claims, scores):
    """The rows whose measured gain is not the one that the scores give."""
    return [
        (row["claim"], row["run"], row["measured"])
        for row, gain in gain_rows(claims)
        if not not_recomputable(row, gain, scores)
        and not error_of(row, gain, scores) <= TOLERANCE
    ]


def wrong_verdicts(claims):
    """The rows whose verdict does not follow from their interval and range."""
    rows = claims[claims["predicted_low"].notna() & claims["about"].notna()].to_dict("records")
    return [
        (row["claim"], row["run"], row["verdict"])
        for row in rows
        if verdict(_claim(row), row["low"], row["high"], row["seeds"]) != row["verdict"]
    ]


def _claim(row):
    names = ("paper", "statement", "about", "predicted_low", "predicted_high")
    return Claim(id=row["claim"], **{name: row[name] for name in names})


def without_interval(table, value):
    """The rows that have a value and no interval around it, but for rounding."""
    given = table[table[value].notna()]
    inside = (given["low"] <= given[value] + 1e-4) & (given[value] <= given["high"] + 1e-4)
    return given[~inside]
