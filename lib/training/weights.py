"""Weights as safetensors files: written in one step, loaded only if every name and shape fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from lib.files import atomic_path, content_hash

MAX_NAMED = 6  # weights of each kind in a message; `WrongCheckpoint.differences` has all of them

Tensors = dict[str, Tensor]


class WrongCheckpoint(ValueError):
    """A checkpoint does not fit the model or the stage; the message names the first differences.

    Attributes:
        differences: every weight that is missing, unexpected or of another shape, by these words.
    """

    differences: dict[str, list[str]] = {}


def trained_weights(module: nn.Module) -> Tensors:
    """The trainable parameters by name: all that a stage changes and has to save."""
    return {
        name: parameter.detach()
        for name, parameter in module.named_parameters()
        if parameter.requires_grad
    }


def weights_fingerprint(named: Iterable[tuple[str, nn.Parameter]]) -> str:
    """A short hash of up to five numbers of each parameter; fast on large models too."""
    samples = []
    for name, p in named:
        few = p.detach().flatten()[:: max(1, p.numel() // 4)][:5].tolist()
        samples.append([name, list(p.shape), *(f"{value:.6e}" for value in few)])
    return content_hash(samples)


def save_tensors(tensors: Mapping[str, Tensor], path: Path, write: bool = True) -> None:
    """Write tensors to a safetensors file in one step.

    Args:
        write: True in the main process only. All processes call this, because sharded tensors are
            gathered here.
    """
    full = {k: t.full_tensor() if isinstance(t, DTensor) else t for k, t in tensors.items()}
    if write:
        with atomic_path(path) as temporary:
            save_file({k: t.detach().contiguous().cpu() for k, t in full.items()}, temporary)


def load_tensors(path: Path) -> Tensors:
    """The tensors of a safetensors file.

    Raises:
        WrongCheckpoint: the file is missing or truncated.
    """
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises a bare class of its own
        message = f"{path} is not readable ({error}); delete it and run again"
        raise WrongCheckpoint(message) from error


def placed_like(own: Tensor, stored: Tensor) -> Tensor:
    """A stored tensor on the device of `own`; this process's shard of it where `own` is sharded."""
    # cloned: tensors of a file are not aligned in memory, which can change how sums round
    stored = stored.clone().to(own.device)
    if isinstance(own, DTensor):
        return distribute_tensor(stored, own.device_mesh, own.placements)
    return stored


def copy_tensors(own: Tensors, stored: Tensors, path: Path | str) -> None:
    """Copy stored tensors into a module's own.

    Args:
        own: see `trained_weights`; changed in place.
        path: of the stored tensors, for errors.

    Raises:
        WrongCheckpoint: names or shapes differ; then nothing is copied.
    """
    shared = sorted(own.keys() & stored.keys())  # one order in all processes: copying is collective
    differences = {
        "missing": sorted(own.keys() - stored.keys()),
        "unexpected": sorted(stored.keys() - own.keys()),
        "of another shape": [
            f"{name} {list(stored[name].shape)} instead of {list(own[name].shape)}"
            for name in shared
            if stored[name].shape != own[name].shape
        ],
    }
    if any(differences.values()):
        described = "; ".join(
            f"{len(names)} {kind}: {_first(names)}" for kind, names in differences.items() if names
        )
        error = WrongCheckpoint(f"{path} holds another model's weights: {described}")
        error.differences = differences
        raise error
    with torch.no_grad():
        for name in shared:
            own[name].copy_(placed_like(own[name], stored[name]))


def load_trained(model: nn.Module, path: Path, without: tuple[str, ...] = ()) -> None:
    """Copy what a stage trained into a model; what it froze stays as it is.

    Args:
        path: `best.safetensors` of the stage, whose objective holds the model as `model`.
        without: beginnings of the names of weights that the model does not need.

    Raises:
        WrongCheckpoint: the file is not readable, or its weights are not the model's.
    """
    stored = {name.removeprefix("model."): tensor for name, tensor in load_tensors(path).items()}
    stored = {name: tensor for name, tensor in stored.items() if not name.startswith(without)}
    own = {name: tensor for name, tensor in model.state_dict().items() if name in stored}
    copy_tensors(own, stored, path)


def _first(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
