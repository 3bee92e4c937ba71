"""BERTScore with small random models, saved in the layout of the hub's."""

import json

import pytest
import torch
from bert_score import score
from bert_score.utils import model2layers
from transformers import (
    BertConfig,
    BertForPreTraining,
    BertTokenizer,
    DebertaConfig,
    DebertaForSequenceClassification,
    DebertaTokenizer,
)

from lib.scoring import bert_score as module
from lib.scoring.bert_score import bert_score, default_model

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] the cat sat on a mat dog no answer".split()
ANSWERS = ["the cat sat", "a dog", "no answer", "mat on the"]
SIZE = {
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 12,
}
RIGHT = ["the cat sat", "the cat", "a mat", "on the mat"]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """With the heads that bert-base-multilingual-cased has too."""
    folder = tmp_path_factory.mktemp("bert")
    (folder / "vocab.txt").write_text("\n".join(WORDS))
    BertTokenizer(folder / "vocab.txt").save_pretrained(folder)
    torch.manual_seed(1)
    BertForPreTraining(BertConfig(vocab_size=len(WORDS), **SIZE)).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def deberta(tmp_path_factory):
    """With the head of deberta-xlarge-mnli, and its relative positions."""
    folder = tmp_path_factory.mktemp("deberta")
    pieces = ["[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]", *"abcdefghijklmnopqrstuvwxyzĠ"]
    (folder / "vocab.json").write_text(json.dumps({piece: n for n, piece in enumerate(pieces)}))
    (folder / "merges.txt").write_text("#version: 0.2\na n\n")
    tokenizer = DebertaTokenizer(folder / "vocab.json", folder / "merges.txt")
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    relative = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"]}
    size = SIZE | {"max_position_embeddings": 20, "pad_token_id": 1}
    config = DebertaConfig(vocab_size=len(tokenizer), num_labels=3, **relative, **size)
    DebertaForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("kind", ["checkpoint", "deberta"])
def test_scores_are_those_of_the_package(request, kind, layers):
    checkpoint = request.getfixturevalue(kind)
    expected = score(ANSWERS, RIGHT, model_type=checkpoint, num_layers=layers, device="cpu")[2]
    found = bert_score(ANSWERS, RIGHT, checkpoint, layers)
    assert found == pytest.approx(expected.tolist(), abs=1e-5)
    assert found[0] == pytest.approx(1, abs=1e-5)
    assert all(value < 0.999 for value in found[1:])


def test_layers_decide_the_score(checkpoint):
    assert bert_score(ANSWERS, RIGHT, checkpoint, 1) != bert_score(ANSWERS, RIGHT, checkpoint, 3)


def test_of_several_right_answers_the_best_counts(checkpoint):
    several = bert_score(["a dog"], ["the cat\na dog\na mat"], checkpoint, 2)
    assert several == pytest.approx([1], abs=1e-5)


def test_an_empty_output_scores_zero(checkpoint):
    assert bert_score(["", "a dog"], ["the cat", "a dog"], checkpoint, 2)[0] == 0


@pytest.mark.parametrize("code, model", [("eng", "deberta-xlarge-mnli"), ("zho", "multilingual")])
def test_default_models_are_tuned_by_the_package(code, model):
    assert model in default_model(code)
    assert default_model(code) in model2layers


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((["a"], []), "1 hypotheses for 0 references"),
        ((["a"], ["a"], None), "no number of layers for .*; give `layers`"),
        ((["a"], ["a"], 4), "layers is 4, but .* has 3; use 1 to 3"),
        ((["the cat " * 9], ["a"], 2), "20 tokens, but .* reads 12: the cat the"),
    ],
)
def test_bad_arguments_are_named(checkpoint, arguments, message):
    hypotheses, references, *layers = arguments
    with pytest.raises(ValueError, match=message):
        bert_score(hypotheses, references, checkpoint, *layers)


def test_a_missing_checkpoint_is_named(tmp_path):
    with pytest.raises(ValueError, match="no BERTScore checkpoint at .*nothing"):
        bert_score(["a"], ["a"], str(tmp_path / "nothing"), 2)


def test_pickles_are_refused(checkpoint, tmp_path):
    from transformers import BertModel

    folder = tmp_path / "pickled"
    BertModel.from_pretrained(checkpoint).save_pretrained(folder, safe_serialization=False)
    with pytest.raises(ValueError, match="no BERTScore checkpoint"):
        bert_score(["a"], ["a"], str(folder), 2)


def test_a_checkpoint_of_something_else_is_refused(checkpoint, monkeypatch):
    monkeypatch.setattr(module, "_UNUSED", ())
    with pytest.raises(ValueError, match="has, unexpectedly"):
        bert_score(["a"], ["a"], checkpoint, 2)
