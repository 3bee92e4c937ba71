"""COMET's own code trains and loads these models; nothing of it is replaced."""

import pickle
import shutil

import pytest
import torch
import yaml
from comet.models import UnifiedMetric
from safetensors.torch import load_file

from lib.files import file_hash, write_json
from lib.systems.it_ist.pseudo_labels.kiwi import (
    HUB,
    KiwiRecipe,
    UnknownCheckpoint,
    correct_pairs,
    download_kiwi,
    get_kiwi,
    load_trained,
)
from lib.systems.it_ist.pseudo_labels.kiwi_encoder import EncoderSize
from tests.systems.it_ist.pseudo_labels.cases import BOOK

RECIPE = KiwiRecipe(
    encoder=EncoderSize(hidden=16, heads=2, layers=1, subwords=500, updates=3),
    sentences=40,
    copies=1,
    updates=(3, 2),
    learning_rates=(1e-3, 1e-4),
)
PAIRS = correct_pairs(BOOK, "test", 10, ("deu", "zho"))


def train(cache, recipe=RECIPE):
    return get_kiwi(recipe, BOOK, ("deu", "zho"), frozenset(), cache)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("kiwi")


@pytest.fixture(scope="module")
def kiwi(cache):
    return train(cache)


def folder_of(cache):
    (folder,) = [path for path in cache.iterdir() if path.name.startswith("cometkiwi-")]
    return folder


def test_it_is_comets_class_with_the_published_input(kiwi, cache):
    assert isinstance(kiwi.model, UnifiedMetric)
    hparams = yaml.safe_load((folder_of(cache) / "hparams.yaml").read_text(encoding="utf-8"))
    assert hparams["input_segments"] == ["mt", "src"]
    assert hparams["class_identifier"] == "unified_metric"


def test_scores_are_in_order_and_do_not_depend_on_the_batch(kiwi):
    together = kiwi.score(PAIRS)
    alone = [kiwi.score([pair])[0] for pair in PAIRS]
    assert together == pytest.approx(alone, abs=1e-5)
    assert len(set(together)) > 1


def test_training_moved_the_weights(kiwi, cache):
    before = load_file(folder_of(cache) / "encoder" / "model.safetensors")
    name = "encoder.layer.0.attention.self.query.weight"
    after = dict(kiwi.model.encoder.model.named_parameters())[name]
    assert not torch.equal(before[name], after)


def test_the_same_seed_gives_the_same_scores_and_another_does_not(kiwi, tmp_path):
    again = train(tmp_path)
    assert again.score(PAIRS) == kiwi.score(PAIRS)


def test_it_is_found_again(kiwi, cache):
    stamp = (folder_of(cache) / "checkpoints" / "model.ckpt").stat().st_mtime_ns
    assert train(cache).score(PAIRS) == kiwi.score(PAIRS)
    assert (folder_of(cache) / "checkpoints" / "model.ckpt").stat().st_mtime_ns == stamp


def test_the_cache_may_move(kiwi, cache, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(folder_of(cache), moved)
    assert load_trained(moved).score(PAIRS) == kiwi.score(PAIRS)


def test_training_and_scoring_leave_the_random_state_alone(tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    train(tmp_path).score(PAIRS)
    assert torch.equal(torch.rand(3), expected)


class Attack:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


@pytest.mark.parametrize("with_its_hash", [False, True])
def test_a_foreign_checkpoint_is_not_loaded(kiwi, cache, tmp_path, with_its_hash):
    folder = tmp_path / "foreign"
    shutil.copytree(folder_of(cache), folder)
    path = folder / "checkpoints" / "model.ckpt"
    path.write_bytes(pickle.dumps(Attack(tmp_path / "attacked")))
    if with_its_hash:
        write_json(folder / "done.json", {"checkpoint": file_hash(path)})
    with pytest.raises(UnknownCheckpoint, match="model.ckpt"):
        load_trained(folder)
    assert not (tmp_path / "attacked").exists()


def test_only_named_models_are_downloaded():
    with pytest.raises(UnknownCheckpoint, match="pickles"):
        download_kiwi("someone/wmt22-cometkiwi-da")


def test_the_published_metric_is_not_open():
    assert HUB == {"Unbabel/wmt22-cometkiwi-da": "CC-BY-NC-SA-4.0"}
