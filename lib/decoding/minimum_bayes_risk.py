"""Minimum Bayes risk: of several outputs for one input, that which the others agree with most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sacrebleu.metrics import CHRF

from lib.models.protocol import Hypothesis

_UTILITY = CHRF(word_order=2)  # chrF++


def by_agreement(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Outputs for one example, of one or several searches, by their mean chrF++ against all.

    A model that knows little puts its mass on many outputs, and the most probable one is often an
    odd one. What they have in common is the safer answer (Müller and Sennrich 2021, "Understanding
    the properties of minimum Bayes risk decoding"; there with samples in place of an n-best list).
    Equal ones keep their order.
    """
    texts = Counter(hypothesis.text for hypothesis in hypotheses)
    agreement = {
        text: sum(
            count * _UTILITY.sentence_score(text, [other]).score
            for other, count in texts.items()
            if other
        )
        for text in texts
    }
    return sorted(hypotheses, key=lambda hypothesis: -agreement[hypothesis.text])
