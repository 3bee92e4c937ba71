"""What systems said in the runs of a scale, from their records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from lib.scoring.outputs import OutputRow
from lib.workbook.manifests import manifests


def said(scale: str, notebooks: Sequence[str], **same: Any) -> Iterator[tuple[tuple[str, str], OutputRow]]:
    """What systems said in the finished runs of some notebooks, row by row from the oldest run on, with the run's language pair.

    Args:
        same: parameters that the runs must have where they have them at all, such as corpus="phrasebook".
    """
    for manifest in sorted(manifests(scale), key=lambda manifest: manifest["finished"]):
        given = manifest["parameters"]
        wanted = manifest["notebook"] in notebooks and manifest["exit"] == "finished"
        if wanted and all(given.get(name, value) == value for name, value in same.items()):
            with open(manifest["folder"] / "hypotheses.jsonl", encoding="utf-8") as lines:
                for line in lines:
                    row = OutputRow(**{name: value for name, value in json.loads(line).items() if name != "run"})
                    yield (given["source"], given["target"]), row
