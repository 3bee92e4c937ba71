"""Two hundred of the mutations of `python -m tests.fuzz`."""

import pytest

from lib.tasks import ST, examples
from tests.fuzz.campaign import trials
from tests.fuzz.trials import GOOD

pytestmark = pytest.mark.slow


@pytest.mark.timeout(900)
def test_no_mutation_ends_in_a_traceback_a_wrong_result_or_a_hang(
    corpus, tokenizer_folder, tmp_path
):
    chosen = examples(corpus.split("train", "est"), ST, "eng")
    found = list(trials(200, tmp_path, tokenizer_folder, chosen))
    assert [trial for trial in found if trial.outcome not in GOOD] == []
