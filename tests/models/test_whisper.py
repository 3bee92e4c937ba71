"""Whisper's encoder: Hugging Face's in a window, and the same states in any batch without one."""

import copy

import pytest
import torch
from transformers import WhisperConfig
from transformers.models.whisper.modeling_whisper import WhisperEncoder

from lib.data.batch import lengths_mask
from lib.data.collate import Collator
from lib.models.speech_encoder import SpeechEncoder
from lib.models.whisper_encoder import WhisperSpeechEncoder, whisper_shape
from lib.tasks import ASR, examples
from lib.training.ctc import CtcObjective, FrameModel

LETTERS = "abcdefghijklmnopqrstuvwxyz "
WIDTH = 32


def features(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def ones(*shape):
    return torch.ones(*shape, dtype=torch.long)


def shortened(model, states):
    """Hugging Face's encoder for a window of so many states, with the same weights."""
    config = copy.deepcopy(model.config)
    config.max_source_positions = states
    shorter, weights = WhisperEncoder(config).eval(), model.state_dict()
    name = "embed_positions.weight"
    shorter.load_state_dict(weights | {name: weights[name][:states]})
    return shorter


@pytest.fixture(scope="module")
def encoder(whisper):
    return whisper().encoder


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("train", "eng"), ASR)[:3]


# ---- the states are Hugging Face's ----


@torch.no_grad()
@pytest.mark.parametrize("pad_to_window", [True, False])
def test_a_full_window_has_hugging_faces_states(whisper, pad_to_window):
    encoder, given = whisper(pad_to_window).encoder, features(2, 3000, 80)
    states, mask = encoder.frame_states(given, ones(2, 3000))
    expected = encoder.model(given.transpose(1, 2)).last_hidden_state
    assert torch.allclose(states, expected, atol=1e-5)
    assert mask.shape == (2, 1500) and mask.all()


@torch.no_grad()
@pytest.mark.parametrize("states", [5, 48, 131])
def test_a_clip_of_its_own_length_has_those_of_a_window_of_that_length(encoder, states):
    given = features(1, 2 * states, 80)
    found, _ = encoder.frame_states(given, ones(1, 2 * states))
    expected = shortened(encoder.model, states)(given.transpose(1, 2)).last_hidden_state
    assert torch.allclose(found, expected, atol=1e-5)


@torch.no_grad()
def test_the_silence_of_a_window_is_attended_to(whisper, chosen):
    encoder = whisper(pad_to_window=True).encoder
    (given,) = encoder.feature_extractor(30.0).extract([chosen[0].audio])
    plain, mask = encoder.frame_states(given[None], ones(1, 3000))
    louder = given.clone()
    louder[-2:] += 1.0
    found, _ = encoder.frame_states(louder[None], ones(1, 3000))
    assert mask.all()
    assert not torch.allclose(found[:, 0], plain[:, 0], atol=1e-6)


# ---- lengths and padding ----


@torch.no_grad()
@pytest.mark.parametrize("frames, states", [(1, 1), (2, 1), (9, 5), (10, 5), (11, 6), (3000, 1500)])
def test_a_state_stands_for_each_pair_of_frames_begun(encoder, frames, states):
    found, mask = encoder.frame_states(features(1, frames, 80), ones(1, frames))
    assert found.shape == (1, states, WIDTH)
    assert mask.tolist() == [[1] * states]


