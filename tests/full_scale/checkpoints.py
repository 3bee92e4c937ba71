"""Small checkpoints under the names of the published ones, in a cache of the hub's layout."""

import shutil

from transformers import (
    NllbTokenizer,
    Qwen2TokenizerFast,
    SeamlessM4TTokenizer,
    T5TokenizerFast,
    WhisperTokenizerFast,
)

from lib.languages import LANGUAGES
from lib.models.hub import REVISIONS
from lib.models.language_model import QwenSize, build_qwen, train_qwen_tokenizer
from lib.models.mt5 import MT5Size, build_mt5, train_mt5_tokenizer
from lib.models.nllb import NllbSize, build_nllb, nllb_languages, train_nllb_tokenizer
from lib.models.seamless import SeamlessSize, build_seamless
from lib.models.tokenizer import seamless_languages, train_seamless_tokenizer
from lib.models.w2v_bert import W2vBertSize, build_w2v_bert
from lib.models.whisper import WhisperSize, build_whisper, train_whisper_tokenizer
from tests.models.published import as_published

SMALL = {"hidden": 32, "heads": 2, "feed_forward": 64}
TEXTS = ["one two three four", "eins zwei drei vier", "un deux trois quatre", "一 二 三 四"]


def write_hub(hub, folder):
    """A cache with every checkpoint that the presets of `full` name.

    Args:
        folder: for what is built on the way.
    """
    for name, write in CHECKPOINTS.items():
        made = folder / name.replace("/", "--")
        write(made, folder / f"tokenizer-{made.name}")
        _publish(hub, name, as_published(made))


def _publish(hub, name, made):
    commit = REVISIONS.get(name, "c" * 40)
    repository = hub / f"models--{name.replace('/', '--')}"
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    shutil.copytree(made, repository / "snapshots" / commit)


def _seamless(made, folder):
    train_seamless_tokenizer(TEXTS, seamless_languages(), 500, folder)
    tokenizer = SeamlessM4TTokenizer.from_pretrained(folder)
    size = SeamlessSize(
        **SMALL,
        speech_layers=1,
        text_layers=1,
        decoder_layers=1,
        stack=2,
        adaptor_stride=4,
        subwords=500,
    )
    build_seamless(size, tokenizer, seamless_languages(), seed=1).save(made)


def _nllb(made, folder):
    tokenizer = train_nllb_tokenizer(TEXTS, nllb_languages(), 500, folder)
    size = NllbSize(**SMALL, encoder_layers=1, decoder_layers=1)
    assert isinstance(tokenizer, NllbTokenizer)
    build_nllb(size, tokenizer, nllb_languages(), seed=1).save(made)


def _w2v_bert(made, folder):
    build_w2v_bert(W2vBertSize(**SMALL, layers=24, stack=2), seed=1).save(made)


def _whisper(made, folder):
    spoken = [code for code, row in LANGUAGES.items() if row.whisper]
    train_whisper_tokenizer(TEXTS, spoken, 400, folder)
    tokenizer = WhisperTokenizerFast.from_pretrained(folder)
    size = WhisperSize(**SMALL, layers=1, decoder_layers=1, mels=128)
    build_whisper(size, tokenizer, seed=1, pad_to_window=True).save(made)


def _qwen(made, folder):
    train_qwen_tokenizer(TEXTS, 400, folder)
    tokenizer = Qwen2TokenizerFast.from_pretrained(folder)
    size = QwenSize(**SMALL, key_value_heads=1, layers=1)
    build_qwen(size, tokenizer, seed=1).save_pretrained(made)
    tokenizer.save_pretrained(made)


def _mt0(made, folder):
    train_mt5_tokenizer(TEXTS, 500, folder)
    tokenizer = T5TokenizerFast.from_pretrained(folder)
    build_mt5(MT5Size(**SMALL, layers=1, subwords=500), tokenizer, seed=1).save_pretrained(made)
    tokenizer.save_pretrained(made)


CHECKPOINTS = {
    "facebook/seamless-m4t-v2-large": _seamless,
    "facebook/nllb-200-distilled-1.3B": _nllb,
    "facebook/w2v-bert-2.0": _w2v_bert,
    "openai/whisper-large-v3": _whisper,
    "Qwen/Qwen2.5-1.5B": _qwen,
    "Qwen/Qwen2.5-3B": _qwen,
    "bigscience/mt0-xl": _mt0,
}
