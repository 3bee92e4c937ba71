"""One seed gives one result: the same bits in another process, cache and hour."""

import os
import subprocess
import sys

import pytest

from lib.files import file_hash

pytestmark = pytest.mark.slow

TRAIN = """
import sys
from pathlib import Path
from lib.systems.gmu.experiment import open_experiment
cache, seed, backbone_seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
experiment = open_experiment("smoke", "gle", "eng", seed, cache, backbone_seed=backbone_seed)
print(experiment.train("asr_init").folder)
"""


def train(cache, seed=1, backbone_seed=1):
    """Backbone, ASR and ST, from nothing, in a process of its own; the hash of the weights.

    torch's own seed differs from process to process here, so what forgets to set it is found.
    """
    command = [sys.executable, "-c", TRAIN, str(cache), str(seed), str(backbone_seed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ)
    folder = done.stdout.strip().splitlines()[-1]
    return file_hash(f"{folder}/best.safetensors")


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return train(tmp_path_factory.mktemp("first"))


def test_the_same_seed_gives_the_same_bits(first, tmp_path):
    assert train(tmp_path) == first


@pytest.mark.parametrize("seeds", [{"seed": 2}, {"backbone_seed": 2}])
def test_another_seed_gives_other_bits(first, tmp_path, seeds):
    assert train(tmp_path, **seeds) != first
