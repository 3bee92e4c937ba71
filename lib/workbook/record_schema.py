"""What a run's record must hold to be read: anybody may have written it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

import fastjsonschema

from lib.scales import SCALES
from lib.tasks import TASKS

TEXT, FLAG, COUNT, NUMBER = ({"type": t} for t in ("string", "boolean", "integer", "number"))
OPTIONAL = {"type": ["number", "null"]}
NOTEBOOK = {"type": "string", "pattern": r"^[0-9]{2}$"}
# of a file or a folder in one that the workbook chooses, so never a path
NAME = {"type": "string", "pattern": r"^(?!\.{1,2}$)[^/\x00-\x1f\x7f]{1,200}$"}
FINISHED = "finished"  # what `exit` is of a complete run
NOT_YET = "not yet"  # in place of the time at which a run finished


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with some fields; it may have further ones, which nothing reads."""
    properties = required | (optional or {})
    return {"type": "object", "properties": properties, "required": list(required)}


def _list(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


def _map(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of}


_VALUE = {"type": ["string", "boolean", "number"]}
_PARAMETERS = {"seed": COUNT, "processes": COUNT, "source": TEXT, "target": TEXT}
_SCORE = _object(
    {
        "task": {"enum": list(TASKS)},
        **dict.fromkeys(("system", "strategy", "stage", "source", "target", "subset"), TEXT),
        **dict.fromkeys(("metric", "signature"), TEXT),
        **dict.fromkeys(("value", "low", "high"), NUMBER),
        **dict.fromkeys(("n", "seed"), COUNT),
    }
)
_CLAIM = _object(
    {"claim": TEXT},
    dict.fromkeys(("paper", "statement", "published", "pair", "about", "measure"), TEXT)
    | dict.fromkeys(("verdict", "general_verdict", "magnitude", "since", "registration"), TEXT)
    | dict.fromkeys(("prediction_hash", "prediction_commit", "prediction_time"), TEXT)
    | dict.fromkeys(("predicted_low", "predicted_high", "measured", "low", "high"), OPTIONAL)
    | dict.fromkeys(("general_low", "general_high", "published_low", "published_high"), OPTIONAL)
    | {"post_hoc": FLAG, "measurement": {"type": ["string", "null"]}, "pairs": OPTIONAL}
    | {"seeds": COUNT},
)
_DATA = _object(
    {"name": TEXT, "licence": TEXT, "synthetic": FLAG}
    | {"hours": NUMBER, "utterances": COUNT, "dropped": COUNT}
)
_RECORD = _object(
    {
        "run": NAME,
        "notebook": NOTEBOOK,
        "scale": {"enum": list(SCALES)},
        "parameters": {**_map(_VALUE), "properties": _PARAMETERS},
        **dict.fromkeys(("title", "notebook_hash", "lib_hash", "commit", "exit"), TEXT),
        "dirty": FLAG,
        **dict.fromkeys(("started", "finished"), TEXT),
        **dict.fromkeys(("seconds", "peak_memory_mb"), NUMBER),
        "scores": _list(_SCORE),
        "claims": _list(_CLAIM),
        "data": _list(_DATA),
        "figures": _list(_object({"name": NAME, "caption": TEXT}, {"reference": NAME})),
        "pages": _list(_object({"name": NAME, "caption": TEXT}, {"standalone": FLAG})),
        "systems": _map(TEXT),
    },
    {
        "files": _map(TEXT),  # of the run's folder -> hash; earlier versions kept none
        "made_in": NOTEBOOK,
        "corpus_stamp": TEXT,
        "sealed": _object({"lines": COUNT, "hash": TEXT}),
        "dropped_counts": _map(NUMBER),
        "measures": _map(OPTIONAL),
        "packages": _map(TEXT),
        "device": _object({}, {"kind": TEXT, "name": TEXT, "cores": COUNT, "threads": COUNT}),
        "process": COUNT,
    },
)


@cache
def _validator() -> Callable[[Any], Any]:
    return fastjsonschema.compile(_RECORD)


def problem(manifest: Any) -> str:
    """What is wrong with the content of a record: empty, or the rest of a sentence after its name.

    Args:
        manifest: what its JSON holds.
    """
    try:
        _validator()(manifest)
        json.dumps(manifest, allow_nan=False)
    except fastjsonschema.JsonSchemaValueException as error:
        return f"is not a record: {error.message.removeprefix('data.'):.200}"
    except ValueError:
        return "is not a record: it holds a number that is none (NaN or infinity)"
    for name in ("started", "finished"):
        ended = name == "started" or manifest["exit"] == FINISHED
        if not _is_time(manifest[name]) and (ended or manifest[name] != NOT_YET):
            return f"is not a record: {name} is {manifest[name]!r:.100}, which is no time with zone"
    return ""


def _is_time(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
