"""Weights and checkpoints as safetensors: written in one step, and loaded only where every name and shape fits."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.distributed.tensor import DTensor, distribute_tensor

from lib.files import atomic_path, content_hash, read_json, write_json

NAMED = 6  # weights of each kind in a message; all of them are in `WrongCheckpoint.differences`


class WrongCheckpoint(ValueError):
    """A checkpoint that does not fit the model or the stage; the message names the first differences.

    Attributes:
        differences: every weight that is missing, not in the model, or of another shape, under these words.
    """

    differences: dict[str, list[str]] = {}


Tensors = dict[str, Tensor]


def all_weights(module: nn.Module) -> Tensors:
    """A module's own tensors by name, each shared one once."""
    seen: set[int] = set()
    kept = {}
    for name, tensor in module.state_dict().items():
        if tensor.data_ptr() not in seen or tensor.numel() == 0:
            seen.add(tensor.data_ptr())
            kept[name] = tensor.detach()
    return kept


def trained_weights(module: nn.Module) -> Tensors:
    """The parameters that train, by name: what a stage changes, and all that it needs to keep (an adapter, say)."""
    return {name: parameter.detach() for name, parameter in module.named_parameters() if parameter.requires_grad}


def weights_fingerprint(named: Iterable[tuple[str, nn.Parameter]]) -> str:
    """A short hash of parameters: what was trained on one base belongs to no other.

    It reads a few numbers of each tensor, so that it takes no time on a large model.
    """
    few = [
        [name, list(p.shape), *(f"{x:.6e}" for x in p.detach().flatten()[:: max(1, p.numel() // 4)][:5].tolist())]
        for name, p in named
    ]
    return content_hash(few)


def save_tensors(tensors: Mapping[str, Tensor], path: Path, write: bool = True) -> None:
    """Tensors as safetensors, in one step.

    Args:
        write: False in all processes but the first; where tensors are split over them, all have to give their parts.
    """
    whole = {name: t.full_tensor() if isinstance(t, DTensor) else t for name, t in tensors.items()}
    if write:
        with atomic_path(path) as new:
            save_file({name: tensor.detach().contiguous().cpu() for name, tensor in whole.items()}, new)


def _as(own: Tensor, stored: Tensor) -> Tensor:
    """A stored tensor as this process holds such a one: on its device, and its part alone where it is split."""
    # cloned: a file's tensors lie unaligned in memory, where sums may round otherwise
    stored = stored.clone().to(own.device)
    return distribute_tensor(stored, own.device_mesh, own.placements) if isinstance(own, DTensor) else stored


def load_tensors(path: Path) -> Tensors:
    """The tensors of a file.

    Raises:
        WrongCheckpoint: it is missing, or cut short.
    """
    try:
        return load_file(path)
    except Exception as error:  # safetensors raises a bare class of its own
        raise WrongCheckpoint(f"{path} is not readable ({error}); delete it and run again") from error


def fill(own: Tensors, stored: Tensors, path: Path | str, lacks: Iterable[str] = (), besides: Iterable[str] = ()) -> list[str]:
    """Copy stored tensors into a module's own, and return the names that were filled.

    Args:
        own: see `all_weights` and `trained_weights`; changed in place.
        path: said in errors.
        lacks: regular expressions of names that may be missing from the file; they keep the value they have.
        besides: regular expressions of names that the file may hold in vain.

    Raises:
        WrongCheckpoint: a name or shape differs that was not allowed to; nothing was copied then.
    """

    def unless(names: Iterable[str], allowed: Iterable[str]) -> list[str]:
        return sorted(name for name in names if not any(re.search(pattern, name) for pattern in allowed))

    shapes = [f"{n} {list(stored[n].shape)} for {list(own[n].shape)}" for n in own.keys() & stored.keys()
              if stored[n].shape != own[n].shape]  # fmt: skip
    wrong = {
        "missing": unless(own.keys() - stored.keys(), lacks),
        "not in the model": unless(stored.keys() - own.keys(), besides),
        "of another shape": sorted(shapes),
    }
    if any(wrong.values()):
        said = "; ".join(f"{len(names)} {what}: {_some(names)}" for what, names in wrong.items() if names)
        error = WrongCheckpoint(
            f"{path} is of another model; weights that differ: {said}. Where that is meant, say which weights may be missing "
            "(lacks) or unused (besides)"
        )
        error.differences = wrong
        raise error
    with torch.no_grad():
        for name in sorted(own.keys() & stored.keys()):  # in one order in all processes, which may have to speak to each other
            own[name].copy_(_as(own[name], stored[name]))
    return sorted(own.keys() & stored.keys())


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def save_weights(module: nn.Module, path: Path) -> None:
    """All of a module's weights as safetensors."""
    save_tensors(all_weights(module), path)


def load_weights(module: nn.Module, path: Path, lacks: Iterable[str] = (), besides: Iterable[str] = ()) -> list[str]:
    """Weights from a file into a module; see `fill` for what is refused, and returned."""
    return fill(all_weights(module), load_tensors(path), path, lacks, besides)


def save_checkpoint(
    folder: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    state: dict,
    rng: Tensors,
    average: Tensors | None = None,
    write: bool = True,
) -> None:
    """Everything that resuming needs, as a folder that appears in one step.

    Args:
        state: JSON-able; where the loop stands, and whose it is.
        chance: of every process; see `chance_now`.
        average: the moving average of the weights, where there is one.
        write: see `save_tensors`.
    """
    with atomic_path(folder) if write else nullcontext(folder) as new:
        save_tensors(trained_weights(module), new / "weights.safetensors", write)
        save_tensors(_optimizer_tensors(module, optimizer), new / "optimizer.safetensors", write)
        if average:
            save_tensors(average, new / "average.safetensors", write)
        if write:
            save_tensors(rng, new / "chance.safetensors")
            write_json(new / "state.json", state)


def load_checkpoint(
    folder: Path,
    module: nn.Module,
    optimizer: torch.optim.Optimizer,
    check: Callable[[dict], None],
    average: Tensors | None = None,
    rank: int = 0,
) -> dict | None:
    """Bring a module and an optimizer to where a checkpoint stands; its state, or None where there is none.

    Args:
        check: raises where the checkpoint's state is of another recipe or of other data.

    Raises:
        WrongCheckpoint: it belongs elsewhere, or is damaged.
    """
    if not folder.exists():
        return None
    state = read_json(folder / "state.json")
    check(state)
    fill(trained_weights(module), load_tensors(folder / "weights.safetensors"), folder)
    stored, filled = load_tensors(folder / "optimizer.safetensors"), optimizer.state
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            held = {kind: stored[f"{kind}/{name}"] for kind in ("step", "exp_avg", "exp_avg_sq") if f"{kind}/{name}" in stored}
            if held:  # a parameter that no batch has used yet has no state
                filled[parameter] = {
                    kind: value.clone().to(parameter.device) if kind == "step" else _as(parameter, value)
                    for kind, value in held.items()
                }
    if average is not None:
        fill(average, load_tensors(folder / "average.safetensors"), folder)
    _set_rng_state(load_tensors(folder / "chance.safetensors"), rank)
    return state


def _optimizer_tensors(module: nn.Module, optimizer: torch.optim.Optimizer) -> Tensors:
    names = {parameter: name for name, parameter in module.named_parameters()}
    return {
        f"{kind}/{names[parameter]}": value if isinstance(value, Tensor) else torch.tensor(value)
        for parameter, kept in optimizer.state.items()
        for kind, value in kept.items()
    }


def rng_state(rank: int = 0) -> Tensors:
    """The state of this process's generators."""
    found = {f"torch-{rank}": torch.get_rng_state()}
    if torch.cuda.is_available():
        found[f"cuda-{rank}"] = torch.cuda.get_rng_state()
    return found


def _set_rng_state(stored: Tensors, rank: int) -> None:
    if f"torch-{rank}" in stored:  # a run may go on with more processes than it had
        torch.set_rng_state(stored[f"torch-{rank}"])
    if f"cuda-{rank}" in stored and torch.cuda.is_available():
        torch.cuda.set_rng_state(stored[f"cuda-{rank}"])


def seed_everything(seed: int) -> None:
    """Seed every source of chance that training touches."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
