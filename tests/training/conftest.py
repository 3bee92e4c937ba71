"""Fixtures of training tests: examples, and a tokenizer for models built in module fixtures."""

import pytest

from lib.tasks import ST, examples


@pytest.fixture(scope="session")
def tokenizer(tokenizer_folder):
    from transformers import SeamlessM4TTokenizer

    return SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)


@pytest.fixture(scope="session")
def chosen(corpus):
    """Twenty spoken examples of speech translation."""
    return examples(corpus.split("train", "est"), ST, "eng")
