"""The four scales, and the fields in which a recipe's presets may differ between them."""

from __future__ import annotations

from dataclasses import field, fields
from typing import Any

SCALES = ("smoke", "tiny", "lab", "full")
TRIAL = "WORKBOOK_TRIAL"  # in the environment: updates of every training, to try a scale
# CPU threads of a run: sums round differently with another number, and results must not
# depend on the number of cores
THREADS = {"smoke": 1, "tiny": 1, "lab": 4, "full": 8}


def scaled(comment: str) -> Any:
    """A dataclass field that may differ between scales; all others must be equal at all scales."""
    return field(metadata={"scale": True, "comment": comment})


def scaled_fields(recipe: type) -> set[str]:
    """The names of the fields declared with `scaled`."""
    return {entry.name for entry in fields(recipe) if entry.metadata.get("scale")}


def preset(presets: dict[str, Any], scale: str) -> Any:
    """The preset of a scale.

    Raises:
        ValueError: unknown scale.
    """
    if scale not in SCALES:
        raise ValueError(f"unknown scale {scale!r}; use one of {', '.join(SCALES)}")
    return presets[scale]


def set_threads(scale: str) -> None:
    """Give torch the threads of a scale; sums round differently with another number."""
    import torch

    torch.set_num_threads(THREADS[scale])
    if torch.get_num_interop_threads() != THREADS[scale]:
        try:
            torch.set_num_interop_threads(THREADS[scale])
        except RuntimeError:  # it can be set once, before any parallel work
            pass
