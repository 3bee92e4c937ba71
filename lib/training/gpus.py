"""GPUs by their makers' figures, against which a training's speed and memory are held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

GIB = 2**30
# of a GPU's memory that is not for tensors: the context, libraries, and gaps between blocks
RESERVED_SHARE = 0.08


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU by its maker's figures."""

    name: str
    device: str  # in the name that CUDA gives it
    memory_gib: float
    teraflops: Mapping[str, float]  # precision -> dense, without sparsity
    watts: float

    @property
    def usable_bytes(self) -> float:
        """Memory for tensors."""
        return self.memory_gib * GIB * (1 - RESERVED_SHARE)


HOPPER = {"fp32": 67, "tf32": 494, "bf16": 989}  # H100 and H200 differ in memory
A100 = Gpu(
    name="A100-80",
    device="A100",
    memory_gib=80,
    teraflops={"fp32": 19.5, "tf32": 156, "bf16": 312},
    watts=400,
)
H100 = Gpu(
    name="H100",
    device="H100",
    memory_gib=80,
    teraflops=HOPPER,
    watts=700,
)
H200 = Gpu(
    name="H200",
    device="H200",
    memory_gib=141e9 / GIB,
    teraflops=HOPPER,
    watts=700,
)
KNOWN = (A100, H100, H200)


def peak_operations(device: torch.device, precision: str) -> float | None:
    """Operations a second of a device at most; None where they are not known, as of a CPU."""
    if device.type != "cuda":
        return None
    found = torch.cuda.get_device_name(device)
    return next((g.teraflops[precision] * 1e12 for g in KNOWN if g.device in found), None)
