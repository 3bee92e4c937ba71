"""Seamless's tokenizer: trained here for the small backbones, loaded for the real one; languages are added to it.

The pieces and the adding of languages serve NLLB's tokenizer too.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

import sentencepiece
from transformers import AddedToken, PreTrainedTokenizer, SeamlessM4TTokenizer

from lib.files import atomic_path
from lib.languages import LANGUAGES, language

# Every letter that a Latin-script text of the table may hold, so that recordings of one's own are spelled, not lost.
_LATIN = "".join(chr(code) for code in [*range(0x20, 0x7F), *range(0xA1, 0x180), 0x2019, 0x201C, 0x201D, 0x2013, 0x2026])


def train_pieces(texts: Iterable[str], pieces: int) -> bytes:
    """A SentencePiece model of about `pieces` pieces, `<unk>` `<s>` `</s>` first.

    Digits stand alone, so that any number can be written, and every Latin letter is a piece.
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=pieces,
        model_type="unigram",
        character_coverage=1.0,
        required_chars=_LATIN.replace(" ", ""),
        split_digits=True,
        hard_vocab_limit=False,
        normalization_rule_name="nfkc",
        minloglevel=2,
        num_threads=1,
    )
    return model.getvalue()


def train_tokenizer(texts: Iterable[str], languages: list[str], pieces: int, folder: Path | str) -> SeamlessM4TTokenizer:
    """A Seamless tokenizer of about `pieces` pieces with the language tokens of `languages`, as a saved folder.

    The order of `train_pieces` keeps the ids that the real model has: 0 pad, 1 unk, 2 bos, 3 eos.
    """
    model = train_pieces(texts, pieces)
    with atomic_path(folder) as new:
        new.mkdir()
        (new / "sentencepiece.model").write_bytes(model)
        tokens = [language(code).token for code in languages]
        tokenizer = SeamlessM4TTokenizer(
            str(new / "sentencepiece.model"), src_lang=languages[0], tgt_lang=languages[0], additional_special_tokens=tokens
        )
        tokenizer.save_pretrained(new)
    return SeamlessM4TTokenizer.from_pretrained(folder)


def add_language(tokenizer: SeamlessM4TTokenizer, code: str, rows: int) -> int:
    """The id of a language's token, as `add_token`."""
    return add_token(tokenizer, language(code).token, rows)


def add_token(tokenizer: PreTrainedTokenizer, token: str, rows: int) -> int:
    """The id of a language token, which is added where the tokenizer lacks it, as GMU does.

    Args:
        rows: of the model's embedding table; a new token takes a spare one, so that nothing is resized.

    Raises:
        ValueError: where no spare row is left.
    """
    if token not in tokenizer.get_vocab():
        if len(tokenizer) >= rows:
            raise ValueError(f"no spare embedding row for {token}: the model has {rows}, the tokenizer fills them all")
        added = AddedToken(token, lstrip=False, rstrip=False, normalized=False, special=True)
        tokenizer.add_special_tokens({"additional_special_tokens": [added]}, replace_additional_special_tokens=False)
    return tokenizer.convert_tokens_to_ids(token)


def text_ids(tokenizer: PreTrainedTokenizer, text: str) -> list[int]:
    """The pieces of a text, without language or end tokens."""
    return tokenizer.encode(text, add_special_tokens=False)


def unknown_pieces(tokenizer: PreTrainedTokenizer, texts: Iterable[str]) -> int:
    """How many pieces of the texts the tokenizer cannot write: what a model is asked for and can never say."""
    return sum(text_ids(tokenizer, text).count(tokenizer.unk_token_id) for text in texts)


def seamless_languages() -> list[str]:
    """The languages of the table that SeamlessM4T-v2 has a token for."""
    return [row.code for row in LANGUAGES.values() if row.seamless]
