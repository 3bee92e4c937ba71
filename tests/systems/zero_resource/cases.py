"""What tests of zero-resource training share, and a training that kills its own process."""

import os
import pickle
import signal
import sys
from dataclasses import replace
from pathlib import Path

from lib.scales import set_threads


def with_recipe(experiment, **changes):
    return replace(experiment, recipe=replace(experiment.recipe, **changes))


def with_system(experiment, **changes):
    return replace(experiment, system=replace(experiment.system, **changes))


def elsewhere(experiment, cache, **changes):
    """The experiment with another cache that has the same backbones."""
    cache.mkdir()

    def moved(backbone):
        inside = Path(backbone.path).relative_to(experiment.cache)
        (cache / inside.parts[0]).symlink_to(experiment.cache / inside.parts[0])
        return replace(backbone, path=str(cache / inside))

    system = replace(experiment.system, language_model=moved(experiment.system.language_model))
    backbone = moved(experiment.backbone)
    return replace(experiment, cache=cache, system=system, backbone=backbone, **changes)


if __name__ == "__main__":  # a pickled experiment, a strategy, the update to be killed after
    file, strategy, last = sys.argv[1:]
    set_threads("smoke")  # as tests have it: sums of other threads differ in their last bits
    experiment = pickle.loads(Path(file).read_bytes())

    def kill(progress):
        if progress.update == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    replace(experiment, callback=kill).train(strategy)
