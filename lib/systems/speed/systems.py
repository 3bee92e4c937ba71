"""The systems that are measured; they share one Whisper encoder and one language model.

All clips of a batch have one length, so nothing is padded but to Whisper's window.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput

from lib.data.features import MELS, Samples, fbank
from lib.models.bridges.build import BridgeConfig
from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.speech_lm.loading import join_speech_lm
from lib.models.speech_lm.splice import splice
from lib.models.whisper_encoder import WhisperSpeechEncoder
from lib.systems.speed.measure import BRIDGE, ENCODER, FEATURES, Stopwatch, write
from lib.systems.speed.parts import WINDOW_SECONDS, Parts
from lib.utterance import SAMPLING_RATE

BOTH, TRANSLATION = "transcript and translation", "translation"
SEAMLESS_PROMPT, WHISPER_PROMPT = 2, 4  # tokens: end, language; start, language, task, no times


class Timed(ABC):
    """A system whose generation can be timed.

    Args:
        output: `BOTH` or `TRANSLATION`.
    """

    def __init__(self, parts: Parts, output: str) -> None:
        self.parts, self.sizes, self.output = parts, parts.sizes, output

    @property
    @abstractmethod
    def modules(self) -> Sequence[nn.Module]:
        """All that has weights."""

    @abstractmethod
    def run(self, clips: Sequence[Samples], watch: Stopwatch) -> Tensor:
        """The tokens of a batch; the watch is told when a part ends."""

    def tokens(self, seconds: float) -> int:
        """How many it writes for a clip."""
        return self.before_translation(seconds) + self.sizes.text_tokens(seconds)

    def before_translation(self, seconds: float) -> int:
        """How many of them stand before the translation."""
        spelt = self.sizes.text_tokens(seconds) + self.sizes.tag_tokens
        return spelt if self.output == BOTH else 0

    def weights(self) -> list[Tensor]:
        """Its parameters, each once."""
        found = {id(p): p for module in self.modules for p in module.parameters()}
        return list(found.values())

    def prompt(self, rows: int, count: int) -> Tensor:
        """Token ids; which ones makes no difference."""
        return torch.full((rows, count), 1, device=self.parts.device)

    def to_device(self, features: Sequence[Tensor]) -> Tensor:
        return torch.stack(list(features)).to(self.parts.device, self.parts.dtype)


class TimedSpeechLm(Timed):
    """Whisper's encoder, a bridge and the language model: LLM-SRT and its variants."""

    def __init__(
        self,
        parts: Parts,
        output: str,
        bridge: BridgeConfig,
        *,
        pad_to_window: bool,
        compiled: bool = False,
    ) -> None:
        super().__init__(parts, output)
        encoder = WhisperSpeechEncoder(parts.whisper.model.encoder, pad_to_window)
        model = join_speech_lm(encoder, parts.language_model, parts.tokenizer, bridge)
        self.model = model.to(parts.device, parts.dtype).eval()
        self.extractor = encoder.feature_extractor(WINDOW_SECONDS)
        # transformers compiles steps with a static cache on a GPU, and not elsewhere
        self.options = {"cache_implementation": "static"} if compiled else {}

    @property
    def modules(self) -> Sequence[nn.Module]:
        return (self.model,)

    def run(self, clips: Sequence[Samples], watch: Stopwatch) -> Tensor:
        tokens = self.tokens(len(clips[0]) / SAMPLING_RATE)
        features = self.to_device([self.extractor.compute(clip) for clip in clips])
        mask = torch.ones(features.shape[:2], dtype=torch.long, device=features.device)
        watch.mark(FEATURES)
        states, mask = self.model.encode_speech(features, mask)
        watch.mark(ENCODER)
        speech = self.model.bridge(states, mask)
        watch.mark(BRIDGE)
        prompt = self.prompt(len(clips), self.sizes.tag_tokens)
        given = splice(*speech, self.model.embed(prompt), torch.ones_like(prompt), padding="left")
        watch.reads(given.embeddings.shape[1])
        embeddings = {"inputs_embeds": given.embeddings, "attention_mask": given.mask}
        return write(self.model.language_model, tokens, watch, **embeddings, **self.options)


class TimedQwen2Audio(Timed):
    """Qwen2-Audio as Hugging Face has it, with the language model of the others."""

    def __init__(self, parts: Parts, output: str) -> None:
        super().__init__(parts, output)
        self.model, self.extractor = parts.qwen2_audio, parts.window_extractor

    @property
    def modules(self) -> Sequence[nn.Module]:
        return (self.model,)

    def run(self, clips: Sequence[Samples], watch: Stopwatch) -> Tensor:
        seconds = len(clips[0]) / SAMPLING_RATE
        features = self.to_device([self.extractor.compute(clip) for clip in clips])
        features = features.transpose(1, 2)
        real = torch.zeros(len(clips), features.shape[2], dtype=torch.long)
        real[:, : round(seconds * self.extractor.frames_per_second)] = 1
        watch.mark(FEATURES)
        tower, projector = self.model.audio_tower, self.model.multi_modal_projector
        _, positions = tower._get_feat_extract_output_lengths(real.sum(-1))
        audio = torch.full((len(clips), int(positions[0])), self.model.config.audio_token_id)
        prompt = self.prompt(len(clips), self.sizes.tag_tokens)
        ids = torch.cat([audio.to(prompt.device), prompt], 1)
        watch.reads(ids.shape[1])
        hooks = [
            module.register_forward_hook(lambda *_, part=part: watch.mark(part))
            for module, part in ((tower, ENCODER), (projector, BRIDGE))
        ]
        try:
            return write(
                self.model,
                self.tokens(seconds),
                watch,
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                input_features=features,
                feature_attention_mask=real.to(ids.device),
            )
        finally:
            for hook in hooks:
                hook.remove()


