"""Which hypotheses become labels: the best of each segment by COMETKiwi, above a threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lib.corpora.curation.rules import licence_remedy, parse_licences
from lib.files import content_hash
from lib.scoring.estimates import Estimate, Replicates, mean_over_pairs, replicates
from lib.scoring.metrics import Statistics, statistics
from lib.utterance import Corpus, Dropped

BEST, ORACLE = "best by COMETKiwi", "best by the reference"


@dataclass(frozen=True, kw_only=True)
class Label:
    """A translation of an utterance's transcript by one MT model, with its score and its origin."""

    id: str  # of the utterance
    source: str  # ISO 639-3
    target: str
    transcript: str
    text: str
    translator: str
    metric: str
    score: float
    licences: tuple[str, ...]  # SPDX: of the transcript, of the MT model
    reference: str = ""  # of a held-out segment; selection never reads it, the oracle does

    @property
    def licence(self) -> str:
        """An SPDX expression: that of the transcript AND that of the MT model."""
        return " AND ".join(dict.fromkeys(self.licences))


def by_target(labels: Sequence[Label]) -> dict[str, list[Label]]:
    """The labels of each target language."""
    targets = dict.fromkeys(label.target for label in labels)
    return {target: [label for label in labels if label.target == target] for target in targets}


def by_translator(labels: Sequence[Label]) -> dict[str, list[Label]]:
    """The labels of each MT model."""
    names = dict.fromkeys(label.translator for label in labels)
    return {name: [label for label in labels if label.translator == name] for name in names}


def best_of_each(labels: Sequence[Label]) -> list[Label]:
    """The label with the highest score of each segment and language; of equals the first."""
    best: dict[tuple[str, str], Label] = {}
    for label in labels:
        key = label.target, label.id
        if key not in best or label.score > best[key].score:
            best[key] = label
    return list(best.values())


def oracle_of_each(labels: Sequence[Label]) -> list[Label]:
    """The label with the highest chrF++ against the reference of each segment; of equals the first.

    Raises:
        ValueError: a label has no reference.
    """
    scored = []
    for target, group in by_target(labels).items():
        if missing := [label.id for label in group if not label.reference]:
            raise ValueError(f"{missing[0]} has no reference in {target}; the oracle needs one")
        found = _statistics("chrF++", group).utterance_scores
        scored += [replace(x, score=s) for x, s in zip(group, found, strict=True)]
    chosen = {(x.target, x.id): x.translator for x in best_of_each(scored)}
    return [label for label in labels if chosen[label.target, label.id] == label.translator]


def above(labels: Sequence[Label], threshold: float) -> list[Label]:
    """The labels whose score reaches the threshold."""
    return [label for label in labels if label.score >= threshold]


def threshold_at(labels: Sequence[Label], share: float) -> float:
    """The threshold that keeps a share of the best labels, for a metric that is not calibrated.

    Raises:
        ValueError: the share is not between 0 and 1.
    """
    if not 0 < share < 1:
        raise ValueError(f"kept share {share} is not between 0 and 1")
    return float(np.quantile([label.score for label in best_of_each(labels)], 1 - share))


def kept(labels: Sequence[Label], threshold: float) -> Replicates:
    """The percentage of segments that a threshold keeps, with what each segment contributes.

    Args:
        labels: one for each segment, in one language.
    """
    ordered = sorted(labels, key=lambda label: label.id)
    rows = np.array([[label.score >= threshold, 1] for label in ordered], dtype=float)
    signature = f"{ordered[0].metric} >= {threshold:g}"
    stats = Statistics("kept, %", rows, lambda total: 100 * float(total[0] / total[1]), signature)
    ids = [label.id for label in ordered]
    return replicates([(0, stats)], [""] * len(ids), ids)


def best_single(labels: Sequence[Label], threshold: float) -> str:
    """The MT model that keeps most segments of one language alone."""
    found = by_translator(labels)
    return max(found, key=lambda name: (len(above(found[name], threshold)), name))


