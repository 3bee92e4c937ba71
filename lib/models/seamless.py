"""SeamlessM4T-v2 without speech output: speech and text encoders around one text decoder.

The published checkpoint and those trained here are the same classes, loaded by the same call. Each
holds what `SeamlessM4Tv2ForSpeechToText` and `SeamlessM4Tv2ForTextToText` need together.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    PreTrainedModel,
    SeamlessM4TFeatureExtractor,
    SeamlessM4TProcessor,
    SeamlessM4TTokenizer,
    SeamlessM4Tv2Config,
    SeamlessM4Tv2ForSpeechToText,
    SeamlessM4Tv2ForTextToText,
)

from lib.data.batch import Batch
from lib.data.features import MELS, FbankExtractor
from lib.files import atomic_path
from lib.models.adapter_padding import mask_padding, states_mask
from lib.models.encoder_decoder import EncoderDecoder, States, StatesMask
from lib.models.hub import source
from lib.models.loading import load_checkpoint
from lib.models.protocol import copy_parts
from lib.models.relative_attention import use_relative_attention
from lib.models.tokenizer import add_seamless_language

# generate() warns at every batch that no target language is given; the prefix has one per row
logging.getLogger("transformers.models.seamless_m4t_v2").setLevel(logging.ERROR)
# weights of a checkpoint that one of the two classes does not need
UNUSED_PREFIXES = ("text_encoder.", "speech_encoder.", "t2u_model.", "vocoder.")
# weights that are `shared.weight` in the published layout
TIED = ("lm_head.weight", "text_decoder.embed_tokens.weight", "text_encoder.embed_tokens.weight")


@dataclass(frozen=True, kw_only=True)
class SeamlessSize:
    """Sizes that differ between a Seamless trained here and the published one."""

    hidden: int  # width of every layer
    heads: int
    speech_layers: int
    text_layers: int  # of the text encoder
    decoder_layers: int
    feed_forward: int
    stack: int  # filter bank frames joined at the input: 2 is 20 ms, 4 is 40 ms
    adaptor_stride: int  # of the length adaptor; stack 4 x stride 4 is the published 160 ms
    kernel: int = 15  # of the depthwise convolution
    subwords: int = 1000  # of the tokenizer
    spare_rows: int = 16  # embedding rows for new languages


class Seamless(EncoderDecoder):
    """Speech encoder, text encoder, and one text decoder with one output head.

    Args:
        speech: its decoder, output head and embeddings serve speech and text.
        text: None where only speech is trained (GMU's direct fine-tuning).
    """

    export_classes = {
        "speech": "SeamlessM4Tv2ForSpeechToText",
        "text": "SeamlessM4Tv2ForTextToText",
    }

    def __init__(
        self,
        speech: SeamlessM4Tv2ForSpeechToText,
        text: SeamlessM4Tv2ForTextToText | None,
        tokenizer: SeamlessM4TTokenizer,
    ) -> None:
        super().__init__(tokenizer)
        self.speech = speech
        # loading leaves them apart where the checkpoint's head is untied
        speech.text_decoder.embed_tokens.weight = speech.shared.weight
        self.text_encoder = None
        self.parts = {
            "speech_encoder": ("speech.speech_encoder",),
            "text_decoder": ("speech.text_decoder", "speech.shared"),
            "output_head": ("speech.lm_head",),
        }
        if text is not None:
            text.shared = speech.shared
            # share the weight only: this module scales by sqrt(width), `shared` does not
            text.text_encoder.embed_tokens.weight = speech.shared.weight
            text.text_decoder, text.lm_head = speech.text_decoder, speech.lm_head
            self.text_encoder = text.text_encoder
            self.parts["text_encoder"] = ("text_encoder",)
            # for generate() only; unregistered, since all its parts are registered above
            object.__setattr__(self, "text_model", text)
        use_relative_attention(speech.speech_encoder)
        if (adapter := speech.speech_encoder.adapter) is not None:
            mask_padding(adapter.layers[0])

    @property
    def config(self) -> SeamlessM4Tv2Config:
        return self.speech.config

    @property
    def stack(self) -> int:
        """Filter bank frames joined at the input."""
        return self.config.feature_projection_input_dim // MELS

    @property
    def frame_encoder(self) -> nn.Module:
        """What CTC trains: the speech encoder, the length adaptor included."""
        return self.speech.speech_encoder

    def frame_states(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[Float[Tensor, "batch frames hidden"], Int[Tensor, "batch frames"]]:
        """The Conformer's state of each frame before the length adaptor, and which are real."""
        hidden = self.frame_encoder.feature_projection(features)
        return self.frame_encoder.encoder(hidden, attention_mask=mask).last_hidden_state, mask

    @property
    def untied(self) -> bool:
        """Whether the output head has weights of its own."""
        return self.speech.lm_head.weight is not self.speech.shared.weight

    def feature_extractor(self, max_seconds: float) -> FbankExtractor:
        return FbankExtractor(self.stack, max_seconds)

    def add_language(self, code: str) -> int:
        if code not in self._language_ids:
            token_id = add_seamless_language(self.tokenizer, code, self.config.vocab_size)
            # generate() looks a target language up here; the key is the token without underscores
            table = self.speech.generation_config.text_decoder_lang_to_code_id
            name = self.tokenizer.convert_ids_to_tokens(token_id).strip("_")
            table.setdefault(name, token_id)
            self._language_ids[code] = token_id
        return self._language_ids[code]

    def encode_speech(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[States, StatesMask]:
        states = self.frame_encoder(features, attention_mask=mask).last_hidden_state
        return states, states_mask(self.frame_encoder, states, mask)

    def encode_text(
        self, ids: Int[Tensor, "batch tokens"], mask: Int[Tensor, "batch tokens"]
    ) -> tuple[States, StatesMask]:
        if self.text_encoder is None:
            raise ValueError("this model was loaded without its text encoder; load with text=True")
        return self.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask

    def decoder_states(
        self, states: States, mask: StatesMask, prefix: Int[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens hidden"]:
        return self.speech.text_decoder(
            input_ids=prefix, encoder_hidden_states=states, encoder_attention_mask=mask
        ).last_hidden_state

    def head(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        return self.speech.lm_head(states)

    def generator(self, batch: Batch) -> PreTrainedModel:
        return self.speech if batch.speech is not None else self.text_model

    def untie_head(self) -> None:
        """Give the output head weights of its own, equal to the embeddings at first.

        The official code has it so by accident (2505.21781, appendix A).
        """
        self.speech.lm_head.weight = nn.Parameter(self.speech.shared.weight.detach().clone())

    def randomize(self, seed: int) -> None:
        """Draw all weights of the speech model anew, as if nothing had been trained."""
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            fresh = type(self.speech)(self.config)
        self.speech.load_state_dict(fresh.state_dict())

    def separate_text_embeddings(self) -> None:
        """Give the text encoder its own embeddings, so that training the decoder's leaves it as is.

        GMU does so before freezing the text encoder.
        """
        table = self.text_encoder.embed_tokens
        table.weight = nn.Parameter(table.weight.detach().clone())

    def apply_official_dropout(self) -> None:
        """Dropout as in fairseq2, where Hugging Face's differs (2505.21781, appendix A)."""
        for layer in self.speech.text_decoder.layers:
            layer.ffn_dropout.p = 0.1  # Hugging Face: 0
        if (adapter := self.frame_encoder.adapter) is not None:
            for layer in adapter.layers:
                layer.self_attn.dropout.p = 0.1  # of attention weights; Hugging Face: 0
                layer.ffn.intermediate_dropout.p = 0.0  # Hugging Face: 0.1

    def start_from(self, encoder: Seamless | None = None, decoder: Seamless | None = None) -> None:
        """Copy trained parts of other models of this size (GMU's initialisation).

        Where the other decoder's head is untied and this one is tied, the embeddings are copied
        and the head is not.

        Args:
            encoder: its speech encoder, length adaptor included.
            decoder: its text decoder, embeddings, head, and text encoder where both have one.
        """
        if encoder is not None:
            copy_parts(encoder, self, ["speech_encoder"])
        if decoder is not None:
            parts = ["text_decoder"] + ["output_head"] * (self.untied or not decoder.untied)
            if self.text_encoder is not None and decoder.text_encoder is not None:
                parts.append("text_encoder")
            copy_parts(decoder, self, parts)

    def save(self, folder: Path | str) -> None:
        """Write the model in the published layout, with tokenizer and feature extractor.

        Plain transformers loads the folder. With an untied head the configuration says so.

        Raises:
            ValueError: the text encoder has its own embeddings; the published classes share them.
        """
        shared = self.speech.shared.weight
        state = self.speech.state_dict()
        if self.text_encoder is not None:
            if not torch.equal(self.text_encoder.embed_tokens.weight, shared):
                raise ValueError(
                    "the published layout has one table of embeddings, and this text encoder has "
                    "its own; save the speech side: reload without the text encoder (text=False)"
                )
            text_state = self.text_encoder.state_dict()
            state |= {f"text_encoder.{name}": tensor for name, tensor in text_state.items()}
        if self.untied:  # nothing is tied then: each table is stored by itself
            state = {name: tensor.clone() for name, tensor in state.items()}
        else:
            state = {name: tensor for name, tensor in state.items() if name not in TIED}
        self.config.tie_word_embeddings = not self.untied
        with atomic_path(folder) as new:
            self.speech.save_pretrained(new, state_dict=state, safe_serialization=True)
            extractor = SeamlessM4TFeatureExtractor(stride=self.stack)
            SeamlessM4TProcessor(extractor, self.tokenizer).save_pretrained(new)


def load_seamless(path: str | Path, text: bool = True) -> Seamless:
    """A checkpoint of the hub or of this machine.

    Args:
        path: a folder, or a hub name such as `facebook/seamless-m4t-v2-large`.
        text: also load the text encoder.

    Raises:
        ValueError: a weight is missing, unexpected or of another shape; names it.
    """
    speech = load_checkpoint(SeamlessM4Tv2ForSpeechToText, path, "Seamless", UNUSED_PREFIXES)
    cls = SeamlessM4Tv2ForTextToText
    text_model = load_checkpoint(cls, path, "Seamless", UNUSED_PREFIXES) if text else None
    return Seamless(speech, text_model, SeamlessM4TTokenizer.from_pretrained(**source(path)))


def build_seamless(
    size: SeamlessSize, tokenizer: SeamlessM4TTokenizer, languages: list[str], seed: int
) -> Seamless:
    """A Seamless with random weights."""
    config = SeamlessM4Tv2Config(
        vocab_size=len(tokenizer) + size.spare_rows,
        hidden_size=size.hidden,
        encoder_layers=size.text_layers,
        decoder_layers=size.decoder_layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.feed_forward,
        decoder_ffn_dim=size.feed_forward,
        speech_encoder_layers=size.speech_layers,
        speech_encoder_attention_heads=size.heads,
        speech_encoder_intermediate_size=size.feed_forward,
        feature_projection_input_dim=MELS * size.stack,
        adaptor_kernel_size=size.adaptor_stride,
        adaptor_stride=size.adaptor_stride,
        conv_depthwise_kernel_size=size.kernel,
        max_position_embeddings=512,
        # 0.02 suits the published width; in a narrow model words would be small beside positions
        initializer_range=size.hidden**-0.5,
        encoder_layerdrop=0.0,  # too few layers to drop any
        decoder_layerdrop=0.0,
        speech_encoder_layerdrop=0.0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        speech, text = SeamlessM4Tv2ForSpeechToText(config), SeamlessM4Tv2ForTextToText(config)
    speech.generation_config.text_decoder_lang_to_code_id = {}
    # else loading derives it again and forgets the languages
    speech.generation_config._from_model_config = False
    speech.generation_config.max_new_tokens = 256
    model = Seamless(speech, text, tokenizer)
    for code in languages:
        model.add_language(code)
    return model
