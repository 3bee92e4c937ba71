"""Checkpoints that resume as if nothing had happened: weights, optimizer, chance and position, written in one step."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from lib.files import atomic_path, read_json, write_json


class WrongCheckpoint(ValueError):
    """A checkpoint that does not fit the model or the stage; the message names the first differences."""


def _tensors(module: nn.Module) -> dict[str, torch.Tensor]:
    """A module's own tensors, each shared one once."""
    seen: set[int] = set()
    kept = {}
    for name, tensor in module.state_dict().items():
        if tensor.data_ptr() not in seen or tensor.numel() == 0:
            seen.add(tensor.data_ptr())
            kept[name] = tensor.detach().contiguous().cpu()
    return kept


def save_weights(module: nn.Module, path: Path) -> None:
    """The module's weights as safetensors."""
    with atomic_path(path) as new:
        save_file(_tensors(module), new)


def load_weights(module: nn.Module, path: Path) -> None:
    """Weights that `save_weights` wrote, into a module of the same shape.

    Raises:
        WrongCheckpoint: the file is cut short, or a name or shape differs.
    """
    try:
        stored = load_file(path)
    except Exception as error:  # safetensors raises a bare class of its own
        raise WrongCheckpoint(f"{path} is not readable ({error}); delete it and run again") from error
    own = _tensors(module)
    wrong = sorted(stored.keys() ^ own.keys()) + [n for n in stored.keys() & own.keys() if stored[n].shape != own[n].shape]
    if wrong:
        raise WrongCheckpoint(f"{path} is of another model: {len(wrong)} weights differ, first {wrong[:3]}")
    module.load_state_dict(stored, strict=False)  # every name was compared above; only shared ones are left out


def save_checkpoint(folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, state: dict) -> None:
    """Everything that resuming needs, as a folder that appears in one step.

    Args:
        state: JSON-able; where the loop stands.
    """
    chance = {"torch": torch.get_rng_state(), "optimizer": optimizer.state_dict()}
    if torch.cuda.is_available():
        chance["cuda"] = torch.cuda.get_rng_state_all()
    with atomic_path(folder) as new:
        new.mkdir(parents=True)
        save_file(_tensors(module), new / "weights.safetensors")
        torch.save(chance, new / "optimizer.pt")
        write_json(new / "state.json", state)


def load_checkpoint(folder: Path, module: nn.Module, optimizer: torch.optim.Optimizer, fingerprint: str) -> dict | None:
    """Bring a module and an optimizer to where a checkpoint stands; its state, or None where there is none.

    Raises:
        WrongCheckpoint: it belongs to another recipe or other data, or is damaged.
    """
    if not folder.exists():
        return None
    state = read_json(folder / "state.json")
    if state["fingerprint"] != fingerprint:
        raise WrongCheckpoint(f"{folder} was made by another recipe or from other data; delete it to start anew")
    load_weights(module, folder / "weights.safetensors")
    chance = torch.load(folder / "optimizer.pt", weights_only=True)
    optimizer.load_state_dict(chance["optimizer"])
    torch.set_rng_state(chance["torch"])
    if torch.cuda.is_available() and "cuda" in chance:
        torch.cuda.set_rng_state_all(chance["cuda"])
    return state


def seed_everything(seed: int) -> None:
    """Seed every source of chance that training touches."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
