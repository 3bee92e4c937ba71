"""Checkpoints of Hugging Face classes, from safetensors only; mismatched weights are refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import torch
from transformers import PreTrainedModel
from transformers.utils import logging

from lib.files import verify
from lib.models.hub import source

Model = TypeVar("Model", bound=PreTrainedModel)


def load_checkpoint(
    cls: type[Model],
    path: str | Path,
    what: str,
    unused_prefixes: Sequence[str] = (),
    dtype: torch.dtype = torch.float32,
    attention: str | None = None,
) -> Model:
    """A model of the hub, at its commit (see `lib.models.hub`), or of this machine.

    Args:
        path: a folder, a hub's name, or `name@commit`.
        what: the model's name in errors, such as Seamless.
        unused_prefixes: of weights that the checkpoint may hold and the class does not need.
        dtype: of the weights in memory; 32 billion parameters take 128 GB in float32.
        attention: Hugging Face's `attn_implementation`, such as "sdpa"; None: the class's default.

    Raises:
        Damaged: a file of a folder is not what was saved.
        ValueError: there is no checkpoint, or a weight is missing, unexpected or of another shape.
    """
    verify(path)  # where it was saved here
    options = {"attn_implementation": attention} if attention else {}
    level = logging.get_verbosity()
    logging.set_verbosity_error()  # every difference is checked below
    try:
        model, info = cls.from_pretrained(
            **source(path),
            use_safetensors=True,
            output_loading_info=True,
            ignore_mismatched_sizes=True,  # they are named and refused below
            dtype=dtype,
            **options,
        )
    except (OSError, ValueError) as error:  # the hub calls a missing folder a bad name
        raise ValueError(f"no {what} checkpoint at {path}: {error}") from error
    finally:
        logging.set_verbosity(level)
    unexpected = [k for k in info["unexpected_keys"] if not k.startswith(tuple(unused_prefixes))]
    for problem, keys in (
        ("lacks", info["missing_keys"]),
        ("has in another shape", info["mismatched_keys"]),
        ("has, unexpectedly,", unexpected),
    ):
        if keys:
            names = ", ".join(sorted(map(str, keys))[:5])
            raise ValueError(f"{path} {problem} {len(keys)} weights of {cls.__name__}: {names}")
    return model
