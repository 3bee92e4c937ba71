"""Which sentences are long enough to be compared."""

import pytest

from lib.corpora.curation.corpus_table import long_enough
from lib.corpora.curation.rules import Rules


@pytest.mark.parametrize(
    "normalized, code, long",
    [
        ("one two three", "eng", True),
        ("thank you", "eng", False),
        ("非常感谢您", "zho", False),
        ("非常感谢你们", "zho", True),
    ],
)
def test_short_sentences_may_be_in_several_splits(normalized, code, long):
    assert long_enough(normalized, code, Rules()) == long
