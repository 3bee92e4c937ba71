"""Tags are tokens with embeddings of their own; alignment trains them and the bridge alone."""

import pytest
import torch

from lib.decoding import Search, decode
from lib.systems.it_ist.recipe import FROZEN
from lib.training.fit import fit
from lib.training.objectives import Seq2SeqObjective
from lib.training.stages import Stage
from tests.models.speech_lm.conftest import TAGS

ALIGN = Stage(
    name="align",
    updates=4,
    learning_rate=1e-3,
    warmup_updates=1,
    batch_seconds=6.0,
    frozen=FROZEN,
)


@pytest.fixture(scope="module")
def aligned(build, spoken, tmp_path_factory):
    """The weights before, and the model after, a few updates with IT-IST's frozen parts."""
    from lib.data.collate import Collator

    model = build()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    collate = Collator(model, model.feature_extractor(30.0))
    folder = tmp_path_factory.mktemp("align")
    fit(Seq2SeqObjective(model, 0.0), ALIGN, spoken, collate, folder, seed=1)
    return before, model


def test_a_tag_is_read_by_its_own_row(build):
    model = build()
    ids = torch.tensor([model.tokenizer.convert_tokens_to_ids(list(TAGS)) + [5, 6]])
    found = model.embed(ids)[0]
    assert torch.equal(found[:3], model.tags.weight)
    assert torch.equal(found[3:], model.language_model.get_input_embeddings().weight[[5, 6]])


def test_tags_are_new_rows_and_the_language_model_keeps_its_own(build, build_text):
    own = build().language_model.get_input_embeddings().weight
    assert torch.equal(own, build_text().language_model.get_input_embeddings().weight)


def test_tags_are_as_large_as_other_tokens(build):
    model = build(tags=tuple(f"<|{i}|>" for i in range(200)))
    own = model.language_model.get_input_embeddings().weight.std()
    assert model.tags.weight.std().item() == pytest.approx(own.item(), rel=0.05)


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_bridge_and_tags_are_those_of_the_seed(build, seed, same):
    one, other = build().state_dict(), build(seed=seed).state_dict()
    drawn = (
        "tags.weight",
        "bridge.projection.weight",
        "bridge.convs.layers.0.ffn.output_dense.weight",
    )
    assert [torch.equal(one[name], other[name]) for name in drawn] == [same] * 3
    name = "language_model.model.layers.0.mlp.up_proj.weight"
    assert torch.equal(one[name], other[name])


def test_tags_that_are_not_used_get_no_gradient(build, collate_for, spoken):
    model = build()
    batch = collate_for(model)(spoken[:1])  # into Spanish: no English tag
    model.logits(batch).logsumexp(-1).sum().backward()
    assert model.tags.weight.grad.abs().sum(1).bool().tolist() == [True, True, False]


def test_frozen_embeddings_get_no_gradient(build, collate_for, spoken):
    model = build()
    model.language_model.requires_grad_(False)
    model.logits(collate_for(model)(spoken)).logsumexp(-1).sum().backward()
    assert model.language_model.get_input_embeddings().weight.grad is None
    assert model.tags.weight.grad.abs().sum() > 0
    assert model.bridge.projection.weight.grad.abs().sum() > 0


@pytest.mark.parametrize("part", ["encoder", "language_model"])
def test_alignment_leaves_the_frozen_parts_equal_to_the_bit(aligned, part):
    before, model = aligned
    after = model.state_dict()
    names = [name for name in after if name.startswith(f"{part}.")]
    assert names
    assert [name for name in names if not torch.equal(after[name], before[name])] == []


def test_alignment_changes_tags_and_every_layer_of_the_bridge(aligned):
    before, model = aligned
    after = model.state_dict()
    names = [name for name in after if name.startswith(("bridge.", "tags."))]
    # a bias of keys adds the same number to all scores of a softmax
    names = [name for name in names if not name.endswith("linear_k.bias")]
    assert [name for name in names if torch.equal(after[name], before[name])] == []


def test_tags_are_never_written(build, collate_for, spoken):
    """Nothing in the output layer stands for them, so none needs to be forbidden."""
    model = build()
    assert model.logits(collate_for(model)(spoken)).shape[-1] == len(model.tokenizer) - len(TAGS)


def test_spare_rows_of_the_output_layer_are_never_written(build, collate_for, spoken, monkeypatch):
    model, written = build(), []
    known = len(model.tokenizer) - len(TAGS)
    model.language_model.resize_token_embeddings(known + 8)
    with torch.no_grad():
        row = 100 * torch.linspace(-1, 1, 32)
        table = model.language_model.get_input_embeddings().weight
        table[known : known + 2] = torch.stack([row, -row])
    batch = collate_for(model)(spoken)
    assert (model.logits(batch).argmax(-1) >= known).any()

    def scores(_logits, output, *_):
        written.append(output)
        return [0.0] * len(output)

    monkeypatch.setattr("lib.models.speech_lm.search.sequence_scores", scores)
    decode(model, spoken, collate_for(model), Search(beams=1, max_new_tokens=4))
    assert max(int(output.max()) for output in written) < known


def test_a_tag_whose_row_the_language_model_has_spare_is_still_its_own(build):
    """Ids of tags may lie inside the table of a published model, which has spare rows."""
    model = build()
    model.language_model.resize_token_embeddings(len(model.tokenizer) + 5)
    ids = torch.tensor([model.tokenizer.convert_tokens_to_ids(list(TAGS))])
    assert torch.equal(model.embed(ids)[0], model.tags.weight)


@pytest.mark.parametrize("tags", [("<|endoftext|>", "<|x|>"), ("<|x|>", "<|x|>")])
def test_a_tag_that_is_no_new_token_is_refused(build, tags):
    with pytest.raises(ValueError, match="tag"):
        build(tags=tags)
