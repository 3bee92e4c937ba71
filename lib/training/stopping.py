"""Being told to stop: training saves where it stands first, then ends as it was asked to."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest(threading.Event):
    """Set when this process is asked to end (Slurm's time limit, a Hub that culls); `leave` ends it as asked."""

    def leave(self) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def stop_requested() -> Iterator[StopRequest]:
    """Inside the block SIGTERM only sets the event."""
    told = StopRequest()
    if threading.current_thread() is not threading.main_thread():  # signals reach the main thread only
        yield told
        return
    before = signal.signal(signal.SIGTERM, lambda *_: told.set())
    try:
        yield told
    finally:
        signal.signal(signal.SIGTERM, before)
