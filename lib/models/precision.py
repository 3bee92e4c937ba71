"""The precision of matrix products: fp32, tf32 on a GPU, or bf16 by autocast."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

FP32 = "fp32"
PRECISIONS = (FP32, "tf32", "bf16")


@contextmanager
def matmul_precision(name: str, device: torch.device) -> Iterator[None]:
    """Inside the block matrix products have this precision; weights stay as they are.

    Args:
        name: of `PRECISIONS`.
    """
    previous = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    try:
        with torch.autocast(device.type, torch.bfloat16, enabled=name == "bf16"):
            yield
    finally:
        torch.set_float32_matmul_precision(previous)
