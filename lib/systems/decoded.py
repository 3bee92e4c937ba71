"""Outputs beside a trained system: notebooks that need the same ones decode them once."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from lib.disk import NotWritable
from lib.files import as_written, content_hash, read_json, write_json
from lib.locks import intact
from lib.models.protocol import Hypothesis
from lib.tasks import Example

VERSION = 1  # raised when decoding gives other outputs


@dataclass(kw_only=True)
class Decoded:
    """What decoding a test set gave."""

    hypotheses: list[Hypothesis]
    truncated: set[str] = field(default_factory=set)  # examples whose text was cut
    seconds: float = 0.0  # that it took


def decode_once(
    folder: Path, identity: Any, test: Sequence[Example], decode: Callable[[], Decoded]
) -> Decoded:
    """The outputs for a test set, from the folder of a system or decoded now.

    Args:
        folder: of the system, which holds the hash of everything that decided its weights.
        identity: what else decides the outputs: the test corpus, the search, the limits.
    """
    facts = [_facts(example) for example in test]
    path = folder / "outputs" / f"{content_hash([VERSION, identity, facts], 16)}.json"
    if intact(path, say=True):
        with as_written(path):
            found = read_json(path)
            return Decoded(
                hypotheses=[_hypothesis(row) for row in found["hypotheses"]],
                truncated=set(found["truncated"]),
                seconds=found["seconds"],
            )
    made = decode()
    rows = [asdict(hypothesis) for hypothesis in made.hypotheses]
    facts = {"hypotheses": rows, "truncated": sorted(made.truncated), "seconds": made.seconds}
    try:
        write_json(path, facts, sealed=True)
    except NotWritable as error:  # nothing is lost but the time of decoding them again
        print(f"the outputs are not kept: {error.strerror}", file=sys.stderr)
    return made


def _facts(example: Example) -> list[Any]:
    """What decides the output of an example, besides its audio, which the corpus decides."""
    e = example
    facts = [e.id, e.task.name, e.source, e.target, e.source_text, e.seconds]
    asked = {"prompt": e.prompt, "question": e.question}
    # added where there are any: outputs of models without prompts are found as ever
    return [*facts, asked] if any(asked.values()) else facts


def _hypothesis(row: dict[str, Any]) -> Hypothesis:
    return Hypothesis(**row | {"others": tuple(_hypothesis(other) for other in row["others"])})
