"""Cores and memory that this process may use: a container often has fewer than its machine."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

CGROUP = Path("/sys/fs/cgroup")  # version 2, as a container sees its own


def usable_cores() -> int:
    """Cores by CPU affinity and the container's quota, at least 1."""
    cores = len(os.sched_getaffinity(0))
    quota, _, period = _read("cpu.max").partition(" ")
    if quota.isdigit() and period.isdigit():
        cores = min(cores, int(quota) // int(period))
    return max(1, cores)


def available_mb() -> float:
    """Memory that can be had without swapping, within the container's limit, in MB."""
    available = psutil.virtual_memory().available
    limit, used = _read("memory.max"), _read("memory.current")
    if limit.isdigit() and used.isdigit():
        available = min(available, max(0, int(limit) - int(used)))
    return available / 2**20


def _read(name: str) -> str:
    try:
        return (CGROUP / name).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