@torch.no_grad()
def test_states_do_not_depend_on_the_batch_nor_on_what_padding_holds(encoder):
    lengths = [61, 10, 11, 60, 33]
    given, mask = features(len(lengths), max(lengths), 80), lengths_mask(lengths)
    given[~mask.bool()] = 9.0
    together, real = encoder.frame_states(given, mask)
    for row, length in enumerate(lengths):
        alone, _ = encoder.frame_states(given[row : row + 1, :length], ones(1, length))
        assert int(real[row].sum()) == alone.shape[1]
        assert torch.allclose(together[row, : alone.shape[1]], alone[0], atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("length", [20, 21])
def test_padding_that_changes_changes_no_real_state(encoder, length):
    given, mask = features(2, 40, 80), lengths_mask([40, length])
    plain, real = encoder.frame_states(given, mask)
    given[1, length:] += 5.0
    found, _ = encoder.frame_states(given, mask)
    assert torch.equal(found[real.bool()], plain[real.bool()])


@torch.no_grad()
def test_bfloat16_is_near_float32(encoder):
    """A mask in float32 must fit attention in bfloat16."""
    given, mask = features(2, 40, 80), lengths_mask([40, 13])
    exact, real = encoder.frame_states(given, mask)
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = encoder.frame_states(given, mask)
    found, exact = found[real.bool()].float(), exact[real.bool()]
    assert (found - exact).abs().mean() < 0.1 * exact.abs().mean()


def test_dropout_is_drawn_in_train_mode_alone(whisper):
    encoder = whisper(seed=2).encoder
    encoder.model.dropout = 0.5
    given, mask = features(1, 20, 80), ones(1, 20)
    for training in (True, False):
        encoder.model.train(training)
        one, other = (encoder.frame_states(given, mask)[0] for _ in range(2))
        assert torch.equal(one, other) is not training


# ---- what others ask of it ----


def test_it_is_a_speech_encoder_that_ctc_can_train(whisper):
    model = whisper()
    assert isinstance(model.encoder, SpeechEncoder)
    assert isinstance(model.encoder, FrameModel) and isinstance(model, FrameModel)


def test_its_shape_is_that_of_its_states_and_features(whisper, chosen):
    encoder = whisper().encoder
    (given,) = encoder.feature_extractor(30.0).extract([chosen[0].audio])
    states, _ = encoder.frame_states(given[None], ones(1, len(given)))
    shape = encoder.shape
    assert (given.shape[1], states.shape[2]) == (shape.input_width, shape.width)
    assert states.shape[1] == -(-len(given) // shape.stack)


def test_the_published_shape():
    """`openai/whisper-large-v3`."""
    config = WhisperConfig(
        d_model=1280, encoder_attention_heads=20, encoder_ffn_dim=5120, num_mel_bins=128
    )
    shape = whisper_shape(config)
    assert (shape.width, shape.heads, shape.feed_forward) == (1280, 20, 5120)
    assert (shape.input_width, shape.stack) == (128, 2)
    with torch.device("meta"):
        encoder = WhisperSpeechEncoder(WhisperEncoder(config))
    assert encoder.window_seconds == 30.0
    assert encoder.feature_extractor(30.0).mels == 128


@pytest.mark.parametrize("pad_to_window, frames", [(True, 3000), (False, None)])
def test_features_are_of_the_window_or_of_the_true_length(whisper, chosen, pad_to_window, frames):
    encoder = whisper(pad_to_window).encoder
    (given,) = encoder.feature_extractor(30.0).extract([chosen[0].audio])
    assert len(given) == (frames or round(chosen[0].seconds * 100))


def test_ctc_lowers_its_loss(whisper, chosen):
    model = whisper(seed=4)
    objective = CtcObjective(model, LETTERS, seed=1)
    batch = Collator(objective, model.feature_extractor(30.0))(chosen)
    optimizer, losses = torch.optim.Adam(objective.parameters(), 3e-3), []
    for _ in range(60):
        optimizer.zero_grad()
        loss = objective(batch)
        (loss.total / loss.count).backward()
        optimizer.step()
        losses.append(loss.total.item() / loss.count)
    assert losses[-1] < 0.6 * losses[0]
    assert not objective.too_long


def test_all_weights_of_the_encoder_are_trained_by_ctc(whisper, chosen):
    model = whisper(seed=4)
    objective = CtcObjective(model, LETTERS, seed=1)
    objective(Collator(objective, model.feature_extractor(30.0))(chosen)).total.backward()
    encoder = model.frame_encoder
    trained = {n for n, p in encoder.named_parameters() if p.grad is not None and p.grad.any()}
    fixed = {"embed_positions.weight"}  # sinusoids
    assert {n for n, _ in encoder.named_parameters()} - trained == fixed
