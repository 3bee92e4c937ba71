"""The published sizes of the models that the papers start from, so that they need no download."""

from __future__ import annotations

from copy import deepcopy

from transformers import (
    M2M100Config,
    MT5Config,
    Phi3Config,
    PretrainedConfig,
    Qwen2Config,
    SeamlessM4Tv2Config,
    Wav2Vec2BertConfig,
    WhisperConfig,
)


def _qwen(hidden: int, layers: int, heads: int, own: int, feed_forward: int) -> Qwen2Config:
    """Qwen2.5; `own`: heads of keys and values."""
    return Qwen2Config(
        vocab_size=151_936 if hidden < 3584 else 152_064,
        hidden_size=hidden,
        intermediate_size=feed_forward,
        num_hidden_layers=layers,
        num_attention_heads=heads,
        num_key_value_heads=own,
        tie_word_embeddings=hidden < 3584,
    )


def _mt0(hidden: int, heads: int, feed_forward: int) -> MT5Config:
    return MT5Config(
        vocab_size=250_112,
        d_kv=64,
        num_layers=24,
        d_model=hidden,
        num_heads=heads,
        d_ff=feed_forward,
        decoder_start_token_id=0,
    )


_CONFIGS: dict[str, PretrainedConfig] = {  # by name on the hub
    "facebook/seamless-m4t-v2-large": SeamlessM4Tv2Config(),  # the defaults are its sizes
    "facebook/w2v-bert-2.0": Wav2Vec2BertConfig(),  # and so are these
    "facebook/nllb-200-distilled-1.3B": M2M100Config(
        vocab_size=256_206,
        d_model=1024,
        encoder_layers=24,
        decoder_layers=24,
        encoder_attention_heads=16,
        decoder_attention_heads=16,
        encoder_ffn_dim=8192,
        decoder_ffn_dim=8192,
        encoder_layerdrop=0,
        decoder_layerdrop=0,
        max_position_embeddings=1024,
        activation_dropout=0.0,
        attention_dropout=0.1,
        init_std=0.02,
    ),
    "openai/whisper-large-v3": WhisperConfig(
        vocab_size=51_866,
        d_model=1280,
        encoder_layers=32,
        encoder_attention_heads=20,
        encoder_ffn_dim=5120,
        decoder_layers=32,
        decoder_attention_heads=20,
        decoder_ffn_dim=5120,
        num_mel_bins=128,
    ),
    "Qwen/Qwen2.5-0.5B": _qwen(896, 24, 14, 2, 4864),
    "Qwen/Qwen2.5-1.5B": _qwen(1536, 28, 12, 2, 8960),
    "Qwen/Qwen2.5-3B": _qwen(2048, 36, 16, 2, 11_008),
    "Qwen/Qwen2.5-7B": _qwen(3584, 28, 28, 4, 18_944),
    "Qwen/Qwen2.5-32B": _qwen(5120, 64, 40, 8, 27_648),
    "microsoft/Phi-4-mini-instruct": Phi3Config(
        vocab_size=200_064,
        hidden_size=3072,
        intermediate_size=8192,
        num_hidden_layers=32,
        num_attention_heads=24,
        num_key_value_heads=8,
        partial_rotary_factor=0.75,
        tie_word_embeddings=True,
        pad_token_id=199_999,
    ),
    "bigscience/mt0-xl": _mt0(2048, 32, 5120),
    "bigscience/mt0-xxl": _mt0(4096, 64, 10_240),
}


def published(hub: str) -> PretrainedConfig:
    """The configuration of a model by its name on the hub; a copy, since models write into it."""
    return deepcopy(_CONFIGS[hub])
