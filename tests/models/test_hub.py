"""Checkpoints of the hub by commit, in caches of the hub's real layout and without a network."""

import ast
import re
import shutil

import huggingface_hub
import pytest
import torch
from transformers import (
    M2M100Config,
    M2M100ForConditionalGeneration,
    Qwen2Config,
    Qwen2ForCausalLM,
    utils,
)

from lib.models import hub
from lib.models.hub import COMMIT, REVISIONS, pinned, resolved, source
from lib.models.language_model import load_language_model, train_qwen_tokenizer
from lib.models.loading import load_checkpoint
from lib.models.speech_encoder import load_speech_encoder
from lib.workbook.paths import ROOT

CLASS = M2M100ForConditionalGeneration
OLD, NEW = "a" * 40, "b" * 40
NAME = "someone/nllb"


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub."""
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(utils.hub, "TRANSFORMERS_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Two checkpoints of one class, which differ in all biases."""
    shape = {"layers": 1, "attention_heads": 1, "ffn_dim": 4}
    sizes = {f"{part}_{name}": n for part in ("encoder", "decoder") for name, n in shape.items()}
    folders = []
    for value in (1.0, 2.0):
        model = CLASS(M2M100Config(vocab_size=20, d_model=4, **sizes))
        torch.nn.init.constant_(model.model.encoder.layers[0].fc1.bias, value)
        folders.append(tmp_path_factory.mktemp("weights"))
        model.save_pretrained(folders[-1])
    return folders


def publish(cache, name, commit, folder):
    """Lay a commit into the cache as a download of the main branch does."""
    repository = cache / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs" / "main").write_text(commit)
    shutil.copytree(folder, repository / "snapshots" / commit)


def loaded(path):
    """Which of the two checkpoints this is: 1 or 2."""
    model = load_checkpoint(CLASS, path, "NLLB")
    return model.model.encoder.layers[0].fc1.bias[0].item()


def test_a_pinned_commit_is_loaded_where_main_has_moved(cache, weights, monkeypatch):
    publish(cache, NAME, OLD, weights[0])
    publish(cache, NAME, NEW, weights[1])
    monkeypatch.setitem(REVISIONS, NAME, OLD)
    assert loaded(NAME) == 1
    assert pinned(NAME) == resolved(NAME) == f"{NAME}@{OLD}"
    assert not (cache / "models--someone--nllb" / hub.KEPT).exists()


def test_the_commit_of_the_first_use_is_kept(cache, weights):
    publish(cache, NAME, OLD, weights[0])
    assert pinned(NAME) == NAME
    assert loaded(NAME) == 1
    publish(cache, NAME, NEW, weights[1])
    assert loaded(NAME) == 1
    assert resolved(NAME) == f"{NAME}@{OLD}"


def test_a_name_with_its_commit_is_loaded_as_it_says(cache, weights):
    publish(cache, NAME, OLD, weights[0])
    publish(cache, NAME, NEW, weights[1])
    assert (loaded(f"{NAME}@{OLD}"), loaded(f"{NAME}@{NEW}")) == (1, 2)
    assert resolved(f"{NAME}@{OLD}") == f"{NAME}@{OLD}"


def test_a_kept_commit_that_is_none_is_refused(cache, weights):
    publish(cache, NAME, OLD, weights[0])
    (cache / "models--someone--nllb" / hub.KEPT).write_text("../../main")
    with pytest.raises(ValueError, match="refs/workbook holds '../../main', not a commit; correct"):
        loaded(NAME)


@pytest.mark.parametrize("name", [NAME, f"{NAME}@{NEW}"])
def test_what_the_cache_lacks_is_named(cache, name):
    with pytest.raises(ValueError, match=f"no NLLB checkpoint at {name}"):
        loaded(name)


def test_a_folder_is_what_it_is(cache, weights, tmp_path):
    for path in (weights[0], tmp_path / "missing", f"{tmp_path}/model@{OLD}"):
        assert source(path) == {"pretrained_model_name_or_path": str(path)}
        assert resolved(path) == pinned(str(path)) == str(path)


def test_a_language_model_and_its_tokenizer_are_of_one_commit(cache, tmp_path):
    for commit, text in ((OLD, "tere hommikust "), (NEW, "good morning ")):
        folder = tmp_path / commit
        tokenizer = train_qwen_tokenizer([text * 20], 270, folder)
        config = Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=8,
            intermediate_size=8,
            num_hidden_layers=1,
            num_attention_heads=1,
            num_key_value_heads=1,
        )
        Qwen2ForCausalLM(config).save_pretrained(folder)
        publish(cache, "someone/qwen", commit, folder)
    vocabularies = []
    for commit in (OLD, NEW):
        model, tokenizer = load_language_model(f"someone/qwen@{commit}")
        assert model.config.vocab_size == len(tokenizer)
        vocabularies.append(tokenizer.get_vocab())
    assert vocabularies[0] != vocabularies[1]


def test_an_unknown_encoder_of_the_hub_is_named(cache):
    with pytest.raises(ValueError, match="no speech encoder at someone/encoder"):
        load_speech_encoder("someone/encoder")


@pytest.mark.parametrize("name", REVISIONS)
def test_a_pin_is_a_commit(name):
    assert COMMIT.fullmatch(REVISIONS[name])
    assert source(name)["revision"] == REVISIONS[name]


def calls_of_from_pretrained():
    for path in sorted((ROOT / "lib").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "from_pretrained":
                yield path.relative_to(ROOT), ast.unparse(node)


def test_nothing_is_loaded_without_its_commit():
    calls = list(calls_of_from_pretrained())
    assert len(calls) > 10
    # a tokenizer that was saved a line before is of a folder
    wrong = [call for call in calls if not re.search(r"\(folder\)|\*\*source\(", call[1])]
    assert wrong == []
