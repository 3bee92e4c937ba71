import math
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch

from lib.files import read_json
from lib.training.objectives import Seq2SeqObjective
from lib.training.step import DoesNotFit
from tests.training.cases import STAGE, Killed, fit_speech, fresh, kill_after


@pytest.fixture(scope="module")
def facts(tokenizer, chosen, tmp_path_factory):
    """The rehearsal of a training with a frozen speech encoder."""
    folder = tmp_path_factory.mktemp("rehearsal")
    stage = replace(STAGE, frozen=("speech_encoder",))
    with pytest.raises(Killed):
        fit_speech(fresh(tokenizer), chosen, folder, stage, callback=kill_after(1))
    return read_json(folder / "rehearsal.json")


def test_the_first_batch_holds_the_costliest_example(facts, chosen):
    assert facts["batches"][0]["costliest"] == max(chosen, key=lambda e: e.seconds).id


def test_the_cost_is_in_seconds_of_speech(facts, chosen):
    longest = max(example.seconds for example in chosen)
    assert facts["batches"][0]["cost"] == pytest.approx(longest, abs=1e-3)


def test_memory_is_measured(facts):
    assert facts["batches"][0]["peak_memory_mb"] > 0


@pytest.mark.parametrize(
    ("part", "trains"), [("speech.speech_encoder", False), ("speech.text_decoder", True)]
)
def test_trainable_parameters_are_listed(facts, part, trains):
    trainable = {row["part"]: row["trainable"] for row in facts["trains"]}
    assert (trainable[part] > 0) is trains


def test_parts_without_a_gradient_are_listed(facts):
    assert any(part.startswith("model.text_encoder") for part in facts["no_gradient"])


def test_a_loss_that_is_not_finite_is_refused_before_training(tokenizer, chosen, tmp_path):
    model = fresh(tokenizer)
    with torch.no_grad():
        model.speech.lm_head.weight[0, 0] = math.nan
    message = "the loss is nan before the first update, for a batch with est-train"
    with pytest.raises(ValueError, match=message):
        fit_speech(model, chosen, tmp_path)


class Greedy(Seq2SeqObjective):
    """Allocates more memory than any machine has."""

    def forward(self, batch):
        torch.empty(1 << 62, dtype=torch.uint8)


def test_a_batch_that_does_not_fit_is_refused_before_training(tokenizer, chosen, tmp_path):
    model, longest = fresh(tokenizer), max(chosen, key=lambda e: e.seconds)
    with pytest.raises(DoesNotFit, match=f"the costliest {longest.id} .*recompute=True"):
        fit_speech(model, chosen, tmp_path, objective=Greedy(model, 0.0))


def test_no_usable_audio_is_refused_before_training(tokenizer, chosen, tmp_path):
    path = tmp_path / "nan.wav"
    soundfile.write(path, np.full(16000, np.nan, np.float32), 16000, subtype="FLOAT")
    unusable = [replace(example, audio=path) for example in chosen]
    with pytest.raises(ValueError, match="no audio is usable; first reasons: .*nan.wav"):
        fit_speech(fresh(tokenizer), unusable, tmp_path / "training")
