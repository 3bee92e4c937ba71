import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from lib.files import Damaged
from lib.training.weights import (
    WrongCheckpoint,
    copy_tensors,
    load_tensors,
    load_trained,
    save_tensors,
    trained_weights,
    weights_fingerprint,
)


@pytest.fixture
def module():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))


@pytest.fixture
def path(module, tmp_path):
    save_tensors(trained_weights(module), tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors"


def test_trained_weights_leave_frozen_ones_out(module):
    module[0].requires_grad_(False)
    assert set(trained_weights(module)) == {"1.weight", "1.bias"}


def test_saved_weights_are_loaded_bit_for_bit(module, path):
    other = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    copy_tensors(trained_weights(other), load_tensors(path), path)
    assert torch.equal(other[0].weight, module[0].weight)


def test_only_the_main_process_writes(module, tmp_path):
    save_tensors(trained_weights(module), tmp_path / "none.safetensors", write=False)
    assert not (tmp_path / "none.safetensors").exists()


def test_a_truncated_file_is_named(path):
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(Damaged, match="weights.safetensors is not readable"):
        load_tensors(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(Damaged, match="none.safetensors is not readable"):
        load_tensors(tmp_path / "none.safetensors")


def test_every_changed_byte_is_seen_or_changes_no_tensor(path):
    """Of the header, too: it holds names, types and shapes."""
    stored, whole = load_tensors(path), path.read_bytes()
    seen = 0
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        try:
            found = load_tensors(path)
        except Damaged as error:
            assert str(path) in str(error)
            seen += 1
        else:  # the name of the hash is damaged, so that there is none to compare
            assert all(torch.equal(found[name], stored[name]) for name in stored)
            assert found.keys() == stored.keys()
    assert seen > 0.9 * len(whole)


def test_tensors_of_any_type_and_shape_have_a_hash(tmp_path):
    tensors = {
        "half": torch.ones(2, 3, dtype=torch.bfloat16),
        "number": torch.tensor(3),
        "nothing": torch.zeros(0, 4),
        "flag": torch.tensor([True]),
    }
    save_tensors(tensors, tmp_path / "t.safetensors")
    found = load_tensors(tmp_path / "t.safetensors")
    assert all(torch.equal(found[name], tensor) for name, tensor in tensors.items())


def test_weights_of_an_older_version_without_a_hash_are_read(module, tmp_path):
    save_file(trained_weights(module), tmp_path / "old.safetensors")
    assert load_tensors(tmp_path / "old.safetensors").keys() == trained_weights(module).keys()


@pytest.fixture
def refused(path):
    """Another model, and the error of copying the file's weights to it."""
    other = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 2), nn.Linear(2, 1))
    nn.init.zeros_(other[0].weight)
    stored = load_tensors(path)
    stored["extra"] = torch.ones(1)
    with pytest.raises(WrongCheckpoint, match="holds another model's weights") as caught:
        copy_tensors(trained_weights(other), stored, path)
    return other, caught.value


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("missing", ["2.bias", "2.weight"]),
        ("unexpected", ["extra"]),
        ("of another shape", ["1.bias [1] instead of [2]", "1.weight [1, 3] instead of [2, 3]"]),
    ],
)
def test_every_difference_is_named(refused, kind, names):
    assert refused[1].differences[kind] == names


def test_nothing_is_copied_where_weights_differ(refused):
    assert not refused[0][0].weight.any()


def test_a_long_list_of_differences_is_shortened():
    own = {f"layer.{number}": torch.ones(1) for number in range(9)}
    with pytest.raises(WrongCheckpoint, match="9 missing: .*layer.5 and 3 more"):
        copy_tensors(own, {}, "file")


def test_fingerprint_of_equal_weights_is_equal(module):
    twin = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    twin.load_state_dict(module.state_dict())
    named = module.named_parameters()
    assert weights_fingerprint(named) == weights_fingerprint(twin.named_parameters())


def test_fingerprint_of_other_weights_differs(module):
    before = weights_fingerprint(module.named_parameters())
    with torch.no_grad():
        module[0].weight.add_(1)
    assert weights_fingerprint(module.named_parameters()) != before


def test_trained_weights_go_into_a_model_and_frozen_ones_stay(tmp_path):
    path, model = tmp_path / "best.safetensors", torch.nn.Linear(2, 1)
    bias = model.bias.detach().clone()
    save_tensors({"model.weight": torch.ones(1, 2), "model.other": torch.ones(1)}, path)
    load_trained(model, path, without=("other",))
    assert model.weight.tolist() == [[1.0, 1.0]]
    assert torch.equal(model.bias, bias)
    with pytest.raises(WrongCheckpoint, match="unexpected: other"):
        load_trained(model, path)
