"""What this machine offers to runs: how many go side by side, GPUs and threads, without torch."""

from __future__ import annotations

import os
import re
import subprocess

from lib.cgroup import usable_cores
from lib.scales import THREADS

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)


def gpus() -> list[str]:
    """The GPUs that a run may use, as CUDA_VISIBLE_DEVICES names them; MIG slices count as GPUs."""
    if (visible := os.environ.get("CUDA_VISIBLE_DEVICES")) is not None:
        names = [name.strip() for name in visible.split(",")]
        return [name for name in names if name and name != "-1"]  # -1 hides all
    try:
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_gpu_list(done.stdout) if done.returncode == 0 else []


def parse_gpu_list(listing: str) -> list[str]:
    """The UUIDs in the output of `nvidia-smi -L`, a GPU's MIG slices in place of the GPU."""
    found = re.findall(r"UUID: ((?:GPU|MIG)-[^)\s]+)", listing)
    return [
        name
        for name, following in zip(found, [*found[1:], ""], strict=False)
        if name.startswith("MIG") or not following.startswith("MIG")
    ]


def default_jobs(scale: str, gpu_count: int) -> int:
    """Runs to make side by side: one a GPU, or as many as the cores have threads for."""
    return gpu_count or max(1, usable_cores() // THREADS[scale])


def run_environment(scale: str, gpu_names: list[str]) -> dict[str, str]:
    """The environment of a run: the threads of its scale, and its GPUs where they are named."""
    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(THREADS[scale]))
    if gpu_names:
        environment["CUDA_VISIBLE_DEVICES"] = ",".join(gpu_names)
    return environment
