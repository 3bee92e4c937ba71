"""Predictions under version control: when one was written, and whether a record still agrees.

The measured numbers themselves are not sealed; they can be computed again from hypotheses.jsonl.
"""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from lib.files import content_hash
from lib.scoring.claims import Claim, magnitude, verdict
from lib.systems import registry
from lib.workbook.version_control import git

# a row's columns that say what was predicted; the hash is over them
PREDICTED = (
    *("claim", "paper", "statement", "predicted_low", "predicted_high", "published"),
    *("published_low", "published_high", "about", "post_hoc", "measure"),
)
# and those that its verdict follows from
JUDGED = frozenset(
    ("prediction_hash", "prediction_commit", "prediction_time", "registration", "since")
    + ("measured", "low", "high", "seeds", "verdict", "magnitude", "post_hoc")
    + ("general_low", "general_high", "general_verdict")
)
BEFORE, POST_HOC, NOT_COMMITTED = "before the run", "post hoc", "not committed"
NO_GIT = "no git"


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
    """The last commit that changed a claim, or a constant that it names, and its time (UTC).

    Returns:
        `NOT_COMMITTED` and an empty time where its text is not the committed one; `NO_GIT` without
        git.
    """
    path, nodes = _definition(claim_id)
    text = path.read_text(encoding="utf-8").splitlines()
    if not git("rev-parse", "HEAD"):
        return NO_GIT, ""
    head = git("show", f"HEAD:./{path.name}", folder=path.parent).splitlines()
    commits = []
    for node in nodes:
        own = text[node.lineno - 1 : node.end_lineno]
        first = _find(own, head)
        if first is None:
            return NOT_COMMITTED, ""
        lines = f"-L{first},{first + len(own) - 1}:./{path.name}"
        commits.append(git("log", "-1", "-s", "--format=%ct %H", lines, folder=path.parent))
    seconds, commit = max(commits, key=lambda found: int(found.split()[0])).split()[:2]
    return commit, datetime.fromtimestamp(int(seconds), UTC).isoformat(timespec="seconds")


def _find(lines: list[str], text: list[str]) -> int | None:
    """The number of the line from which `lines` stand in a text, from 1; None: they do not."""
    for start in range(len(text) - len(lines) + 1):
        if text[start : start + len(lines)] == lines:
            return start + 1
    return None


def _definition(claim_id: str) -> tuple[Path, list[ast.stmt | ast.expr]]:
    """The file of a claim, its definition, and those of the constants that it names."""
    for path in registry.claim_files():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Claim":
                named = {keyword.arg: keyword.value for keyword in node.keywords}
                if getattr(named.get("id"), "value", None) == claim_id:
                    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}
                    return path, [node, *_constants(tree, names)]
    raise KeyError(f"no file of claims has a claim {claim_id!r}")


def _constants(tree: ast.Module, names: set[str]) -> list[ast.stmt]:
    """The assignments at the top of a file to some names."""
    return [
        line
        for line in tree.body
        if isinstance(line, ast.Assign)
        and any(n.id in names for t in line.targets for n in ast.walk(t) if isinstance(n, ast.Name))
    ]


def registration(commit: str, time: str, since: str, post_hoc: bool) -> str:
    """Whether a prediction was there before the runs that it is measured on.

    Args:
        commit, time: see `committed`.
        since: when the first of those runs, or the first training in them, began (UTC, ISO 8601).
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
    if not JUDGED <= row.keys():
        return "recorded by an earlier version of the workbook"
    if prediction_hash(row) != row["prediction_hash"]:
        return "edited: the prediction in the record is not the one that was hashed"
    known = registry.claims().get(row["claim"])
    if known is None:
        return "the claim is no longer predicted"
    if prediction(known)["prediction_hash"] != row["prediction_hash"]:
        return "the prediction was changed after this run"
    if row["measured"] is not None and registration_of(row) != row["registration"]:
        return "edited: the registration does not follow from the times"
    low, high = _bounds(row, "low", "high")
    if verdict(known, low, high, row["seeds"]) != row["verdict"]:
        return "edited: the verdict does not follow from the interval"
    if magnitude(known, low, high, row["seeds"]) != row["magnitude"]:
        return "edited: the magnitude does not follow from the interval"
    if row["general_verdict"]:
        general = verdict(known, *_bounds(row, "general_low", "general_high"), row["seeds"])
        if general != row["general_verdict"]:
            return "edited: the verdict on pairs in general does not follow from its interval"
    return ""


def registration_of(row: dict[str, Any]) -> str:
    """See `registration`; from the columns of a row."""
    return registration(
        row["prediction_commit"], row["prediction_time"], row["since"], row["post_hoc"]
    )


def _bounds(row: dict[str, Any], *names: str) -> list[float]:
    return [float("nan") if row[name] is None else row[name] for name in names]
