"""SeamlessM4T-v2, speech and text sides around one decoder, without the parts that make speech.

The real checkpoint and the ones trained here are the same Hugging Face classes, loaded by the same call. A checkpoint
holds the union of what `SeamlessM4Tv2ForSpeechToText` and `SeamlessM4Tv2ForTextToText` need, as the published one does.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from transformers import (
    SeamlessM4TTokenizer,
    SeamlessM4Tv2Config,
    SeamlessM4Tv2ForSpeechToText,
    SeamlessM4Tv2ForTextToText,
)

from lib.files import atomic_path
from lib.models.loading import load_checkpoint
from lib.models.tokenizer import add_language

# `decode` gives each row its own target language, which generate() takes for none and says so at every batch
logging.getLogger("transformers.models.seamless_m4t_v2").setLevel(logging.ERROR)
_OTHER_SIDES = ("text_encoder.", "speech_encoder.", "t2u_model.", "vocoder.")  # of a checkpoint that one class does not need


@dataclass(frozen=True)
class SeamlessSize:
    """The sizes that differ between a Seamless trained here and the published one."""

    hidden: int  # width of every part
    heads: int
    speech_layers: int
    text_layers: int  # of the text encoder
    decoder_layers: int
    feed_forward: int
    stack: int  # fbank frames joined at the input: 2 is 20 ms, 4 is 40 ms
    adaptor_stride: int  # frames joined by the length adaptor; stack 4 and stride 4 give the published 160 ms
    kernel: int = 15  # of the depthwise convolution
    pieces: int = 1000  # of the tokenizer
    spare_rows: int = 16  # embedding rows left for new languages


class Seamless(nn.Module):
    """Speech encoder, text encoder, and one text decoder with one output head.

    Args:
        speech: the speech-to-text model; its decoder, head and embeddings serve both sides.
        text: the text-to-text model, or None where only speech is trained (GMU's direct fine-tuning).
    """

    def __init__(
        self, speech: SeamlessM4Tv2ForSpeechToText, text: SeamlessM4Tv2ForTextToText | None, tokenizer: SeamlessM4TTokenizer
    ) -> None:
        super().__init__()
        self.speech, self.tokenizer = speech, tokenizer
        self._language_ids: dict[str, int] = {}
        self.text_encoder = None
        if text is not None:
            text.shared = speech.shared
            # the weight alone: the module that holds it scales by the square root of the width, `shared` does not
            text.text_encoder.embed_tokens.weight = speech.shared.weight
            text.text_decoder, text.lm_head = speech.text_decoder, speech.lm_head
            self.text_encoder = text.text_encoder
            # for generate() only; not registered, since all its parts are registered above
            object.__setattr__(self, "reader", text)
        _mask_adaptor_padding(speech.speech_encoder)

    @property
    def config(self) -> SeamlessM4Tv2Config:
        return self.speech.config

    @property
    def stack(self) -> int:
        """Fbank frames joined at the input."""
        return self.config.feature_projection_input_dim // 80

    def language_id(self, code: str) -> int:
        """The id of a language's token; a language that the model lacks is registered now."""
        if code not in self._language_ids:
            identity = add_language(self.tokenizer, code, self.config.vocab_size)
            # generate() looks a target language up here; the key is the token without its underscores
            table = self.speech.generation_config.text_decoder_lang_to_code_id
            table.setdefault(self.tokenizer.convert_ids_to_tokens(identity).strip("_"), identity)
            self._language_ids[code] = identity
        return self._language_ids[code]

    def encode_speech(
        self, features: Float[Tensor, "batch frames width"], mask: Int[Tensor, "batch frames"]
    ) -> tuple[Float[Tensor, "batch states hidden"], Int[Tensor, "batch states"]]:
        """Encoder states of speech and which of them are real."""
        encoder = self.speech.speech_encoder
        states = encoder(input_features=features, attention_mask=mask).last_hidden_state
        return states, _states_mask(encoder, states, mask)

    def encode_text(
        self, ids: Int[Tensor, "batch tokens"], mask: Int[Tensor, "batch tokens"]
    ) -> tuple[Float[Tensor, "batch states hidden"], Int[Tensor, "batch states"]]:
        """Encoder states of text and which of them are real."""
        if self.text_encoder is None:
            raise ValueError("this model was loaded without its text encoder; load it with text=True")
        return self.text_encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask

    def decode(
        self,
        states: Float[Tensor, "batch states hidden"],
        states_mask: Int[Tensor, "batch states"],
        prefix: Int[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch tokens vocabulary"]:
        """Logits of the token after each token of `prefix` (teacher forcing)."""
        hidden = self.speech.text_decoder(
            input_ids=prefix, encoder_hidden_states=states, encoder_attention_mask=states_mask
        ).last_hidden_state
        return self.speech.lm_head(hidden)

    def untie_head(self) -> None:
        """Give the output head weights of its own, equal to the embeddings at first (GMU's appendix A: the official code, by accident)."""
        self.speech.lm_head.weight = nn.Parameter(self.speech.shared.weight.detach().clone())

    def part_embeddings(self) -> None:
        """Give the text encoder an embedding table of its own, so that training the decoder's does not change what it reads.

        GMU does so before it freezes the text encoder.
        """
        table = self.text_encoder.embed_tokens
        table.weight = nn.Parameter(table.weight.detach().clone())

    def official_dropout(self) -> None:
        """Dropout where fairseq2 has it and Hugging Face has not, and the other way round (2505.21781, appendix A)."""
        for layer in self.speech.text_decoder.layers:
            layer.ffn_dropout.p = 0.1  # Hugging Face: 0
        if self.speech.speech_encoder.adapter is not None:
            for layer in self.speech.speech_encoder.adapter.layers:
                layer.self_attn.dropout.p = 0.1  # of the attention's weights; Hugging Face: 0
                layer.ffn.intermediate_dropout.p = 0.0  # Hugging Face: 0.1

    def start_from(self, encoder: Seamless | None = None, decoder: Seamless | None = None) -> None:
        """Take over trained parts of other models of this size (GMU's initialisation).

        Args:
            encoder: its speech encoder, length adaptor included.
            decoder: its text decoder with embeddings and head, and its text encoder where both have one.
        """
        if encoder is not None:
            self.speech.speech_encoder.load_state_dict(encoder.speech.speech_encoder.state_dict())
        if decoder is not None:
            for part in ("text_decoder", "shared", "lm_head"):
                getattr(self.speech, part).load_state_dict(getattr(decoder.speech, part).state_dict())
            if self.text_encoder is not None and decoder.text_encoder is not None:
                self.text_encoder.load_state_dict(decoder.text_encoder.state_dict())

    def save(self, folder: Path | str) -> None:
        """Write the model in the published layout, safetensors only, with tokenizer and generation config.

        Raises:
            ValueError: the head or a table of embeddings is no longer shared; the published classes would share it again.
        """
        if self.speech.lm_head.weight is not self.speech.shared.weight or (
            self.text_encoder is not None and self.text_encoder.embed_tokens.weight is not self.speech.shared.weight
        ):
            raise ValueError(
                "the published layout holds one table for embeddings and head, and this model has several; keep its trained "
                "weights (best.safetensors of its stage) instead"
            )
        state = dict(self.speech.state_dict())
        if self.text_encoder is not None:
            state |= {f"text_encoder.{name}": tensor for name, tensor in self.text_encoder.state_dict().items()}
        for tied in ("lm_head.weight", "text_decoder.embed_tokens.weight", "text_encoder.embed_tokens.weight"):
            if tied in state and torch.equal(state[tied], state["shared.weight"]):
                del state[tied]
        with atomic_path(folder) as new:
            self.speech.save_pretrained(new, state_dict=state, safe_serialization=True)
            self.tokenizer.save_pretrained(new)


def load_seamless(path: str | Path, text: bool = True) -> Seamless:
    """A checkpoint of the hub or of this machine.

    Args:
        path: a folder, or a hub name such as `facebook/seamless-m4t-v2-large`.
        text: also load the text encoder.

    Raises:
        ValueError: where a weight that the model needs is missing or of another shape, naming it.
    """
    speech = load_checkpoint(SeamlessM4Tv2ForSpeechToText, path, "Seamless", _OTHER_SIDES)
    reader = load_checkpoint(SeamlessM4Tv2ForTextToText, path, "Seamless", _OTHER_SIDES) if text else None
    return Seamless(speech, reader, SeamlessM4TTokenizer.from_pretrained(path))


def build_seamless(size: SeamlessSize, tokenizer: SeamlessM4TTokenizer, languages: list[str], seed: int) -> Seamless:
    """A Seamless with random weights, of the given size."""
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
        feature_projection_input_dim=80 * size.stack,
        adaptor_kernel_size=size.adaptor_stride,
        adaptor_stride=size.adaptor_stride,
        conv_depthwise_kernel_size=size.kernel,
        max_position_embeddings=512,
        initializer_range=size.hidden**-0.5,  # 0.02 is for the published width; from scratch it drowns words in positions
        encoder_layerdrop=0.0,  # layers are too few to drop any
        decoder_layerdrop=0.0,
        speech_encoder_layerdrop=0.0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        speech = SeamlessM4Tv2ForSpeechToText(config)
        text = SeamlessM4Tv2ForTextToText(config)
    speech.generation_config.text_decoder_lang_to_code_id = {}
    speech.generation_config._from_model_config = False  # else loading derives it anew and forgets the languages
    speech.generation_config.max_new_tokens = 256
    model = Seamless(speech, text, tokenizer)
    for code in languages:
        model.language_id(code)
    return model


def _states_mask(encoder: nn.Module, states: Tensor, mask: Tensor) -> Tensor:
    if encoder.adapter is None:
        return mask
    lengths = encoder.adapter.layers[0]._compute_sub_sample_lengths_from_attention_mask(mask)
    return (torch.arange(states.shape[1], device=states.device) < lengths.unsqueeze(1)).long()


def _mask_adaptor_padding(encoder: nn.Module) -> None:
    """Silence padded frames before the length adaptor's convolutions.

    Hugging Face's adaptor normalises padding to something other than zero and lets its convolution reach it, so that
    the last state of a short utterance depends on the longest one of its batch. With the padding set to zero a batch
    gives what a single utterance gives.
    """
    if encoder.adapter is None:
        return
    layer = encoder.adapter.layers[0]
    frames: dict[str, Tensor] = {}

    def remember(_module: nn.Module, args: tuple, kwargs: dict) -> None:
        mask = kwargs.get("attention_mask", args[1] if len(args) > 1 else None)
        frames["mask"] = None if mask is None else mask.unsqueeze(-1)

    def silence(_module: nn.Module, _args: tuple, output: Tensor) -> Tensor:
        return output if frames["mask"] is None else output * frames["mask"].to(output.dtype)

    layer.register_forward_pre_hook(remember, with_kwargs=True)
    layer.residual_layer_norm.register_forward_hook(silence)
    layer.self_attn_layer_norm.register_forward_hook(silence)
