"""The models that measured systems share: one Whisper, one language model, random weights."""

from __future__ import annotations

from functools import cached_property
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn
from transformers import (
    PreTrainedTokenizerBase,
    Qwen2AudioConfig,
    Qwen2AudioEncoderConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2Config,
    Qwen2ForCausalLM,
    SeamlessM4Tv2Config,
    SeamlessM4Tv2ForSpeechToText,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from lib.data.log_mel import LogMelExtractor
from lib.models.language_model import train_qwen_tokenizer
from lib.models.whisper_encoder import WhisperSpeechEncoder
from lib.systems.speed.sizes import Sizes

WINDOW_SECONDS = 30.0  # of Whisper and Qwen2-Audio


class Parts:
    """The modules that systems share, each built when it is first asked for.

    Args:
        device: cpu, or cuda, where weights are bf16.

    Raises:
        ValueError: the sizes need a GPU.
    """

    def __init__(self, sizes: Sizes, device: str = "cpu") -> None:
        if sizes.needs_gpu and device == "cpu":
            raise ValueError("these sizes need a GPU; use the scale tiny on a CPU")
        self.sizes, self.device = sizes, device
        self.dtype = torch.bfloat16 if device == "cuda" else torch.float32

    def _built(self, cls: type[nn.Module], config: Any) -> Any:
        with torch.device(self.device), torch.random.fork_rng():
            torch.manual_seed(1)
            return cls(config).to(self.dtype).eval()

    @cached_property
    def whisper(self) -> WhisperForConditionalGeneration:
        size = self.sizes.whisper
        config = WhisperConfig(
            vocab_size=size.subwords,
            num_mel_bins=size.mels,
            d_model=size.hidden,
            encoder_layers=size.layers,
            decoder_layers=size.decoder_layers,
            encoder_attention_heads=size.heads,
            decoder_attention_heads=size.heads,
            encoder_ffn_dim=size.feed_forward,
            decoder_ffn_dim=size.feed_forward,
            pad_token_id=0,
            bos_token_id=0,
            eos_token_id=0,
            decoder_start_token_id=0,
            begin_suppress_tokens=None,
        )
        return self._built(WhisperForConditionalGeneration, config)

    @property
    def window_extractor(self) -> LogMelExtractor:
        """Features of a whole window, as published."""
        return WhisperSpeechEncoder(self.whisper.model.encoder).feature_extractor(WINDOW_SECONDS)

    def _qwen_config(self) -> Qwen2Config:
        size = self.sizes.language_model
        return Qwen2Config(
            vocab_size=size.subwords,
            hidden_size=size.hidden,
            intermediate_size=size.feed_forward,
            num_hidden_layers=size.layers,
            num_attention_heads=size.heads,
            num_key_value_heads=size.key_value_heads,
            tie_word_embeddings=False,  # as Qwen2.5 7B and Qwen2-Audio
        )

    @cached_property
    def language_model(self) -> Qwen2ForCausalLM:
        return self._built(Qwen2ForCausalLM, self._qwen_config())

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """A minute one: a speech language model asks for it, and no text is tokenized."""
        with TemporaryDirectory() as folder:
            return train_qwen_tokenizer(["one two three"], 300, f"{folder}/tokenizer")

    @cached_property
    def qwen2_audio(self) -> Qwen2AudioForConditionalGeneration:
        size, text = self.sizes.whisper, self._qwen_config()
        audio = Qwen2AudioEncoderConfig(
            num_mel_bins=size.mels,
            encoder_layers=size.layers,
            encoder_attention_heads=size.heads,
            encoder_ffn_dim=size.feed_forward,
            d_model=size.hidden,
        )
        own = Qwen2AudioConfig(audio, text, audio_token_index=text.vocab_size - 1)
        model = self._built(Qwen2AudioForConditionalGeneration, own)
        model.language_model = self.language_model  # of equal size: shared, to save memory
        return model

    @cached_property
    def seamless(self) -> SeamlessM4Tv2ForSpeechToText:
        return self._built(SeamlessM4Tv2ForSpeechToText, SeamlessM4Tv2Config(**self.sizes.seamless))
