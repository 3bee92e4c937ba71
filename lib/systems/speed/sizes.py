"""Sizes and workload of a measurement at each scale; the weights are random at all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lib.models.bridges.q_former import QFormerConfig
from lib.models.language_model import QwenSize
from lib.models.whisper import WhisperSize
from lib.scales import scaled


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """What is measured, and how often."""

    whisper: WhisperSize = scaled("encoder of all systems but Seamless; decoder of Whisper")
    language_model: QwenSize = scaled("of all systems but Whisper and Seamless")
    q_former: QFormerConfig = scaled("bridge of LLM-SRT")
    seamless: dict[str, Any] = scaled("changes of `SeamlessM4Tv2Config`; none: as published")
    tokens_per_second: float = scaled("tokens of a transcript, or translation, for 1 s of speech")
    batches: tuple[int, ...] = scaled("clips of a batch")
    repetitions: int = scaled("of each generation; 6 give an interval of 97 %")
    memory_mb: float = scaled("that a system may take at its largest batch; GPU: all there is")
    batch_limit: int = scaled("no largest batch beyond it is tried")
    needs_gpu: bool = scaled("too large for a CPU")
    clip_seconds: tuple[float, ...] = (5.0, 10.0, 30.0)
    tag_tokens: int = 10  # of `<|eng|><|deu|>` as subwords: LLM-SRT's prompt, and inside its answer

    def text_tokens(self, seconds: float) -> int:
        """Tokens of the transcript of a clip, and as many of its translation."""
        return max(2, round(seconds * self.tokens_per_second))

    @property
    def middle_clip(self) -> float:
        """Length in seconds of the clips that stand for all, where one length is named."""
        return self.clip_seconds[len(self.clip_seconds) // 2]


def _small(width: int, layers: int) -> dict[str, Any]:
    """Backbones of a CPU; the language model is twice as wide as encoder and Q-Former."""
    heads, inner = width // 32, 4 * width
    return {
        "whisper": WhisperSize(
            hidden=width,
            heads=heads,
            layers=layers,
            decoder_layers=layers,
            feed_forward=inner,
            subwords=1000,
        ),
        "language_model": QwenSize(
            hidden=2 * width,
            heads=2 * heads,
            key_value_heads=heads,
            layers=2 * layers,
            feed_forward=6 * width,
            subwords=1000,
        ),
        "q_former": QFormerConfig(width=width, heads=heads, feed_forward=inner, layers=2 * layers),
        "seamless": {
            "vocab_size": 1000,
            "hidden_size": width,
            "encoder_layers": layers,
            "decoder_layers": layers,
            "encoder_attention_heads": heads,
            "decoder_attention_heads": heads,
            "encoder_ffn_dim": inner,
            "decoder_ffn_dim": inner,
            "speech_encoder_layers": layers,
            "speech_encoder_attention_heads": heads,
            "speech_encoder_intermediate_size": inner,
        },
        "needs_gpu": False,
    }


def _smoke() -> Sizes:
    """Every line of code runs; the figures mean nothing. Seconds."""
    return Sizes(
        **_small(32, 1),
        tokens_per_second=0.2,
        batches=(1, 2),
        repetitions=1,
        memory_mb=40.0,
        batch_limit=4,
    )


def _tiny() -> Sizes:
    """One thread of a CPU, about 3 minutes; the language model is 6 times the encoder."""
    return Sizes(
        **_small(128, 2),
        tokens_per_second=2.0,
        batches=(1, 4),
        repetitions=6,
        memory_mb=120.0,
        batch_limit=64,
    )


def _lab() -> Sizes:
    """Whisper base and Qwen2.5 0.5B; one GPU. Not run at this size."""
    return Sizes(
        whisper=WhisperSize(
            hidden=512, heads=8, layers=6, decoder_layers=6, feed_forward=2048, subwords=51_865
        ),
        language_model=QwenSize(
            hidden=896,
            heads=14,
            key_value_heads=2,
            layers=24,
            feed_forward=4864,
            subwords=151_936,
        ),
        q_former=QFormerConfig(),
        seamless={"speech_encoder_layers": 6, "encoder_layers": 6, "decoder_layers": 6},
        tokens_per_second=3.0,
        batches=(1, 4, 16, 64),
        repetitions=6,
        memory_mb=0.0,
        batch_limit=1024,
        needs_gpu=True,
    )


def _full() -> Sizes:
    """Whisper large-v3, Qwen2.5 7B, SeamlessM4T-v2 large; one GPU of 80 GB. Not run."""
    return Sizes(
        whisper=WhisperSize(
            hidden=1280,
            heads=20,
            layers=32,
            decoder_layers=32,
            feed_forward=5120,
            mels=128,
            subwords=51_866,
        ),
        language_model=QwenSize(
            hidden=3584,
            heads=28,
            key_value_heads=4,
            layers=28,
            feed_forward=18_944,
            subwords=152_064,
        ),
        q_former=QFormerConfig(),
        seamless={},
        tokens_per_second=3.0,
        batches=(1, 4, 16, 64),
        repetitions=6,
        memory_mb=0.0,
        batch_limit=1024,
        needs_gpu=True,
    )


PRESETS = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab(), "full": _full()}
