"""NLLB-200, text translation in 200 languages: GMU's second MT model (2505.21781).

The published checkpoint and those trained here are the same Hugging Face class, loaded by the same
call.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from sentencepiece import SentencePieceProcessor
from torch import Tensor
from transformers import AddedToken, M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

from lib.data.batch import Batch
from lib.files import atomic_path
from lib.languages import LANGUAGES, language
from lib.models.encoder_decoder import EncoderDecoder, States, StatesMask
from lib.models.hub import source
from lib.models.loading import load_checkpoint
from lib.models.tokenizer import add_token, train_sentencepiece


@dataclass(frozen=True, kw_only=True)
class NllbSize:
    """Sizes that differ between an NLLB trained here and the published one."""

    hidden: int  # width of every layer
    heads: int
    encoder_layers: int
    decoder_layers: int
    feed_forward: int
    subwords: int = 1000  # of the tokenizer
    spare_rows: int = 16  # embedding rows for new languages; the published model has 2


class Nllb(EncoderDecoder):
    """Text encoder and text decoder with one table of embeddings, which is also the output head."""

    parts = {"model": ("text_model",)}
    export_classes = {"text": "M2M100ForConditionalGeneration"}

    def __init__(
        self, text_model: M2M100ForConditionalGeneration, tokenizer: NllbTokenizer
    ) -> None:
        super().__init__(tokenizer)
        self.text_model = text_model

    @property
    def config(self) -> M2M100Config:
        return self.text_model.config

    def add_language(self, code: str) -> int:
        """The id of a language's token; a language that the model lacks is added now.

        Raises:
            ValueError: no embedding row is left for it.
        """
        if code not in self._language_ids:
            token, rows = nllb_token(code), self.config.vocab_size
            self._language_ids[code] = add_token(self.tokenizer, token, rows)
        return self._language_ids[code]

    def encode_text(
        self, ids: Int[Tensor, "batch tokens"], mask: Int[Tensor, "batch tokens"]
    ) -> tuple[States, StatesMask]:
        encoder = self.text_model.model.encoder
        return encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask

    def decoder_states(
        self, states: States, mask: StatesMask, prefix: Int[Tensor, "batch tokens"]
    ) -> Float[Tensor, "batch tokens hidden"]:
        return self.text_model.model.decoder(
            input_ids=prefix,
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
            use_cache=False,
        ).last_hidden_state

    def head(self, states: Float[Tensor, "*rows hidden"]) -> Float[Tensor, "*rows vocabulary"]:
        return self.text_model.lm_head(states)

    def generator(self, batch: Batch) -> M2M100ForConditionalGeneration:
        return self.text_model

    def save(self, folder: Path | str) -> None:
        """Write the model as `from_pretrained` reads it, safetensors only, with its tokenizer."""
        with atomic_path(folder) as new:
            self.text_model.save_pretrained(new, safe_serialization=True)
            self.tokenizer.save_pretrained(new)


def nllb_token(code: str) -> str:
    """NLLB's token of a language, its FLORES-200 code; other languages get one in that form."""
    row = language(code)
    return row.nllb or f"{row.code}_{row.script}"


def nllb_languages() -> list[str]:
    """The languages of the table that NLLB-200 was trained on."""
    return [row.code for row in LANGUAGES.values() if row.nllb]


def load_nllb(path: str | Path) -> Nllb:
    """A checkpoint of the hub or of this machine.

    Args:
        path: a folder, or a hub name such as `facebook/nllb-200-distilled-1.3B`.

    Raises:
        ValueError: a weight is missing, unexpected or of another shape, or the tokenizer's ids are
            not those of the embedding rows.
    """
    model = load_checkpoint(M2M100ForConditionalGeneration, path, "NLLB")
    tokenizer = NllbTokenizer.from_pretrained(**source(path))
    _check_ids(tokenizer, model.config.vocab_size, path)
    return Nllb(model, tokenizer)


def _check_ids(tokenizer: NllbTokenizer, rows: int, path: str | Path) -> None:
    """Refuse a tokenizer whose ids mean other rows, which would translate into other languages."""
    if len(tokenizer) > rows:
        raise ValueError(f"{path}: {len(tokenizer)} tokens of the tokenizer, {rows} embedding rows")
    # from SentencePiece's file alone, the slow tokenizer puts <mask> before the languages
    if tokenizer.mask_token_id == tokenizer.vocab_size:
        raise ValueError(
            f"{path}: the tokenizer has {tokenizer.mask_token} at the id of the first language; "
            "tokenizer.json or tokenizer_config.json, with the ids of the languages, is missing"
        )


def build_nllb(
    size: NllbSize, tokenizer: NllbTokenizer, languages: Sequence[str], seed: int
) -> Nllb:
    """An NLLB with random weights."""
    config = M2M100Config(
        vocab_size=len(tokenizer) + size.spare_rows,
        d_model=size.hidden,
        encoder_layers=size.encoder_layers,
        decoder_layers=size.decoder_layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.feed_forward,
        decoder_ffn_dim=size.feed_forward,
        max_position_embeddings=512,
        # 0.02 suits the published width; at tiny, words are small beside positions: loss 2.39
        # instead of 2.17 after 250 updates
        init_std=size.hidden**-0.5,
        encoder_layerdrop=0.0,  # as published; the class's default is 0.05
        decoder_layerdrop=0.0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Nllb(M2M100ForConditionalGeneration(config), tokenizer)
    for code in languages:
        model.add_language(code)
    return model


def train_nllb_tokenizer(
    texts: Iterable[str], languages: Sequence[str], subwords: int, folder: Path | str
) -> NllbTokenizer:
    """An NLLB tokenizer of about `subwords` subwords and the given languages, saved to a folder.

    The ids are arranged as the published ones: 0 bos, 1 pad, 2 eos, 3 unk, the subwords, the
    languages, mask.
    """
    model = train_sentencepiece(texts, subwords)
    tokens = [nllb_token(code) for code in languages]
    added = [AddedToken(token, normalized=False, special=True) for token in tokens]
    added.append(AddedToken("<mask>", lstrip=True, normalized=True, special=True))
    first = SentencePieceProcessor(model_proto=model).get_piece_size() + 1
    with atomic_path(folder) as new:
        new.mkdir()
        (new / "sentencepiece.bpe.model").write_bytes(model)
        tokenizer = NllbTokenizer(
            str(new / "sentencepiece.bpe.model"),
            src_lang=tokens[0],
            tgt_lang=tokens[0],
            additional_special_tokens=tokens,
            added_tokens_decoder=dict(enumerate(added, start=first)),
        )
        tokenizer.save_pretrained(new)
    return NllbTokenizer.from_pretrained(folder)
