"""Weights as safetensors files: written in one step, loaded only if every name and shape fits."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from lib.bounded import check_regular
from lib.files import CHANGED, SEAL, Damaged, atomic_path, content_hash

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
        own = {k: t.detach().contiguous().cpu() for k, t in full.items()}
        with atomic_path(path) as temporary:
            save_file(own, temporary, {SEAL: tensors_hash(own)})


def load_tensors(path: Path) -> Tensors:
    """The tensors of a safetensors file.

    Raises:
        Damaged: the file is missing, truncated, or not what `save_tensors` wrote.
    """
    try:
        check_regular(path)  # a named pipe would be waited for
        with safe_open(path, "pt") as file:
            seal = (file.metadata() or {}).get(SEAL)  # not in files of an older version
            found = {name: file.get_tensor(name) for name in file.keys()}
    except Exception as error:  # safetensors raises a bare class of its own
        raise Damaged(f"{path} is not readable ({error})") from error
    if seal and tensors_hash(found) != seal:
        raise Damaged(f"{path} {CHANGED}")
    return found


def tensors_hash(tensors: Mapping[str, Tensor]) -> str:
    """The SHA-256 of tensors on the CPU: of their names, types, shapes and every bit."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].contiguous()
        digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}\n".encode())
        digest.update(tensor.flatten().view(torch.uint8).numpy())
    return digest.hexdigest()


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
        Damaged: the file is not readable, or not what was written.
        WrongCheckpoint: its weights are not the model's.
    """
    stored = {name.removeprefix("model."): tensor for name, tensor in load_tensors(path).items()}
    stored = {name: tensor for name, tensor in stored.items() if not name.startswith(without)}
    own = {name: tensor for name, tensor in model.state_dict().items() if name in stored}
    copy_tensors(own, stored, path)


def _first(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(names[:MAX_NAMED]) + more
