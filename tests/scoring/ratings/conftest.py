"""Outputs of three systems, and a sheet of them."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.scoring.rating_sheets import make_sheet
from tests.scoring.ratings.cases import outputs


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    path = tmp_path_factory.mktemp("goodstrategy") / "poorstrategy.wav"
    with soundfile.SoundFile(path, "w", 8000, 1) as sound:
        sound.title = "poorstrategy"
        sound.write(np.full(4000, 0.5))
    return [replace(row, audio=str(path)) for row in outputs()]


@pytest.fixture
def folder(rows, tmp_path):
    return make_sheet(rows, seed=3, repeats=0.25).write(tmp_path / "sheet")
