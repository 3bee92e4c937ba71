"""IT-IST on recordings in a published layout: LibriSpeech, which has transcripts alone."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from lib.systems.it_ist.experiment import open_experiment, text_outputs
from lib.utterance import SAMPLING_RATE
from tests.corpora.sources.test_librispeech import tree


@pytest.mark.slow
def test_alignment_needs_transcripts_alone(it_ist, tmp_path):
    folder = tree(tmp_path)
    for number, path in enumerate(sorted(folder.rglob("*.flac"))):  # curation drops equal sound
        samples = np.random.default_rng(number).normal(0, 0.1, 2 * SAMPLING_RATE)
        soundfile.write(path, samples, SAMPLING_RATE)
    experiment = open_experiment(
        "smoke", 1, Path(it_ist.cache), corpus="librispeech", folder=str(folder)
    )
    system = experiment.train("align")
    rows = experiment.outputs(system)
    assert {(row.task, row.source) for row in rows} == {("ASR", "eng")}
    assert text_outputs(experiment, system) == []
    with pytest.raises(ValueError, match="no utterance has the texts for ST"):
        experiment.train("instruct")
