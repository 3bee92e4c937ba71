"""Which runs are complete, and which have to be made again."""

from __future__ import annotations

from typing import Any

from lib.workbook.corpus_facts import corpus_stamp
from lib.workbook.identity import own_record
from lib.workbook.manifest_reader import lib_hash, manifests, run_damage
from lib.workbook.plan import NotebookRun
from lib.workbook.record_schema import FINISHED


def finished(run: NotebookRun) -> str | None:
    """Why a run need not be made again, such as "done"; None where it has to be made."""
    manifest = own_record(run)
    if not is_finished(manifest) or run_damage(run.folder):
        return None
    if manifest["notebook_hash"] != run.notebook.hash or manifest["parameters"] != run.parameters:
        return None
    if manifest.get("corpus_stamp", "none") != corpus_stamp(run.parameters):
        return None
    if run.reads_records and _is_outdated(manifest):
        return None
    same_code = manifest["lib_hash"] == lib_hash()
    return "done" if same_code else "done by other code; --fresh makes it again"


def is_finished(manifest: dict[str, Any] | None) -> bool:
    """True for the record of a run that was made to its end."""
    return bool(manifest) and manifest["exit"] == FINISHED


def _is_outdated(manifest: dict[str, Any]) -> bool:
    """True where a run that it reads has finished since: an overview reads notebooks before it.

    A grid's point that a notebook makes counts as that notebook's.
    """
    return any(
        is_finished(other)
        and other.get("made_in", other["notebook"]) < manifest["notebook"]
        and other["finished"] > manifest["started"]
        for other in manifests(manifest["scale"])
    )
