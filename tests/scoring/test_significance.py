import numpy as np
import pytest

from lib.scoring.metrics import bootstrap_weights, resampled_scores, statistics
from lib.scoring.significance import check_same_signature, paired_bootstrap
from tests.scoring.cases import corrupt, references

SPEAKERS = [f"speaker-{index % 12}" for index in range(60)]
GOOD, BAD = (corrupt(references(), share, 1) for share in (0.1, 0.4))


def bleu(hypotheses, profile="plain"):
    return statistics("BLEU", hypotheses, references(), "eng", profile)


def test_difference_to_itself_is_zero():
    found = paired_bootstrap(bleu(GOOD), bleu(GOOD), SPEAKERS)
    assert (found.value, found.low, found.high) == (0.0, 0.0, 0.0)


def test_value_is_the_difference_of_the_scores():
    found = paired_bootstrap(bleu(GOOD), bleu(BAD), SPEAKERS)
    assert found.value == bleu(GOOD).corpus_score - bleu(BAD).corpus_score


def test_a_much_better_system_is_above_zero():
    assert paired_bootstrap(bleu(GOOD), bleu(BAD), SPEAKERS).low > 0


def test_order_changes_the_sign():
    one, other = bleu(GOOD), bleu(BAD)
    forward = paired_bootstrap(one, other, SPEAKERS)
    backward = paired_bootstrap(other, one, SPEAKERS)
    assert (forward.value, forward.low) == pytest.approx((-backward.value, -backward.high))


def test_both_systems_share_the_resamples():
    weights, _ = bootstrap_weights(SPEAKERS)
    paired = resampled_scores(bleu(GOOD), weights) - resampled_scores(bleu(BAD), weights)
    found = paired_bootstrap(bleu(GOOD), bleu(BAD), SPEAKERS)
    assert found.high == np.percentile(paired, 97.5)


def test_different_signatures_are_refused():
    with pytest.raises(ValueError, match="cannot be compared"):
        check_same_signature(bleu(GOOD), bleu(GOOD, "gmu"))
