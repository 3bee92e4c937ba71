"""SIGTERM during training: the loop saves a checkpoint first, then the process ends."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest(threading.Event):
    """Set when the process receives SIGTERM (Slurm's time limit, a JupyterHub that culls)."""

    def reraise(self) -> None:
        """End the process as SIGTERM would have."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def stop_requested() -> Iterator[StopRequest]:
    """Inside the block SIGTERM only sets the event; outside the main thread nothing changes."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():  # only it can handle signals
        yield request
        return
    previous = signal.signal(signal.SIGTERM, lambda *_: request.set())
    try:
        yield request
    finally:
        signal.signal(signal.SIGTERM, previous)
