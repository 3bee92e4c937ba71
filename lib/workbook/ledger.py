"""The claims ledger: every claim of the papers and of the workbook, judged or with the reason."""

from __future__ import annotations

import ast
from functools import cache
from typing import Any

import pandas as pd

from lib.scoring.claims import TRAINING, Claim
from lib.systems import registry
from lib.workbook.manifest_reader import manifests
from lib.workbook.notebooks import Notebook, notebooks
from lib.workbook.power import VARIANCES
from lib.workbook.predictions import prediction, problem
from lib.workbook.sealed import read_seals

# the columns of claims.csv
CLAIMS = [
    *("claim", "paper", "statement", "predicted_low", "predicted_high", "measured", "low", "high"),
    *("seeds", "verdict", "notebook", "run", "published"),
    *("pair", "magnitude", "about", "since", "registration", "problem", "reason"),
    *("general_low", "general_high", "general_verdict", "published_low", "published_high"),
    *("pairs", "measurement", *VARIANCES),
    *("post_hoc", "measure", "prediction_hash", "prediction_commit", "prediction_time"),
    *("commit", "started"),
]
RUN, RECORDINGS = "python -m lib.workbook run", "-p corpus=NAME -p folder=DIR"


def claims(scale: str) -> pd.DataFrame:
    """The claims in a scale's records, with their predictions and verdicts."""
    seals = read_seals(scale)
    rows = [
        row
        | {name: manifest[name] for name in ("run", "notebook", "commit", "started")}
        | {
            "problem": problem(row) or seals.problem(row, manifest),
            "reason": "" if row.get("measured") is not None else reason(row["claim"], scale),
        }
        for manifest in manifests(scale)
        for row in manifest["claims"]
    ]
    return pd.DataFrame(rows, columns=CLAIMS)


def judged_by_most_seeds(table: pd.DataFrame) -> pd.DataFrame:
    """Each claim as judged by the runs with the most seeds: a study replaces its single runs.

    Rows with a problem are kept, but replace no other.
    """
    sound = table["seeds"].where(table["problem"] == "", 0)
    most = sound.groupby(table["claim"]).transform("max")
    kept = table[(table["seeds"] == most) | (table["problem"] != "")]
    return kept.drop_duplicates(["claim", "pair", "measured", "problem"])


def all_claims(scale: str) -> pd.DataFrame:
    """The claims in a scale's records, then those that no record has: what claims.csv holds."""
    recorded = claims(scale)
    known = [*registry.claims().values(), *registry.untested_claims()]
    missing = [claim for claim in known if claim.id not in set(recorded["claim"])]
    rows = [_not_run(claim, scale) for claim in missing]
    return pd.DataFrame([*recorded.to_dict("records"), *rows], columns=CLAIMS)


def ledger(scale: str) -> pd.DataFrame:
    """Every claim, as judged by the runs with the most seeds, in the order of the registry.

    Of a claim that nothing has measured, the verdict is "not run", and the column `reason` says
    what measures it, or why it cannot be tested at this scale.
    """
    known = [*registry.claims(), *(claim.id for claim in registry.untested_claims())]
    places = {id: number for number, id in enumerate(known)}
    found = judged_by_most_seeds(all_claims(scale))
    place = found["claim"].map(places).fillna(len(places))  # last: what is no longer predicted
    return found.loc[place.sort_values(kind="stable").index]


def _not_run(claim: Claim | registry.UntestedClaim, scale: str) -> dict[str, Any]:
    """The row of a claim that no record has."""
    row = {"claim": claim.id, "paper": claim.paper, "statement": claim.statement}
    row |= {"published": claim.published, "seeds": 0, "verdict": "not run", "problem": ""}
    if isinstance(claim, Claim):
        row |= prediction(claim)
        return row | {"reason": reason(claim.id, scale)}
    why = claim.reason
    if scale not in claim.scales:
        why = f"no notebook judges it; on its recordings, {scale} has a score to compare by hand"
    return row | {"reason": why}


def measured_in(claim_id: str) -> tuple[Notebook, ...]:
    """The notebooks that name a claim, or a collection that it is in, such as STUDY_CLAIMS."""
    return tuple(book for book in notebooks() if claim_id in _named(book))


@cache
def _named(book: Notebook) -> set[str]:
    """The strings in a notebook's code, and the claims in the collections that it names."""
    found: set[str] = set()
    modules: dict[str, str] = {}
    for cell in book.cells:
        try:
            code = ast.parse(cell.source if cell.cell_type == "code" else "")
        except SyntaxError:  # an edited copy may hold a magic or a mistake
            continue
        for node in ast.walk(code):
            if isinstance(node, ast.ImportFrom):
                names = {alias.asname or alias.name: alias.name for alias in node.names}
                modules |= {own: f"{node.module}.{name}" for own, name in names.items()}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                found |= registry.claims_in(modules.get(node.value.id, ""), node.attr)
    return found


def reason(claim_id: str, scale: str) -> str:
    """Why a claim is not measured: what measures it, or why it cannot be tested at this scale."""
    claim = registry.claims().get(claim_id)
    if claim is None:
        return "the claim is no longer predicted"
    if why := registry.not_testable(claim_id, scale):
        return f"not testable at {scale}: {why}"
    books = measured_in(claim_id)
    made_here = [book for book in books if scale in book.metadata.scales]
    in_workbook = [book for book in made_here if book.metadata.runs]
    if claim.about != TRAINING and in_workbook:
        return f"not run: {RUN} {in_workbook[0].number} --scale {scale}"
    own = registry.study_of(claim_id)
    for study in [own] if own else registry.study_names():
        try:
            runs = registry.study_runs(study, scale, {})
        except ValueError as error:  # it needs corpora, or is made for other scales
            why = f"not run: {error}" if own else ""
            continue
        if own or {run.notebook for run in runs} & {book.number for book in books}:
            return f"not run: {RUN} --study {study} --scale {scale}"
    if made_here and not why:
        return f"not run: {RUN} {made_here[0].number} --scale {scale}"
    for book in books:
        if "folder" in book.parameters:
            by_hand = f"{RUN} {book.number} --scale {scale} {RECORDINGS}"
            return "; ".join(filter(None, (why, f"on recordings: {by_hand}")))
    return why or f"not testable at {scale}: no notebook made for this scale measures it"
