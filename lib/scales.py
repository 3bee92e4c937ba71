"""The four scales, and how two presets of one recipe may differ."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

SCALES = ("smoke", "tiny", "lab", "full")


def scaled(comment: str) -> Any:
    """A field of a recipe that may differ between scales; every other field must be the same at all of them."""
    return field(metadata={"scale": True, "comment": comment})


def scaled_fields(recipe: type) -> set[str]:
    """The names of the fields that `scaled` declared."""
    return {entry.name for entry in fields(recipe) if entry.metadata.get("scale")}


def preset(presets: dict[str, Any], scale: str) -> Any:
    """The preset of a scale.

    Raises:
        ValueError: for a scale that is none.
    """
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; the scales are {', '.join(SCALES)}")
    return presets[scale]
