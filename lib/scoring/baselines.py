"""Input-independent baselines: outputs that a system must beat."""

from __future__ import annotations

import random
from collections.abc import Sequence

from lib.scoring.metrics import statistics


def constant(
    train: Sequence[str],
    dev: Sequence[str],
    target: str,
    profile: str = "plain",
    max_candidates: int = 200,
) -> str:
    """Return the training sentence with the best BLEU + chrF++ as output for every utterance.

    Args:
        train: training references; the candidates are spread evenly over their lengths.
        dev: development references, which select the sentence.
        target: language of the output, ISO 639-3.
    """
    sentences = sorted(set(train), key=lambda text: (len(text), text))
    candidates = sentences[:: -(-len(sentences) // max_candidates)]

    def dev_score(text: str) -> float:
        hypotheses = [text] * len(dev)
        return sum(
            statistics(metric, hypotheses, dev, target, profile).corpus_score
            for metric in ("BLEU", "chrF++")
        )

    return max(candidates, key=dev_score)


def shuffled(hypotheses: Sequence[str], references: Sequence[str], seed: int = 0) -> list[str]:
    """Give each utterance the hypothesis of another one, with another reference where possible.

    This equals decoding shuffled audio, since a hypothesis does not depend on the other utterances.
    """
    rng = random.Random(seed)
    order = list(range(len(hypotheses)))
    rng.shuffle(order)
    source = dict(zip(order, order[-1:] + order[:-1], strict=True))  # utterance -> hypothesis
    for index in order:  # swap where source and utterance share their reference
        if references[source[index]] == references[index]:
            for other in order:
                if (
                    references[source[other]] != references[index]
                    and references[source[index]] != references[other]
                ):
                    source[index], source[other] = source[other], source[index]
                    break
    return [hypotheses[source[index]] for index in range(len(hypotheses))]
