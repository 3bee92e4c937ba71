"""What tests of IT-IST's training share, and a training that kills its own process."""

import os
import pickle
import signal
import sys
from dataclasses import replace
from pathlib import Path

from lib.systems.it_ist.system import ItIst
from tests.training.cases import without_dropout


class WithoutDropout(ItIst):
    """Dropout is drawn by each process, so it hides what two processes must not change."""

    def initial_model(self, experiment, strategy):
        return without_dropout(super().initial_model(experiment, strategy))


def elsewhere(experiment, cache, **changes):
    """The experiment with another cache that has the same backbones."""
    cache.mkdir()

    def moved(backbone):
        inside = Path(backbone.path).relative_to(experiment.cache)
        (cache / inside.parts[0]).symlink_to(experiment.cache / inside.parts[0])
        return replace(backbone, path=str(cache / inside))

    system = WithoutDropout(language_model=moved(experiment.system.language_model))
    backbone = moved(experiment.backbone)
    return replace(experiment, cache=cache, system=system, backbone=backbone, **changes)


if __name__ == "__main__":  # a pickled experiment, a strategy, the update to be killed after
    file, strategy, last = sys.argv[1:]
    experiment = pickle.loads(Path(file).read_bytes())

    def kill(progress):
        if progress.update == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    replace(experiment, callback=kill).train(strategy)
