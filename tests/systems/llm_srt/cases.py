"""What tests of LLM-SRT's training share, and a training that kills its own process."""

import os
import pickle
import signal
import sys
from dataclasses import fields, replace
from pathlib import Path

from lib.systems.llm_srt.system import LlmSrt
from tests.training.cases import without_dropout


class WithoutDropout(LlmSrt):
    """Dropout is drawn by each process, so it hides what two processes must not change."""

    def initial_model(self, experiment, strategy):
        return without_dropout(super().initial_model(experiment, strategy))


def with_recipe(experiment, **changes):
    return replace(experiment, recipe=replace(experiment.recipe, **changes))


def with_system(experiment, **changes):
    return replace(experiment, system=replace(experiment.system, **changes))


def elsewhere(experiment, cache, **changes):
    """The experiment without dropout, with another cache that has the same backbones."""
    cache.mkdir()

    def moved(backbone):
        inside = Path(backbone.path).relative_to(experiment.cache)
        (cache / inside.parts[0]).symlink_to(experiment.cache / inside.parts[0])
        return replace(backbone, path=str(cache / inside))

    given = {f.name: getattr(experiment.system, f.name) for f in fields(LlmSrt)}
    given["language_model"] = moved(experiment.system.language_model)
    system = WithoutDropout(**given)
    backbone = moved(experiment.backbone)
    return replace(experiment, cache=cache, system=system, backbone=backbone, **changes)


if __name__ == "__main__":  # a pickled experiment, a strategy, the update to be killed after
    file, strategy, last = sys.argv[1:]
    experiment = pickle.loads(Path(file).read_bytes())

    def kill(progress):
        if progress.stage == strategy and progress.update == int(last):
            os.kill(os.getpid(), signal.SIGKILL)

    replace(experiment, callback=kill).train(strategy)
