"""Tokenizers and Whispers for models that are built in the fixtures of one file."""

import pytest
import torch
from transformers import SeamlessM4TTokenizer, WhisperTokenizerFast

from lib.models.whisper import WhisperSize, build_whisper, train_whisper_tokenizer

WHISPER = WhisperSize(
    hidden=32, heads=2, layers=2, decoder_layers=2, feed_forward=64, mels=80, subwords=400
)


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder):
    return SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)


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
