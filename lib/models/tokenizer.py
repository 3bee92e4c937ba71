"""Tokenizers: SentencePiece models trained here, and language tokens added to published ones."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import sentencepiece
from tokenizers.pre_tokenizers import ByteLevel
from transformers import (
    AddedToken,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    SeamlessM4TTokenizer,
)

from lib.files import atomic_path
from lib.languages import LANGUAGES, language

# every letter of the table's Latin-script languages, so that recordings of one's own have no
# unknown characters
_CODE_POINTS = [*range(0x20, 0x7F), *range(0xA1, 0x180), 0x2019, 0x201C, 0x201D, 0x2013, 0x2026]
_LATIN = "".join(map(chr, _CODE_POINTS))


def train_sentencepiece(texts: Iterable[str], subwords: int, **options: Any) -> bytes:
    """A SentencePiece unigram model of about `subwords` subwords, after `<unk>` `<s>` `</s>`.

    Digits are single subwords, so that any number can be written, and so is every Latin letter.

    Args:
        options: of SentencePiece's trainer, such as other ids of the first tokens.
    """
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts),
        model_writer=model,
        vocab_size=subwords,
        model_type="unigram",
        character_coverage=1.0,
        required_chars=_LATIN.replace(" ", ""),
        split_digits=True,
        hard_vocab_limit=False,
        normalization_rule_name="nfkc",
        minloglevel=2,
        num_threads=1,
        **options,
    )
    return model.getvalue()


def train_byte_level_bpe(
    kind: type[PreTrainedTokenizerFast],
    texts: Iterable[str],
    subwords: int,
    special: Sequence[str] = (),
    **options: str,
) -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of a class such as Qwen2's, with about `subwords` subwords.

    Args:
        special: tokens that the class needs in its vocabulary, after the bytes.
        options: of the class.
    """
    alphabet = [*sorted(ByteLevel.alphabet()), *special]
    with TemporaryDirectory() as bytes_only:
        vocab, merges = Path(bytes_only) / "vocab.json", Path(bytes_only) / "merges.txt"
        ids = {character: index for index, character in enumerate(alphabet)}
        vocab.write_text(json.dumps(ids), encoding="utf-8")
        merges.write_text("#version: 0.2\n", encoding="utf-8")
        untrained = kind(str(vocab), str(merges), **options)
    return untrained.train_new_from_iterator(texts, subwords, show_progress=False)


def train_seamless_tokenizer(
    texts: Iterable[str], languages: list[str], subwords: int, folder: Path | str
) -> SeamlessM4TTokenizer:
    """A Seamless tokenizer of about `subwords` subwords and the given languages, saved to a folder.

    The ids are those of the published one: 0 pad, 1 unk, 2 bos, 3 eos.
    """
    model = train_sentencepiece(texts, subwords)
    with atomic_path(folder) as new:
        new.mkdir()
        (new / "sentencepiece.model").write_bytes(model)
        tokenizer = SeamlessM4TTokenizer(
            str(new / "sentencepiece.model"),
            src_lang=languages[0],
            tgt_lang=languages[0],
            additional_special_tokens=[language(code).token for code in languages],
        )
        tokenizer.save_pretrained(new)
    return SeamlessM4TTokenizer.from_pretrained(folder)


def add_seamless_language(tokenizer: SeamlessM4TTokenizer, code: str, rows: int) -> int:
    """The id of a language's token, as `add_token`."""
    return add_token(tokenizer, language(code).token, rows)


def add_token(tokenizer: PreTrainedTokenizerBase, token: str, rows: int) -> int:
    """The id of a language token; it is added where the tokenizer lacks it, as GMU does.

    Args:
        rows: of the model's embedding table; a new token takes a spare row, nothing is resized.

    Raises:
        ValueError: no spare row is left.
    """
    if token not in tokenizer.get_vocab():
        if len(tokenizer) >= rows:
            raise ValueError(f"no spare embedding row for {token}: all {rows} rows have a token")
        added = AddedToken(token, lstrip=False, rstrip=False, normalized=False, special=True)
        tokenizer.add_special_tokens(
            {"additional_special_tokens": [added]}, replace_additional_special_tokens=False
        )
    return tokenizer.convert_tokens_to_ids(token)


def text_ids(tokenizer: PreTrainedTokenizerBase, text: str) -> list[int]:
    """The subword ids of a text, without language or end tokens."""
    return tokenizer.encode(text, add_special_tokens=False)


def unknown_subwords(tokenizer: PreTrainedTokenizerBase, texts: Iterable[str]) -> int:
    """How many subwords of the texts the tokenizer lacks, so that no model can write them."""
    return sum(text_ids(tokenizer, text).count(tokenizer.unk_token_id) for text in texts)


def seamless_languages() -> list[str]:
    """The languages of the table that SeamlessM4T-v2 has a token for."""
    return [row.code for row in LANGUAGES.values() if row.seamless]
