"""What is held equal is equal, and what is named by its paper does what the paper says."""

import pytest
import torch

from lib.systems.speed import systems
from lib.systems.speed.arithmetic import encoder_weights, language_model_weights, work
from lib.systems.speed.grid import noise
from lib.systems.speed.measure import PARTS, Stopwatch
from lib.systems.speed.parts import Parts
from lib.systems.speed.sizes import PRESETS
from tests.systems.speed.conftest import SIZES

SECONDS = 2.0
TEXT = SIZES.text_tokens(SECONDS)
NAMES = [name for name in systems.SYSTEMS if name not in systems.GPU_ONLY]
WHISPER_LM = [name for name in NAMES if name not in (systems.WHISPER, systems.SEAMLESS)]


def run(system, seconds=SECONDS, batch=2):
    watch = Stopwatch("cpu")
    with torch.no_grad():
        return system.run(noise(seconds, batch), watch), watch


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_as_many_tokens_are_written_as_declared(built, name):
    tokens, watch = run(built[name])
    assert tokens.shape == (2, built[name].tokens(SECONDS))
    assert len(watch.tokens_at) == built[name].tokens(SECONDS)


def test_systems_that_are_compared_write_equally_many(built):
    both = {name: s.tokens(SECONDS) for name, s in built.items() if s.output == systems.BOTH}
    assert both.pop(systems.CASCADE) == 2 * TEXT
    assert set(both.values()) == {2 * TEXT + SIZES.tag_tokens} and len(both) == 4
    alone = [s.tokens(SECONDS) for s in built.values() if s.output == systems.TRANSLATION]
    assert set(alone) == {TEXT} and len(alone) == 4


def test_language_models_are_of_one_size(built, parts):
    assert count(built[systems.QWEN2_AUDIO].model.language_model) == count(parts.language_model)
    assert built[systems.PUBLISHED].model.language_model is parts.language_model


def test_a_qwen2_audio_of_these_sizes_has_that_language_model(parts):
    config = parts.qwen2_audio.config
    fresh = type(parts.qwen2_audio)(config).language_model
    assert count(fresh) == count(parts.language_model)


def test_encoders_are_of_one_size(built, parts):
    own = count(parts.whisper.model.encoder)
    assert count(parts.qwen2_audio.audio_tower) == own
    assert count(built[systems.STRIDED].model.encoder) == own


def test_attention_is_the_fused_one_in_both_rivals(parts):
    tower = parts.qwen2_audio.audio_tower
    models = (parts.whisper.model.encoder, tower, parts.language_model)
    assert {model.config._attn_implementation for model in models} == {"sdpa"}


def encoded(system, seconds=SECONDS):
    """The states of an encoder that a bridge was given."""
    seen = []
    hook = system.model.bridge.register_forward_pre_hook(lambda _, args: seen.append(args[0]))
    try:
        run(system, seconds)
    finally:
        hook.remove()
    return seen[0].shape[1]


def test_the_published_system_encodes_30_seconds(built):
    assert encoded(built[systems.PUBLISHED]) == 1500


def test_with_true_length_no_silence_is_encoded(built):
    assert encoded(built[systems.TRUE_LENGTH]) == 50 * SECONDS


@pytest.mark.parametrize(
    "name, positions",
    [
        (systems.PUBLISHED, 80),
        (systems.TRUE_LENGTH, 80),
        (systems.STRIDED, 375),
        (systems.QWEN2_AUDIO_BOTH, 750),
    ],
)
def test_positions_that_30_seconds_take(built, name, positions):
    _, watch = run(built[name], 30.0, 1)
    assert watch.positions == positions + SIZES.tag_tokens


def test_the_same_tokens_with_a_static_cache(parts):
    dynamic = systems.SYSTEMS[systems.TRUE_LENGTH_TRANSLATION](parts)
    static = systems.SYSTEMS[systems.COMPILED](parts)
    static.model.load_state_dict(dynamic.model.state_dict())
    assert static.options and torch.equal(run(dynamic)[0], run(static)[0])


def test_every_system_runs_in_bf16():
    half = Parts(SIZES)
    half.dtype = torch.bfloat16  # as on a GPU
    for system in systems.build_systems(half).values():
        assert {w.dtype for w in system.weights()} == {torch.bfloat16}
        run(system, 1.0, 1)


def test_sizes_of_a_gpu_are_refused_on_a_cpu():
    with pytest.raises(ValueError, match="need a GPU"):
        Parts(PRESETS["full"], "cpu")


@pytest.mark.parametrize("name", WHISPER_LM)
def test_parts_are_all_seen(built, name):
    _, watch = run(built[name])
    without = {"bridge"} if name == systems.CASCADE else set()
    assert {part for part in PARTS if not watch.parts[part]} == without


def test_counted_weights_are_those_of_the_models(parts):
    model = parts.language_model
    embeddings = count(model.get_input_embeddings())
    matrices = [p for p in model.parameters() if p.dim() > 1]
    assert language_model_weights(SIZES) == sum(p.numel() for p in matrices) - embeddings
    encoder = parts.whisper.model.encoder
    weights = {n: p for n, p in encoder.named_parameters() if p.dim() > 1}
    weights.pop("embed_positions.weight")
    assert encoder_weights(SIZES) == sum(p.numel() for p in weights.values())


def test_the_published_sizes_are_those_of_the_papers():
    assert encoder_weights(PRESETS["full"]) / 1e6 == pytest.approx(637, rel=0.01)
    assert language_model_weights(PRESETS["full"]) / 1e9 == pytest.approx(7.07, rel=0.01)


def test_more_positions_are_more_work_before_the_first_token_alone():
    few, many = (work(PRESETS["full"], 30.0, positions) for positions in (90, 760))
    assert many.prefill > 8 * few.prefill and many.encoder == few.encoder
    assert many.weights_bytes == few.weights_bytes and many.cache_bytes > few.cache_bytes
