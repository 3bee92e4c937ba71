import dataclasses
import json
import shutil
from pathlib import Path

import pytest
import torch
from torch import nn

from lib.disk import DiskFull
from lib.files import Damaged
from lib.training.checkpoints import (
    LoopState,
    Training,
    check_identity,
    make_identity,
    restore_checkpoint,
    save_checkpoint,
)
from lib.training.distributed import Ranks
from lib.training.stages import make_optimizer
from lib.training.weight_averaging import MovingAverage
from lib.training.weights import WrongCheckpoint, save_tensors, trained_weights
from tests.damage import change_a_bit, truncate
from tests.disks import mounted
from tests.training.cases import STAGE, token_batches

IDENTITY = {"recipe": {"updates": 6}, "seed": 1}


def make_training(folder, identity=IDENTITY):
    torch.manual_seed(0)
    module = nn.ModuleDict({"used": nn.Linear(2, 1), "unused": nn.Linear(1, 1)})
    return Training(
        objective=module,
        stage=STAGE,
        optimizer=make_optimizer(module, STAGE),
        moving_average=MovingAverage(module, 0.5),
        state=LoopState(identity=identity),
        ranks=Ranks("cpu"),
        folder=folder,
    )


def update(training):
    """One update of the used part, of the average and of the position."""
    training.optimizer.zero_grad()
    training.objective["used"](torch.rand(3, 2)).sum().backward()
    training.optimizer.step()
    training.state.update += 1
    training.moving_average.update(training.state.update)


@pytest.fixture
def saved(tmp_path):
    """A training after two updates and a checkpoint."""
    training = make_training(tmp_path)
    for _ in range(2):
        update(training)
    training.state.best, training.state.best_evaluations = 5.0, [(5.0, 2), (4.0, 1)]
    for name in ("best", "candidates/1", "candidates/2"):
        weights = trained_weights(training.objective)
        save_tensors(weights, tmp_path / f"{name}.safetensors")
    save_checkpoint(training)
    return training


def test_a_state_survives_json():
    state = LoopState(identity=IDENTITY, update=3, best=0.1, best_evaluations=[(0.1, 2)])
    assert LoopState.from_json(json.loads(json.dumps(dataclasses.asdict(state)))) == state


def test_nothing_is_restored_without_a_checkpoint(tmp_path):
    assert not restore_checkpoint(make_training(tmp_path))


@pytest.fixture
def restored(saved):
    """Another training that was brought to the checkpoint, and both after one more update."""
    rng = torch.get_rng_state()
    other = make_training(saved.folder)
    restore_checkpoint(other)
    restored_rng = torch.get_rng_state()
    torch.set_rng_state(rng)
    update(saved)
    torch.set_rng_state(restored_rng)
    update(other)
    return saved, other


def test_the_position_is_restored(restored):
    assert restored[1].state == restored[0].state


def test_the_next_update_is_the_same_bit_for_bit(restored):
    one, other = (training.objective["used"].weight for training in restored)
    assert torch.equal(one, other)


def test_the_moving_average_is_restored(restored):
    one, other = (training.moving_average.weights["used.weight"] for training in restored)
    assert torch.equal(one, other)


def test_a_parameter_that_was_never_used_has_no_optimizer_state(restored):
    assert restored[1].objective["unused"].weight not in restored[1].optimizer.state


def change_a_weight(path):
    change_a_bit(path, at=-20)  # of so few tensors, the middle is the header


def state_of(training):
    tensors = [*training.objective.parameters(), *training.moving_average.weights.values()]
    return [tensor.tolist() for tensor in tensors], torch.get_rng_state().tolist()


@pytest.mark.parametrize("damage", [change_a_weight, truncate, Path.unlink])
@pytest.mark.parametrize(
    "name",
    [
        *("checkpoint/weights", "checkpoint/optimizer", "checkpoint/average", "checkpoint/rng"),
        *("best", "candidates/2"),
    ],
)
def test_damage_is_named_before_anything_is_changed(saved, name, damage):
    path = saved.folder / f"{name}.safetensors"
    damage(path)
    training = make_training(saved.folder)
    before = state_of(training)
    if (name, damage) == ("candidates/2", Path.unlink):
        assert restore_checkpoint(training)  # a better one removes it after the checkpoint
        return
    with pytest.raises(Damaged, match=f"{path.name} "):
        restore_checkpoint(training)
    assert state_of(training) == before


@pytest.mark.parametrize("damage", [change_a_bit, truncate, Path.unlink])
def test_a_damaged_position_is_named(saved, damage):
    damage(saved.folder / "checkpoint" / "state.json")
    with pytest.raises(Damaged, match=r"state.json .*; delete it and run again"):
        restore_checkpoint(make_training(saved.folder))


def test_a_checkpoint_on_a_full_disk(tmp_path):
    with mounted(tmp_path, "64k"):
        training = make_training(tmp_path)
        training.objective["big"] = nn.Linear(200, 200)
        with pytest.raises(DiskFull, match="no space left to write .*checkpoint"):
            save_checkpoint(training)
        assert not list(tmp_path.iterdir())


def test_another_recipes_checkpoint_is_refused(saved):
    other = make_training(saved.folder, {"recipe": {"updates": 7}, "seed": 1})
    with pytest.raises(WrongCheckpoint, match="updates was 6 and is 7; delete the folder"):
        restore_checkpoint(other)


def test_another_models_checkpoint_is_refused(saved):
    shutil.copy(
        saved.folder / "checkpoint" / "average.safetensors",
        saved.folder / "checkpoint" / "weights.safetensors",
    )
    other = make_training(saved.folder)
    other.objective["more"] = nn.Linear(1, 1)
    with pytest.raises(WrongCheckpoint, match="2 missing: more.bias, more.weight"):
        restore_checkpoint(other)


def test_equal_identities_are_accepted(tmp_path):
    assert check_identity(IDENTITY, dict(IDENTITY), tmp_path) is None


def identity(module=None, seed=1, examples=2):
    given = token_batches()[0].examples[:examples]
    return make_identity(module or nn.Linear(1, 1), STAGE, given, seed)


def test_identity_is_the_same_for_other_trainable_weights():
    assert identity(nn.Linear(1, 1)) == identity(nn.Linear(1, 1))


def test_identity_differs_for_other_frozen_weights():
    frozen = [nn.Linear(1, 1).requires_grad_(False) for _ in range(2)]
    assert identity(frozen[0]) != identity(frozen[1])


@pytest.mark.parametrize("change", [{"seed": 2}, {"examples": 1}])
def test_identity_differs_for_other_data_or_seed(change):
    assert identity(**change) != identity()
