"""A tokenizer for models that are built in the fixtures of one file."""

import pytest
from transformers import SeamlessM4TTokenizer


@pytest.fixture(scope="module")
def tokenizer(tokenizer_folder):
    return SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)
