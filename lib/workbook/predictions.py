"""Predictions under version control: who wrote one, when, and whether a record still agrees."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from lib.files import content_hash
from lib.scoring.claims import Claim, verdict
from lib.systems import registry
from lib.workbook.version_control import git

# a row's columns that say what was predicted; the hash is over them
PREDICTED = (
    *("claim", "paper", "statement", "predicted_low", "predicted_high", "published"),
    *("published_low", "published_high", "about", "post_hoc", "measure"),
)
BEFORE, POST_HOC, NOT_COMMITTED = "before the run", "post hoc", "not committed"
NO_GIT = "no git"
_UNCOMMITTED = "0" * 40


def prediction(claim: Claim) -> dict[str, Any]:
    """What a claim predicts, as the columns `PREDICTED` of claims.csv, with their hash."""
    row = {
        "claim": claim.id,
        "paper": claim.paper,
        "statement": claim.statement,
        "predicted_low": float(claim.predicted_low),
        "predicted_high": float(claim.predicted_high),
        "published": claim.published,
        "published_low": claim.published_low,
        "published_high": claim.published_high,
        "about": claim.about,
        "post_hoc": claim.post_hoc,
        "measure": f"{claim.measure!r}, pairs {claim.pairs}",
    }
    return row | {"prediction_hash": prediction_hash(row)}


def prediction_hash(row: dict[str, Any]) -> str:
    """The hash of the columns `PREDICTED`."""
    return content_hash([row.get(name) for name in PREDICTED])


@cache
def committed(claim_id: str) -> tuple[str, str]:
    """The last commit that changed the lines of a claim, and its time (UTC, ISO 8601).

    Returns:
        `NOT_COMMITTED` and an empty time where a line is not committed; `NO_GIT` without git.
    """
    path, first, last = _lines(claim_id)
    blame = git("blame", "--porcelain", f"-L{first},{last}", "--", str(path))
    if not blame:  # git does not know the file, or there is no git
        return NOT_COMMITTED if git("rev-parse", "--git-dir") else NO_GIT, ""
    commits: dict[str, int] = {}
    commit = ""
    for line in blame.splitlines():
        word = line.split(" ", 1)[0]
        if len(word) == 40 and all(char in "0123456789abcdef" for char in word):
            commit = word
        elif word == "committer-time":
            commits[commit] = int(line.split()[1])
    if _UNCOMMITTED in commits:
        return NOT_COMMITTED, ""
    latest = max(commits, key=commits.__getitem__)
    return latest, datetime.fromtimestamp(commits[latest], UTC).isoformat(timespec="seconds")


def _lines(claim_id: str) -> tuple[Path, int, int]:
    """The file of a claim and its first and last line."""
    for path in registry.claim_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Claim":
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                if getattr(named.get("id"), "value", None) == claim_id:
                    return path, node.lineno, node.end_lineno or node.lineno
    raise KeyError(f"no file of claims has a claim {claim_id!r}")


def registration(commit: str, time: str, since: str, post_hoc: bool) -> str:
    """Whether a prediction was there before the runs that it is measured on.

    Args:
        commit, time: see `committed`.
        since: when the first of those runs started (UTC, ISO 8601).
        post_hoc: its author says that it was asked after looking.
    """
    if post_hoc:
        return POST_HOC
    if not time:
        return commit
    return BEFORE if time <= since else POST_HOC


def problem(row: dict[str, Any]) -> str:
    """What is wrong with a row of claims: empty, or one sentence.

    A row is refused where its own columns do not give its hash or its verdict, and where the claim
    predicts something else now.
    """
    if "prediction_hash" not in row:
        return "recorded by an earlier version of the workbook"
    if prediction_hash(row) != row["prediction_hash"]:
        return "edited: the prediction in the record is not the one that was hashed"
    known = registry.claims().get(row["claim"])
    if known is None:
        return "the claim is no longer predicted"
    if prediction(known)["prediction_hash"] != row["prediction_hash"]:
        return "the prediction was changed after this run"
    for kind in ("", "general_"):
        low, high = (row.get(f"{kind}{end}") for end in ("low", "high"))
        given = row.get(f"{kind}verdict")
        if kind and not given:
            continue
        bounds = (float("nan") if bound is None else bound for bound in (low, high))
        if verdict(known, *bounds, row["seeds"]) != given:
            return "edited: the verdict does not follow from the interval"
    return ""
