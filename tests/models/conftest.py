"""Tokenizers, and models that the tests of several files share."""

import pytest
import torch
from transformers import NllbTokenizer, SeamlessM4TTokenizer, WhisperTokenizerFast

from lib.models.nllb import NllbSize, build_nllb, train_nllb_tokenizer
from lib.models.whisper import WhisperSize, build_whisper, train_whisper_tokenizer
from tests.models.seamless import build, move_head

WHISPER = WhisperSize(
    hidden=32, heads=2, layers=2, decoder_layers=2, feed_forward=64, mels=80, subwords=400
)
NLLB = NllbSize(
    hidden=32,
    heads=2,
    encoder_layers=1,
    decoder_layers=2,
    feed_forward=64,
    subwords=500,
    spare_rows=2,
)
NLLB_LANGUAGES = ["est", "eng", "spa", "que"]


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder):
    return SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)


@pytest.fixture(scope="module")
def untied(tokenizer):
    """A Seamless whose head has other weights than its embeddings."""
    return move_head(build(tokenizer, seed=3))


@pytest.fixture(scope="session")
def nllb_tokenizer_folder(spec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nllb") / "tokenizer"
    texts = (text for sentence in spec.sentences(200) for text in sentence.values())
    train_nllb_tokenizer(texts, NLLB_LANGUAGES, NLLB.subwords, folder)
    return folder


@pytest.fixture
def nllb(nllb_tokenizer_folder):
    """An NLLB with random weights, in eval mode, and a tokenizer of its own."""
    tokenizer = NllbTokenizer.from_pretrained(nllb_tokenizer_folder)
    return build_nllb(NLLB, tokenizer, NLLB_LANGUAGES, seed=3).eval()


@pytest.fixture(scope="session")
def whisper_tokenizer_folder(spec, tmp_path_factory):
    """A tokenizer of Whisper's class with Estonian, English and Spanish."""
    folder = tmp_path_factory.mktemp("whisper") / "tokenizer"
    texts = [text for sentence in spec.sentences(200) for text in sentence.values()]
    train_whisper_tokenizer(texts, ("est", "eng", "spa"), WHISPER.subwords, folder)
    return folder


@pytest.fixture(scope="session")
def whisper(whisper_tokenizer_folder):
    """`whisper(pad_to_window, seed)`: a minute Whisper with random weights, in eval mode."""

    def whisper(pad_to_window=False, seed=1):
        tokenizer = WhisperTokenizerFast.from_pretrained(whisper_tokenizer_folder)
        model = build_whisper(WHISPER, tokenizer, seed, pad_to_window).eval()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            for name, parameter in model.named_parameters():
                if name.endswith("bias"):  # biases of zero would hide errors of padding
                    torch.nn.init.normal_(parameter, std=0.3)
        return model

    return whisper
