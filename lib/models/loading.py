"""Checkpoints of Hugging Face's classes, from safetensors only, and refused where a weight does not fit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from transformers import PreTrainedModel
from transformers.utils import logging

Model = TypeVar("Model", bound=PreTrainedModel)


def load_checkpoint(cls: type[Model], path: str | Path, what: str, besides: Sequence[str] = ()) -> Model:
    """A model of the hub or of this machine.

    Args:
        what: the checkpoint is called in errors, such as Seamless.
        besides: beginnings of names of weights that the checkpoint may hold in vain.

    Raises:
        ValueError: there is no checkpoint, or a weight is missing, of another shape or unknown, naming it.
    """
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # every difference is looked at below, so nothing need be said twice
    try:
        # sizes that do not match are not ignored, but named and refused below
        model, said = cls.from_pretrained(path, use_safetensors=True, output_loading_info=True, ignore_mismatched_sizes=True)
    except (OSError, ValueError) as error:  # the hub calls a path that is none a bad name
        raise ValueError(f"no {what} checkpoint at {path}: {error}") from error
    finally:
        logging.set_verbosity(level)
    unknown = [key for key in said["unexpected_keys"] if not key.startswith(tuple(besides))]
    for keys, how in (
        (said["missing_keys"], "lacks"), (said["mismatched_keys"], "has in another shape"), (unknown, "has besides"),
    ):  # fmt: skip
        if keys:
            raise ValueError(f"{path} {how} {len(keys)} weights of {cls.__name__}: {', '.join(sorted(map(str, keys))[:5])}")
    return model