def gain_of_several(labels: Sequence[Label], threshold: float) -> Estimate:
    """Segments kept by the best of all models minus those by the best single one (IT-2).

    In percentage points, mean over the languages. It cannot be negative: the highest of several
    scores is never below one of them. What it costs in quality is another question.
    """
    pairs = []
    for group in by_target(labels).values():
        single = by_translator(group)[best_single(group, threshold)]
        pairs.append(kept(best_of_each(group), threshold) - kept(single, threshold))
    return mean_over_pairs(pairs).estimate()


def bleu(labels: Sequence[Label]) -> Replicates:
    """BLEU of labels with references, in one language."""
    ordered = sorted(labels, key=lambda label: label.id)
    ids = [label.id for label in ordered]
    return replicates([(0, _statistics("BLEU", ordered))], [""] * len(ids), ids)


def quality(labels: Sequence[Label]) -> list[float]:
    """The chrF++ of each label against its reference, 0 to 100."""
    found: dict[tuple[str, str, str], float] = {}
    for group in by_target(labels).values():
        scores = _statistics("chrF++", group).utterance_scores
        found |= {(x.target, x.id, x.translator): s for x, s in zip(group, scores, strict=True)}
    return [found[x.target, x.id, x.translator] for x in labels]


def choices(labels: Sequence[Label]) -> dict[str, list[Label]]:
    """The labels of one language by each way of choosing: each model, COMETKiwi, the oracle."""
    return by_translator(labels) | {BEST: best_of_each(labels), ORACLE: oracle_of_each(labels)}


def share_of_oracle(scores: Mapping[str, float]) -> float:
    """How much of the way from the best single model to the oracle COMETKiwi goes; 1 is all of it.

    Args:
        scores: of each of `choices`; NaN where the oracle is not above the best single model.
    """
    single = max(score for name, score in scores.items() if name not in (BEST, ORACLE))
    way = scores[ORACLE] - single
    return (scores[BEST] - single) / way if way > 0 else float("nan")


def allowed(labels: Sequence[Label], licences: str) -> tuple[list[Label], list[Dropped]]:
    """The labels whose every licence the run allows, and those that are refused, with the reason.

    Args:
        licences: "" (any), "open", "open-sharealike" or SPDX identifiers; see `parse_licences`.
    """
    permitted = parse_licences(licences)
    accepted, refused = [], []
    for label in labels:
        reasons = [
            f"{part} is {licence or 'not stated'!r}: {remedy}"
            for part, licence in zip(("transcript", "MT model"), label.licences, strict=True)
            if (remedy := licence_remedy(licence, permitted))
        ]
        if reasons:
            where = f"{label.target} by {label.translator}"
            refused.append(Dropped(label.id, f"{where}: the licence of the {'; '.join(reasons)}"))
        else:
            accepted.append(label)
    return accepted, refused


def labelled_corpus(corpus: Corpus, labels: Sequence[Label]) -> Corpus:
    """The training utterances with a label as their translation, to be trained on; no other text.

    A true translation is replaced. Utterances without a label are left out, dev and test too.
    """
    texts: dict[str, list[Label]] = {}
    for label in labels:
        texts.setdefault(label.id, []).append(label)
    utterances = []
    for utterance in corpus.utterances:
        if utterance.split != "train" or utterance.id not in texts:
            continue
        own = texts[utterance.id]
        licence = " AND ".join(dict.fromkeys(part for x in own for part in x.licences))
        transcript = {utterance.language: utterance.texts[utterance.language]}
        utterances.append(
            replace(
                utterance,
                texts=transcript | {label.target: label.text for label in own},
                source=f"{utterance.source or corpus.name}, pseudo-labels",
                licence=licence,
            )
        )
    facts = sorted([x.id, x.target, x.text, x.translator] for x in labels)
    return Corpus(
        name=f"{corpus.name}, pseudo-labels",
        utterances=utterances,
        hash=content_hash([corpus.hash, facts]),
        synthetic=corpus.synthetic,
        licence=" AND ".join(sorted({part for x in labels for part in x.licences})),
    )


def _statistics(metric: str, labels: Sequence[Label]) -> Statistics:
    texts, references = [x.text for x in labels], [x.reference for x in labels]
    return statistics(metric, texts, references, labels[0].target, "plain")
