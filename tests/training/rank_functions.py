"""Functions without torch that `launch` calls in tests of its own."""

import os
import signal
import time

from lib.progress import TrainingProgress


def finish(updates, callback):
    for update in range(1, updates + 1):
        callback(
            TrainingProgress(
                stage="case",
                update=update,
                updates=updates,
                loss=1.0,
                best_score=None,
                seconds_left=0.0,
            )
        )


def fail(callback):
    if os.environ["RANK"] == "1":
        raise OSError("the GPU fell off the bus")
    time.sleep(60)


def kill(callback):
    if os.environ["RANK"] == "1":
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def report_and_wait(callback):
    finish(1, callback)
    time.sleep(60)