class TimedWhisper(Timed):
    """Whisper; at most it translates into English, and here it stands for its size."""

    @property
    def modules(self) -> Sequence[nn.Module]:
        return (self.parts.whisper,)

    def run(self, clips: Sequence[Samples], watch: Stopwatch) -> Tensor:
        model, extractor = self.parts.whisper, self.parts.window_extractor
        features = self.to_device([extractor.compute(clip) for clip in clips])
        watch.mark(FEATURES)
        states = model.model.encoder(features.transpose(1, 2)).last_hidden_state
        watch.mark(ENCODER)
        prompt = self.prompt(len(clips), WHISPER_PROMPT)
        watch.reads(states.shape[1])
        return write(
            model,
            self.sizes.text_tokens(len(clips[0]) / SAMPLING_RATE),
            watch,
            encoder_outputs=BaseModelOutput(last_hidden_state=states),
            decoder_input_ids=prompt,
            decoder_attention_mask=torch.ones_like(prompt),
        )


class Cascade(TimedWhisper):
    """Whisper transcribes, and the language model translates its transcript."""

    @property
    def modules(self) -> Sequence[nn.Module]:
        return (self.parts.whisper, self.parts.language_model)

    def before_translation(self, seconds: float) -> int:
        return self.sizes.text_tokens(seconds)  # without tags

    def run(self, clips: Sequence[Samples], watch: Stopwatch) -> Tensor:
        transcript = super().run(clips, watch)
        ids = torch.cat([transcript, self.prompt(len(clips), self.sizes.tag_tokens)], 1)
        ids = ids.clamp(max=self.parts.language_model.config.vocab_size - 1)
        watch.reads(ids.shape[1])
        model, mask = self.parts.language_model, torch.ones_like(ids)
        translation = write(model, transcript.shape[1], watch, input_ids=ids, attention_mask=mask)
        return torch.cat([transcript, translation], 1)


class TimedSeamless(Timed):
    """SeamlessM4T-v2, whose encoder hears the true length; its length adaptor is in the encoder."""

    @property
    def modules(self) -> Sequence[nn.Module]:
        return (self.parts.seamless,)

    def run(self, clips: Sequence[Samples], watch: Stopwatch) -> Tensor:
        model = self.parts.seamless
        stack = model.config.feature_projection_input_dim // MELS
        features = self.to_device([fbank(clip, stack) for clip in clips])
        mask = torch.ones(features.shape[:2], dtype=torch.long, device=features.device)
        watch.mark(FEATURES)
        states = model.speech_encoder(features, attention_mask=mask).last_hidden_state
        watch.mark(ENCODER)
        watch.reads(states.shape[1])
        prompt = self.prompt(len(clips), SEAMLESS_PROMPT)
        prompt[:, 0] = model.config.decoder_start_token_id  # else `generate` adds it
        return write(
            model,
            self.tokens(len(clips[0]) / SAMPLING_RATE),
            watch,
            encoder_outputs=BaseModelOutput(last_hidden_state=states),
            attention_mask=mask,
            decoder_input_ids=prompt,
        )


def _srt(parts: Parts, output: str = BOTH, pad_to_window: bool = False, **options: bool) -> Timed:
    bridge = parts.sizes.q_former
    return TimedSpeechLm(parts, output, bridge, pad_to_window=pad_to_window, **options)


PUBLISHED, TRUE_LENGTH = "llm-srt, published", "llm-srt, true length"
TRUE_LENGTH_TRANSLATION = "llm-srt, true length, translation alone"
COMPILED = "llm-srt, true length, translation alone, compiled"
STRIDED, CASCADE = "a position for 80 ms", "cascade"
QWEN2_AUDIO, QWEN2_AUDIO_BOTH = "qwen2-audio", "qwen2-audio, with transcript"
WHISPER, SEAMLESS = "whisper", "seamless-m4t-v2"
SYSTEMS: dict[str, Callable[[Parts], Timed]] = {
    # transcript and translation
    PUBLISHED: lambda parts: _srt(parts, pad_to_window=True),
    TRUE_LENGTH: _srt,
    STRIDED: lambda parts: TimedSpeechLm(parts, BOTH, StridedConvConfig(), pad_to_window=False),
    QWEN2_AUDIO_BOTH: lambda parts: TimedQwen2Audio(parts, BOTH),
    CASCADE: lambda parts: Cascade(parts, BOTH),
    # the translation alone
    TRUE_LENGTH_TRANSLATION: lambda parts: _srt(parts, TRANSLATION),
    COMPILED: lambda parts: _srt(parts, TRANSLATION, compiled=True),
    QWEN2_AUDIO: lambda parts: TimedQwen2Audio(parts, TRANSLATION),
    WHISPER: lambda parts: TimedWhisper(parts, TRANSLATION),
    SEAMLESS: lambda parts: TimedSeamless(parts, TRANSLATION),
}
GPU_ONLY = (COMPILED,)


def build_systems(parts: Parts) -> dict[str, Timed]:
    """Every system that the device can run."""
    names = [name for name in SYSTEMS if parts.device == "cuda" or name not in GPU_ONLY]
    return {name: SYSTEMS[name](parts) for name in names}
