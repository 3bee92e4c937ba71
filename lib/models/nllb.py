"""NLLB-200, which reads and writes text in 200 languages: GMU's other translator (2505.21781).

The real checkpoint and the ones trained here are the same Hugging Face classes, loaded by the same call. Tokens are laid
out as Seamless's are: `lang tok... </s>` is read, and the decoder starts from `</s> lang`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float, Int
from sentencepiece import SentencePieceProcessor
from torch import Tensor, nn
from transformers import AddedToken, M2M100Config, M2M100ForConditionalGeneration, NllbTokenizer

from lib.files import atomic_path
from lib.languages import LANGUAGES, language
from lib.models.loading import load_checkpoint
from lib.models.tokenizer import add_token, train_pieces


@dataclass(frozen=True)
class NllbSize:
    """The sizes that differ between an NLLB trained here and the published one."""

    hidden: int  # width of every part
    heads: int
    text_layers: int  # of the encoder
    decoder_layers: int
    feed_forward: int
    pieces: int = 1000  # of the tokenizer
    spare_rows: int = 16  # embedding rows left for new languages; the published one has 2


class Nllb(nn.Module):
    """Text encoder and text decoder with one table of embeddings, which is also the output head.

    Args:
        reader: named as Seamless names the side that reads: the model whose `generate` writes what was read.
    """

    def __init__(self, reader: M2M100ForConditionalGeneration, tokenizer: NllbTokenizer) -> None:
        super().__init__()
        self.reader, self.tokenizer = reader, tokenizer
        self._language_ids: dict[str, int] = {}

    @property
    def config(self) -> M2M100Config:
        return self.reader.config

    def language_id(self, code: str) -> int:
        """The id of a language's token; a language that the model lacks is registered now.

        Raises:
            ValueError: where no embedding row is left for it.
        """
        if code not in self._language_ids:
            self._language_ids[code] = add_token(self.tokenizer, nllb_token(code), self.config.vocab_size)
        return self._language_ids[code]

    def encode_text(
        self, ids: Int[Tensor, "batch tokens"], mask: Int[Tensor, "batch tokens"]
    ) -> tuple[Float[Tensor, "batch states hidden"], Int[Tensor, "batch states"]]:
        """Encoder states of text and which of them are real."""
        return self.reader.model.encoder(input_ids=ids, attention_mask=mask).last_hidden_state, mask

    def decode(
        self,
        states: Float[Tensor, "batch states hidden"],
        states_mask: Int[Tensor, "batch states"],
        prefix: Int[Tensor, "batch tokens"],
    ) -> Float[Tensor, "batch tokens vocabulary"]:
        """Logits of the token after each token of `prefix` (teacher forcing)."""
        hidden = self.reader.model.decoder(
            input_ids=prefix, encoder_hidden_states=states, encoder_attention_mask=states_mask, use_cache=False
        ).last_hidden_state
        return self.reader.lm_head(hidden)

    def save(self, folder: Path | str) -> None:
        """Write the model as `from_pretrained` reads it, safetensors only, with tokenizer and generation config."""
        with atomic_path(folder) as new:
            self.reader.save_pretrained(new, safe_serialization=True)
            self.tokenizer.save_pretrained(new)


def nllb_token(code: str) -> str:
    """NLLB's token of a language, its FLORES-200 code; a language that NLLB lacks gets one in the same form."""
    row = language(code)
    return row.nllb or f"{row.code}_{row.script}"


def nllb_languages() -> list[str]:
    """The languages of the table that NLLB-200 reads and writes."""
    return [row.code for row in LANGUAGES.values() if row.nllb]


def load_nllb(path: str | Path) -> Nllb:
    """A checkpoint of the hub or of this machine.

    Args:
        path: a folder, or a hub name such as `facebook/nllb-200-distilled-1.3B`.

    Raises:
        ValueError: where a weight is missing, of another shape or not NLLB's, naming it, or where the tokenizer's ids are
            not those of the embedding rows.
    """
    model = load_checkpoint(M2M100ForConditionalGeneration, path, "NLLB")
    tokenizer = NllbTokenizer.from_pretrained(path)
    _check_ids(tokenizer, model.config.vocab_size, path)
    return Nllb(model, tokenizer)


def _check_ids(tokenizer: NllbTokenizer, rows: int, path: str | Path) -> None:
    """Refuse a tokenizer whose tokens stand for other rows, which would translate into other languages."""
    if len(tokenizer) > rows:
        raise ValueError(f"{path}: the tokenizer has {len(tokenizer)} tokens for {rows} embedding rows")
    # from SentencePiece's file alone, the slow tokenizer puts <mask> first and every language one row too late
    if tokenizer.mask_token_id == tokenizer.vocab_size:
        raise ValueError(
            f"{path}: the tokenizer puts {tokenizer.mask_token} where the model has its first language; "
            "its tokenizer.json or tokenizer_config.json, which holds the ids of the languages, is missing"
        )


def build_nllb(size: NllbSize, tokenizer: NllbTokenizer, languages: Sequence[str], seed: int) -> Nllb:
    """An NLLB with random weights, of the given size."""
    config = M2M100Config(
        vocab_size=len(tokenizer) + size.spare_rows,
        d_model=size.hidden,
        encoder_layers=size.text_layers,
        decoder_layers=size.decoder_layers,
        encoder_attention_heads=size.heads,
        decoder_attention_heads=size.heads,
        encoder_ffn_dim=size.feed_forward,
        decoder_ffn_dim=size.feed_forward,
        max_position_embeddings=512,
        # 0.02 is for the published width; at tiny it drowns words in positions: loss 2.39 after 250 updates, not 2.17
        init_std=size.hidden**-0.5,
        encoder_layerdrop=0.0,  # as published; the class's own default is 0.05
        decoder_layerdrop=0.0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Nllb(M2M100ForConditionalGeneration(config), tokenizer)
    for code in languages:
        model.language_id(code)
    return model


def train_nllb_tokenizer(texts: Iterable[str], languages: Sequence[str], pieces: int, folder: Path | str) -> NllbTokenizer:
    """An NLLB tokenizer of about `pieces` pieces with the language tokens of `languages` alone, as a saved folder.

    The ids are laid out as the published ones: 0 bos, 1 pad, 2 eos, 3 unk, the pieces, the languages, mask.
    """
    model = train_pieces(texts, pieces)
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
