"""The names of runs: readable, and different for different parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.files import content_hash

MAX_BYTES = 200  # of a name; file systems allow 255, and a lock or a temporary file adds to it
HASH_DIGITS = 8
_HASH = re.compile(rf",[0-9a-f]{{{HASH_DIGITS}}}$")


def run_name(number: str, parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """The notebook's number and the parameters that differ from the defaults.

    A value that does not fit into a file name, such as a path, is altered; the hash of all altered
    values then ends the name.
    """
    changed = {
        name: str(value)
        for name, value in parameters.items()
        if name != "scale" and value != defaults[name]
    }
    shown = {name: _file_name_part(text) for name, text in changed.items()}
    altered = {name: text for name, text in changed.items() if shown[name] != text}
    name = ",".join([number, *(f"{key}={text}" for key, text in shown.items())])
    suffix = f",{content_hash(altered, HASH_DIGITS)}" if altered else ""
    if len(name + suffix) > MAX_BYTES:
        suffix = f",{content_hash(changed, HASH_DIGITS)}"
        name = name[: MAX_BYTES - len(suffix)]
    return name + suffix


def _file_name_part(text: str) -> str:
    return re.sub(r"[^0-9A-Za-z_.+-]+", "-", Path(text).name)


def corpus_part(name: str) -> str:
    """The part of a run's name that tells which corpus it read; empty for the default corpus."""
    parts = re.findall(r"(?:corpus|folder|licences)=[^,]*", name)
    return ",".join([*parts, *_HASH.findall(name)]) if parts else ""
