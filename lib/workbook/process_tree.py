"""A run's processes: papermill, its kernel, and all that the kernel starts."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from contextlib import suppress

import psutil

GRACE_SECONDS = 20.0  # for a kernel to save its training once it is told to end


def memory_mb(process: int) -> float:
    """Memory that a process and its descendants hold now, in MB."""
    total = 0
    with suppress(psutil.Error):
        parent = psutil.Process(process)
        for member in [parent, *parent.children(recursive=True)]:
            with suppress(psutil.Error):
                total += member.memory_info().rss
    return total / 2**20


def end_kernels(papermills: Sequence[int]) -> None:
    """End the kernels of papermill's processes and all that these started, all at once.

    The kernels are told first, since training saves a checkpoint on SIGTERM; then the processes
    that the kernels started, since distributed training saves too.
    """
    kernels: list[psutil.Process] = []
    descendants: list[psutil.Process] = []
    for process in papermills:
        with suppress(psutil.NoSuchProcess):
            papermill = psutil.Process(process)
            kernels += papermill.children()
            descendants += papermill.children(recursive=True)
    try:
        _terminate(kernels)
        _terminate(descendants)
    finally:  # on a second interrupt, nothing is waited for
        _signal(descendants, signal.SIGKILL)


def _terminate(processes: list[psutil.Process]) -> None:
    """Send SIGTERM, and wait until all have ended or the grace is over."""
    _signal(processes, signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    while time.monotonic() < deadline and any(map(_is_alive, processes)):
        time.sleep(0.1)


def _signal(processes: list[psutil.Process], number: int) -> None:
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.send_signal(number)


def _is_alive(process: psutil.Process) -> bool:
    """psutil's own wait counts a zombie as alive where its parent does not collect it."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
