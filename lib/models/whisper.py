"""All of Whisper, to transcribe: the first half of LLM-SRT's cascade (2409.19510).

The published checkpoint and those trained here are the same Hugging Face classes, loaded by the
same calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    GenerationMixin,
    PreTrainedModel,
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperTokenizerFast,
)
from transformers.modeling_outputs import BaseModelOutput

from lib.data.batch import IGNORED, Batch, TokenLayout
from lib.data.log_mel import LogMelExtractor
from lib.files import atomic_path
from lib.languages import LANGUAGES, language
from lib.models.encoder_decoder import EncoderDecoder, States, StatesMask
from lib.models.hub import source
from lib.models.loading import load_checkpoint
from lib.models.tokenizer import train_byte_level_bpe
from lib.models.whisper_encoder import WhisperSpeechEncoder, unseen_padding
from lib.tasks import Example

END, START = "<|endoftext|>", "<|startoftranscript|>"
_WHISPER_CODES = {row.whisper for row in LANGUAGES.values() if row.whisper}
TRANSCRIBE, NO_TIMESTAMPS = "<|transcribe|>", "<|notimestamps|>"


@dataclass(frozen=True, kw_only=True)
class WhisperSize:
    """Sizes that differ between a Whisper trained here and the published ones."""

    hidden: int  # width of every layer
    heads: int
    layers: int  # of the encoder
    decoder_layers: int
    feed_forward: int
    mels: int = 80  # whisper-large-v3: 128
    subwords: int = 1000  # of the tokenizer


class WhisperRecogniser(EncoderDecoder):
    """All of Whisper as a `TranslationModel`: speech to its transcript."""

    parts = {
        "speech_encoder": ("model.model.encoder",),
        "decoder": ("model.model.decoder", "model.proj_out"),
    }
    export_classes = {"speech": "WhisperForConditionalGeneration"}
    prompt_length = 4  # start, language, task, no timestamps

    def __init__(
        self,
        model: WhisperForConditionalGeneration,
        tokenizer: WhisperTokenizerFast,
        pad_to_window: bool = True,
    ) -> None:
        super().__init__(tokenizer)
        self.model = model
        model.generation_config.forced_decoder_ids = None  # the prompt is given in whole
        # unregistered: its parameters are the model's
        encoder = WhisperSpeechEncoder(model.model.encoder, pad_to_window)
        object.__setattr__(self, "encoder", encoder)

    @property
    def config(self) -> WhisperConfig:
        return self.model.config

    @property
    def frame_encoder(self) -> nn.Module:
        return self.encoder.frame_encoder

    def frame_states(self, features: Tensor, mask: Tensor) -> tuple[States, StatesMask]:
        """See `WhisperSpeechEncoder.frame_states`."""
        return self.encoder.frame_states(features, mask)

    def feature_extractor(self, max_seconds: float) -> LogMelExtractor:
        return self.encoder.feature_extractor(max_seconds)

    def add_language(self, code: str) -> int:
        """The id of a language's token.

        Raises:
            ValueError: Whisper does not know the language.
        """
        name = language(code).whisper
        found = self.tokenizer.get_vocab().get(f"<|{name}|>") if name else None
        if found is None:
            raise ValueError(f"this Whisper has no token for {language(code).name} ({code})")
        return found

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """`<|startoftranscript|><|en|><|transcribe|><|notimestamps|>`, then the transcript."""
        token = self.tokenizer.convert_tokens_to_ids
        end, text = self.tokenizer.eos_token_id, self._text_ids(example.target_text)
        prompt = [token(START), self.add_language(example.source)]
        prompt += [token(TRANSCRIBE), token(NO_TIMESTAMPS)]
        wanted = [*text[: max(0, max_tokens - self.prompt_length - 1)], end]
        return TokenLayout(
            prefix=[*prompt, *wanted[:-1]],
            labels=[IGNORED] * (len(prompt) - 1) + wanted,
            prompt_length=len(prompt),
            truncated=len(wanted) <= len(text),
        )

    def cost(self, example: Example) -> float:
        return self.encoder.cost(example)

    def encode_text(self, ids: Tensor, mask: Tensor) -> tuple[States, StatesMask]:
        raise TypeError("Whisper takes speech only")

    def encode_speech(
        self, features: Float[Tensor, "batch frames mels"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]:
        return self.frame_states(features, mask)

    def decoder_states(
        self, states: States, mask: StatesMask, prefix: Int[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens hidden"]:
        with self._masked(mask):
            return self.model.model.decoder(
                input_ids=prefix, encoder_hidden_states=states, use_cache=False
            ).last_hidden_state

    def head(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        return self.model.proj_out(states)

    def search(self, batch: Batch, states: States, mask: StatesMask, options: dict) -> Tensor:
        """Token ids by plain `generate`; Whisper's own cuts long audio itself."""
        published = self.model.generation_config.suppress_tokens or []
        unused = options.pop("suppress_tokens") or []
        prompt = batch.prefix[:, : self.prompt_length]
        with self._masked(mask):
            return GenerationMixin.generate(
                self.model,
                encoder_outputs=BaseModelOutput(last_hidden_state=states),
                decoder_input_ids=prompt,
                decoder_attention_mask=torch.ones_like(prompt),
                suppress_tokens=[*published, *unused] or None,
                **options,
            )

    def generator(self, batch: Batch) -> PreTrainedModel:
        return self.model

    @contextmanager
    def _masked(self, mask: StatesMask) -> Iterator[None]:
        """Inside the block the decoder attends to real states only.

        Hugging Face's decoder takes no mask, as published windows have no padding.
        """
        if bool(mask.all()):
            yield
            return

        def hide_padding(_module: nn.Module, args: tuple, kwargs: dict) -> tuple[tuple, dict]:
            hidden = kwargs["hidden_states"] if "hidden_states" in kwargs else args[0]
            rows = mask.repeat_interleave(len(hidden) // len(mask), 0)  # beams
            return args, kwargs | {"attention_mask": unseen_padding(rows, hidden)}

        layers = self.model.model.decoder.layers
        hooks = [
            layer.encoder_attn.register_forward_pre_hook(hide_padding, with_kwargs=True)
            for layer in layers
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    def save(self, folder: Path | str) -> None:
        """Write it as plain transformers reads it, safetensors only, with its processor's files."""
        with atomic_path(folder) as new:
            self.model.save_pretrained(new, safe_serialization=True)
            self.tokenizer.save_pretrained(new)
            WhisperFeatureExtractor(self.config.num_mel_bins).save_pretrained(new)


def load_whisper(path: str | Path, pad_to_window: bool = True) -> WhisperRecogniser:
    """All of a checkpoint of the hub or of this machine.

    Args:
        path: a folder, or a hub name such as `openai/whisper-large-v3`.

    Raises:
        ValueError: a weight is missing, unexpected or of another shape.
    """
    model = load_checkpoint(WhisperForConditionalGeneration, path, "Whisper")
    tokenizer = WhisperTokenizerFast.from_pretrained(**source(path))
    return WhisperRecogniser(model, tokenizer, pad_to_window)


def build_whisper(
    size: WhisperSize, tokenizer: WhisperTokenizerFast, seed: int, pad_to_window: bool = False
) -> WhisperRecogniser:
    """A Whisper with random weights."""
    start = tokenizer.convert_tokens_to_ids(START)
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=size.mels,
        d_model=size.hidden,
        encoder_layers=size.layers,
        decoder_layers=size.decoder_layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.feed_forward,
        decoder_ffn_dim=size.feed_forward,
        init_std=size.hidden**-0.5,  # 0.02 suits the published width
        pad_token_id=tokenizer.eos_token_id,  # as published
        bos_token_id=tokenizer.eos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=start,
        begin_suppress_tokens=None,
        suppress_tokens=None,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = WhisperForConditionalGeneration(config)
    _describe(model, tokenizer)
    return WhisperRecogniser(model, tokenizer, pad_to_window)


def _describe(model: WhisperForConditionalGeneration, tokenizer: WhisperTokenizerFast) -> None:
    """What transformers' own `generate(language=..., task=...)` looks up in a checkpoint."""
    token, facts = tokenizer.convert_tokens_to_ids, model.generation_config
    tags = [t for t in tokenizer.additional_special_tokens if t[2:-2] in _WHISPER_CODES]
    facts.is_multilingual = True
    facts.lang_to_id = {tag: token(tag) for tag in tags}
    facts.task_to_id = {"transcribe": token(TRANSCRIBE), "translate": token("<|translate|>")}
    facts.no_timestamps_token_id = token(NO_TIMESTAMPS)
    facts.suppress_tokens = facts.begin_suppress_tokens = None
    facts._from_model_config = False  # else loading would drop these facts


def train_whisper_tokenizer(
    texts: Iterable[str], languages: Sequence[str], subwords: int, folder: Path | str
) -> WhisperTokenizerFast:
    """A byte-level BPE tokenizer of Whisper's class with some languages, saved to a folder."""
    trained = train_byte_level_bpe(WhisperTokenizerFast, texts, subwords, (END,))
    tags = [f"<|{language(code).whisper}|>" for code in languages]
    special = [START, *tags, "<|translate|>", TRANSCRIBE, "<|nospeech|>", NO_TIMESTAMPS]
    trained.add_special_tokens({"pad_token": END, "additional_special_tokens": special})
    with atomic_path(folder) as new:
        trained.save_pretrained(new)
    return WhisperTokenizerFast.from_pretrained(folder)
