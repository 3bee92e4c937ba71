"""What sizes ask of a machine, counted and not measured: operations and bytes of one clip."""

from __future__ import annotations

from dataclasses import dataclass

from lib.models.whisper_encoder import SECONDS_PER_STATE
from lib.systems.speed.sizes import Sizes

BYTES = 2  # of a number in bf16
OPERATIONS = 2  # of a weight and an input: multiply and add


@dataclass(frozen=True, kw_only=True)
class Work:
    """The work of one clip up to the first token, and of each further token."""

    encoder: float  # operations
    prefill: float  # operations of the language model
    weights_bytes: float  # read for each token, once for all clips of a batch
    cache_bytes: float  # read for each token of each clip, at the first one


def encoder_weights(sizes: Sizes) -> int:
    """Weights of the encoder's matrices; biases, norms and positions are left out."""
    size = sizes.whisper
    layer = 4 * size.hidden**2 + 2 * size.hidden * size.feed_forward
    return size.layers * layer + 3 * size.hidden * (size.mels + size.hidden)


def language_model_weights(sizes: Sizes) -> int:
    """Weights of the language model's matrices, the input embeddings left out."""
    size = sizes.language_model
    own = size.hidden // size.heads * size.key_value_heads
    layer = 2 * size.hidden**2 + 2 * size.hidden * own + 3 * size.hidden * size.feed_forward
    return size.layers * layer + size.hidden * size.subwords


def work(sizes: Sizes, heard_seconds: float, positions: int) -> Work:
    """The work for a clip.

    Args:
        heard_seconds: that the encoder is given, silence included.
        positions: that the language model reads.
    """
    states, whisper, model = heard_seconds / SECONDS_PER_STATE, sizes.whisper, sizes.language_model
    attended = 2 * OPERATIONS * whisper.layers * whisper.hidden * states**2
    seen = OPERATIONS * model.layers * model.hidden * positions**2  # causal: half of all pairs
    head = model.hidden * model.subwords  # of the last position alone
    read = language_model_weights(sizes)
    own = model.hidden // model.heads * model.key_value_heads
    return Work(
        encoder=OPERATIONS * encoder_weights(sizes) * states + attended,
        prefill=OPERATIONS * ((read - head) * positions + head) + seen,
        weights_bytes=BYTES * read,
        cache_bytes=BYTES * 2 * model.layers * own * positions,
    )
