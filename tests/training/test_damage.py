"""Damaged work is named and made again, and ends in the same weights."""

import re
import shutil

import pytest

from lib.files import Damaged
from lib.training.finished import is_finished
from tests.damage import change_a_bit
from tests.training.cases import STAGE, Killed, equal, fit_speech, fresh, kill_after, losses

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def undisturbed(tokenizer, chosen, tmp_path_factory):
    model, folder = fresh(tokenizer), tmp_path_factory.mktemp("undisturbed")
    return fit_speech(model, chosen, folder), model, folder


def trained_again(tokenizer, chosen, folder, undisturbed):
    """Train in a folder; the losses and weights are those of the undisturbed training."""
    model = fresh(tokenizer)
    result = fit_speech(model, chosen, folder)
    assert losses(result) == losses(undisturbed[0])
    assert equal(undisturbed[1], model)


@pytest.mark.parametrize("name", ["done.json", "best.safetensors"])
def test_a_damaged_finished_stage(undisturbed, tokenizer, chosen, tmp_path, capsys, name):
    folder = shutil.copytree(undisturbed[2], tmp_path / "stage")
    (folder / "outputs").mkdir()  # decoded with the weights that are gone
    change_a_bit(folder / name)
    assert not is_finished(folder)
    trained_again(tokenizer, chosen, folder, undisturbed)
    said = capsys.readouterr().err
    assert re.search(f"{name} .*; stage 'case' is trained from its start", said)
    assert is_finished(folder)
    assert not (folder / "outputs").exists()


@pytest.mark.parametrize(
    "name", ["checkpoint/weights.safetensors", "checkpoint/state.json", "best.safetensors"]
)
def test_a_damaged_checkpoint(undisturbed, tokenizer, chosen, tmp_path, capsys, name):
    with pytest.raises(Killed):
        fit_speech(fresh(tokenizer), chosen, tmp_path, callback=kill_after(5))
    change_a_bit(tmp_path / name)
    trained_again(tokenizer, chosen, tmp_path, undisturbed)
    assert "stage 'case' is trained from its start" in capsys.readouterr().err


def test_weights_that_are_damaged_in_the_last_moment(tokenizer, chosen, tmp_path, undisturbed):
    """The model has changed since its start, so the next call begins anew."""

    def damage(progress):
        if progress.update == STAGE.updates:
            change_a_bit(tmp_path / "best.safetensors")

    with pytest.raises(Damaged, match=r"best.safetensors"):
        fit_speech(fresh(tokenizer), chosen, tmp_path, callback=damage)
    trained_again(tokenizer, chosen, tmp_path, undisturbed)
