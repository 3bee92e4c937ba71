"""That cached states change no loss is in tests/invariance."""

import os
from dataclasses import replace

import pytest
import torch

from lib.data.augment import Augment
from lib.tasks import ST, examples
from lib.training.encoder_states import EncoderStateCache, encoder_state_cache
from lib.training.stages import Stage
from tests.disks import mounted, read_only

FROZEN = Stage(
    name="frozen",
    updates=5,
    learning_rate=1e-3,
    warmup_updates=1,
    frozen=("speech_encoder",),
)


@pytest.fixture
def batch(collate, corpus):
    return collate(examples(corpus.split("train", "est"), ST, "eng")[:3])


@pytest.fixture
def filled(model, batch, tmp_path):
    """The states of a batch; they are on disk afterwards."""
    return EncoderStateCache(tmp_path, model)(batch)


def test_states_are_the_encoders(model, batch, filled):
    states, mask = model.encode_speech(batch.speech, batch.mask)
    real = mask.unsqueeze(-1)
    assert torch.equal(filled.states_mask, mask)
    assert torch.allclose(filled.states * real, states * real, atol=1e-5)


def test_states_are_read_back_equal(model, batch, filled, tmp_path):
    cache = EncoderStateCache(tmp_path, model)
    assert torch.equal(cache(batch).states, filled.states)
    assert cache.computed == 0


def test_an_incomplete_line_is_computed_again(model, batch, filled, tmp_path):
    (index,) = tmp_path.glob("*.jsonl")
    index.write_text(index.read_text()[:-9])
    cache = EncoderStateCache(tmp_path, model)
    assert torch.allclose(cache(batch).states, filled.states, atol=1e-5)
    assert cache.computed == 1


def test_what_follows_half_a_number_and_half_a_line_is_read_back(model, batch, filled, tmp_path):
    (data,), (index,) = tmp_path.glob("*.bin"), tmp_path.glob("*.jsonl")
    with open(data, "ab") as file:
        file.write(b"ab")
    index.write_text(index.read_text()[:-9])
    EncoderStateCache(tmp_path, model)(batch)
    cache = EncoderStateCache(tmp_path, model)
    assert torch.allclose(cache(batch).states, filled.states, atol=1e-5)
    assert cache.computed == 0


def test_states_are_read_and_new_ones_not_stored_where_nobody_can_write(
    model, batch, filled, tmp_path
):
    """Such as in the cache of another user."""
    before = {path: path.read_bytes() for path in tmp_path.glob("*.*")}
    with read_only(tmp_path):
        cache = EncoderStateCache(tmp_path, model)
        assert torch.equal(cache(batch).states, filled.states)
        new = EncoderStateCache(tmp_path / "new", model)
        assert torch.allclose(new(batch).states, filled.states, atol=1e-5)
    assert (cache.computed, new.not_stored) == (0, 3)
    assert {path: path.read_bytes() for path in tmp_path.glob("*.*")} == before


def test_a_line_whose_numbers_are_missing_is_computed_again(model, batch, filled, tmp_path):
    (data,) = tmp_path.glob("*.bin")
    data.write_bytes(data.read_bytes()[:-40])
    cache = EncoderStateCache(tmp_path, model)
    assert torch.allclose(cache(batch).states, filled.states, atol=1e-5)
    assert cache.computed == 1


def test_another_encoder_has_states_of_its_own(model, batch, filled, tmp_path):
    with torch.no_grad():
        model.speech.speech_encoder.feature_projection.projection.weight.mul_(2)
    cache = EncoderStateCache(tmp_path, model)
    assert not torch.allclose(cache(batch).states, filled.states, atol=1e-2)
    assert cache.computed == 3


def test_an_encoder_in_train_mode_is_refused(model, batch, tmp_path):
    cache = EncoderStateCache(tmp_path, model)
    model.train()
    with pytest.raises(ValueError, match="train mode"):
        cache(batch)


@pytest.mark.parametrize(
    "stage, allowed",
    [
        (FROZEN, True),
        (replace(FROZEN, augment=Augment(mel_masks=1)), False),
        (replace(FROZEN, frozen=("speech_encoder.encoder",)), False),
        (replace(FROZEN, frozen=()), False),
    ],
    ids=["frozen", "augmented", "partly frozen", "trained"],
)
def test_a_cache_where_the_stage_allows_it(model, tmp_path, stage, allowed):
    assert (encoder_state_cache(model, stage, tmp_path) is not None) is allowed


def test_clips_beyond_the_budget_are_encoded_each_time(model, batch, filled, tmp_path):
    one = int(filled.states_mask.sum(1)[0]) * model.states_width * 4
    cache = EncoderStateCache(tmp_path / "small", model, max_bytes=one)
    first, second = cache(batch), cache(batch)
    (data,) = (tmp_path / "small").glob("*.bin")
    assert data.stat().st_size <= one
    assert cache.not_stored >= 4  # two of three clips, twice
    assert torch.allclose(first.states, filled.states, atol=1e-5)
    assert torch.allclose(second.states, filled.states, atol=1e-5)


def test_damaged_states_are_computed_again(model, batch, filled, tmp_path, capsys):
    (data,) = tmp_path.glob("*.bin")
    numbers = bytearray(data.read_bytes())
    numbers[10] ^= 64
    data.write_bytes(numbers)
    cache = EncoderStateCache(tmp_path, model)
    assert torch.allclose(cache(batch).states, filled.states, atol=1e-5)
    assert cache.computed == 1
    assert capsys.readouterr().err.count("are damaged; computed again") == 1


BAD_LINES = ("[" * 9999, "{}", '["a", "b", 1, ""]', '["a", 1e999, 1, ""]', "\0")


@pytest.mark.parametrize("line", BAD_LINES)
def test_damaged_lines_of_the_index_are_left_out(model, batch, filled, tmp_path, line):
    (index,) = tmp_path.glob("*.jsonl")
    index.write_text(f"{line}\n{index.read_text()}")
    cache = EncoderStateCache(tmp_path, model)
    assert torch.equal(cache(batch).states, filled.states)


def test_a_file_that_was_replaced_is_encoded_again(model, batch, filled, tmp_path):
    """Also by one of an older time and the same size."""
    audio = batch.examples[0].audio
    facts, content = audio.stat(), audio.read_bytes()
    audio.write_bytes(content)
    os.utime(audio, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    cache = EncoderStateCache(tmp_path, model)
    cache(batch)
    assert cache.computed == 1


def test_a_full_disk_does_not_stop_a_training(model, batch, filled, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    with mounted(small, "8k"):
        cache = EncoderStateCache(small, model)
        cache.max_bytes = 10**9
        (small / "rest").write_bytes(b"x" * 8192)  # the disk fills up after the start
        assert torch.allclose(cache(batch).states, filled.states, atol=1e-5)
        assert torch.allclose(cache(batch).states, filled.states, atol=1e-5)
        assert cache.not_stored == 6
