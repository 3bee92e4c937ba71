"""The states of every layer of both speech encoders."""

import pytest
import torch

from lib.data.batch import lengths_mask
from lib.models.w2v_bert import W2vBertSize, build_w2v_bert

W2V_BERT = W2vBertSize(hidden=32, heads=2, layers=3, feed_forward=64, stack=2)
HIDDEN, LENGTHS = 32, [31, 4, 18]
ENCODERS = ["w2v_bert", "whisper"]


@pytest.fixture(scope="module")
def encoder(whisper):
    """`encoder(kind)`: in eval mode, its number of layers, and the width of its features."""

    def encoder(kind):
        if kind == "w2v_bert":
            return build_w2v_bert(W2V_BERT, seed=1).eval(), 3, 160
        return whisper(False).encoder, 2, 80

    return encoder


def features(width, lengths=LENGTHS):
    rng = torch.Generator().manual_seed(0)
    mask = lengths_mask(lengths)
    given = torch.randn(*mask.shape, width, generator=rng)
    return given.masked_fill(~mask.bool().unsqueeze(-1), 3.0), mask


@torch.no_grad()
@pytest.mark.parametrize("kind", ENCODERS)
def test_the_last_layers_are_the_frame_states(encoder, kind):
    model, layers, width = encoder(kind)
    given, mask = features(width)
    found, found_mask = model.layer_states(given, mask)
    wanted, wanted_mask = model.frame_states(given, mask)
    assert found.shape == (*wanted.shape[:2], layers * HIDDEN)
    assert torch.equal(found[..., -HIDDEN:], wanted)
    assert torch.equal(found_mask, wanted_mask)


@torch.no_grad()
@pytest.mark.parametrize("kind", ENCODERS)
def test_states_of_all_layers_do_not_depend_on_the_batch(encoder, kind):
    model, _, width = encoder(kind)
    given, mask = features(width)
    together, real = model.layer_states(given, mask)
    for row, length in enumerate(LENGTHS):
        alone, own = model.layer_states(given[row : row + 1, :length], mask[row : row + 1, :length])
        assert int(real[row].sum()) == int(own.sum()) == alone.shape[1]
        assert torch.allclose(together[row, : alone.shape[1]], alone[0], atol=1e-5)


@torch.no_grad()
def test_those_of_w2v_bert_are_hugging_faces_without_the_input(encoder):
    model, layers, width = encoder("w2v_bert")
    given, mask = features(width)
    theirs = model.model(given, attention_mask=mask, output_hidden_states=True).hidden_states
    found, _ = model.layer_states(given, mask)
    assert len(theirs) == layers + 1
    assert torch.equal(found, torch.cat(theirs[1:], -1))


@torch.no_grad()
def test_those_of_whisper_are_hugging_faces_for_a_whole_window(whisper):
    """Theirs knows no mask: a window has none. Its last state is after the final norm, too."""
    model = whisper(True).encoder
    given, mask = features(80, [3000])
    theirs = model.model(given.transpose(1, 2), output_hidden_states=True).hidden_states
    found, found_mask = model.layer_states(given, mask)
    assert found_mask.shape == (1, 1500) and found_mask.all()
    assert torch.allclose(found, torch.cat(theirs[1:], -1), atol=1e-5)


@pytest.mark.parametrize("kind", ENCODERS)
def test_the_shape_has_the_number_of_layers(encoder, kind):
    model, layers, _ = encoder(kind)
    assert (model.shape.layers, model.shape.width) == (layers, HIDDEN)
