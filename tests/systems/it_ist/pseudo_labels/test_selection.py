import random
from dataclasses import replace
from pathlib import Path

import pytest

from lib.systems.it_ist.pseudo_labels import selection
from lib.utterance import Corpus, Utterance
from tests.systems.it_ist.pseudo_labels.cases import make_label

MODELS = ("a", "b", "c", "d")


def drawn(seed, count=40):
    rng = random.Random(seed)
    return [
        make_label(f"u{n:02d}", model, round(rng.random(), 2), target=target)
        for target in ("deu", "zho")
        for n in range(count)
        for model in MODELS
    ]


@pytest.mark.parametrize("seed", range(5))
def test_best_of_each_is_the_highest_of_its_segment(seed):
    labels = drawn(seed)
    best = selection.best_of_each(labels)
    assert len(best) == 80
    for label in best:
        same = [x.score for x in labels if (x.id, x.target) == (label.id, label.target)]
        assert label.score == max(same)


def test_of_equal_scores_the_first_is_kept():
    labels = [make_label("u", "b", 0.5), make_label("u", "a", 0.5)]
    assert [label.translator for label in selection.best_of_each(labels)] == ["b"]


def test_a_score_at_the_threshold_is_kept():
    labels = [make_label("u", "a", 0.85), make_label("v", "a", 0.8499)]
    assert [label.id for label in selection.above(labels, 0.85)] == ["u"]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.85, 1.1])
def test_several_models_never_keep_fewer(seed, threshold):
    assert selection.gain_of_several(drawn(seed), threshold).value >= 0


def test_the_gain_of_several_by_hand():
    """a keeps u, b keeps v: each alone half, both together all."""
    scores = {("u", "a"): 0.9, ("u", "b"): 0.1, ("v", "a"): 0.2, ("v", "b"): 0.95}
    labels = [make_label(id, model, score) for (id, model), score in scores.items()]
    assert selection.gain_of_several(labels, 0.85).value == 50.0


def test_one_model_gains_nothing():
    labels = [label for label in drawn(1) if label.translator == "a"]
    found = selection.gain_of_several(labels, 0.5)
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_the_threshold_keeps_the_share_asked_for():
    labels = drawn(3)
    best = selection.best_of_each(labels)
    kept = selection.above(best, selection.threshold_at(labels, 0.6))
    assert abs(len(kept) / len(best) - 0.6) < 0.05


@pytest.mark.parametrize("share", [0, 1, 60, float("nan")])
def test_a_kept_share_outside_0_and_1_is_refused(share):
    with pytest.raises(ValueError, match="between 0 and 1"):
        selection.threshold_at(drawn(1), share)


def test_the_oracle_reads_the_reference_and_not_the_score():
    right = make_label("u", "a", 0.1, text="reference of u")
    wrong = make_label("u", "b", 0.9, text="nothing alike")
    assert selection.oracle_of_each([wrong, right]) == [right]
    assert selection.best_of_each([wrong, right]) == [wrong]


def test_the_oracle_needs_references():
    with pytest.raises(ValueError, match="u has no reference in deu"):
        selection.oracle_of_each([make_label("u", "a", 0.1, reference="")])


def test_selection_does_not_read_references():
    labels = drawn(2)
    blind = [replace(label, reference="") for label in labels]
    chosen, again = selection.best_of_each(labels), selection.best_of_each(blind)
    assert [(x.id, x.translator) for x in chosen] == [(x.id, x.translator) for x in again]


def test_the_share_of_the_way_to_the_oracle():
    scores = {"a": 40.0, "b": 60.0, selection.BEST: 70.0, selection.ORACLE: 80.0}
    assert selection.share_of_oracle(scores) == 0.5
    assert selection.share_of_oracle(scores | {selection.ORACLE: 60.0}) != 0.5


def test_a_label_has_the_licences_of_transcript_and_model():
    assert make_label("u", "a", 1.0).licence == "CC0-1.0 AND MIT"
    assert make_label("u", "a", 1.0, licences=("MIT", "MIT")).licence == "MIT"


@pytest.mark.parametrize(
    "licences, named",
    [
        (("CC0-1.0", "CC-BY-NC-4.0"), "MT model is 'CC-BY-NC-4.0'"),
        (("CC-BY-NC-4.0", "MIT"), "transcript is 'CC-BY-NC-4.0'"),
        (("", "MIT"), "transcript is 'not stated'"),
    ],
)
def test_a_label_that_is_not_open_is_refused_and_named(licences, named):
    label = make_label("u", "a", 1.0, licences=licences)
    accepted, refused = selection.allowed([label, make_label("v", "a", 1.0)], "open")
    assert [x.id for x in accepted] == ["v"]
    assert refused[0].id == "u" and named in refused[0].reason


def test_share_alike_is_a_rung_of_its_own():
    label = make_label("u", "a", 1.0, licences=("CC-BY-SA-4.0", "MIT"))
    assert selection.allowed([label], "open")[0] == []
    assert selection.allowed([label], "open-sharealike")[0] == [label]
    assert selection.allowed([label], "")[0] == [label]


def utterance(id, split="train"):
    return Utterance(
        id=id,
        audio=Path("a.wav"),
        seconds=1.0,
        language="eng",
        speaker="s",
        split=split,
        texts={"eng": f"transcript of {id}", "deu": "the true translation"},
    )


def test_the_labelled_corpus_has_labels_in_place_of_translations():
    corpus = Corpus(
        name="c",
        utterances=[utterance("u"), utterance("v"), utterance("w", "test")],
        hash="h",
        synthetic=False,
        licence="CC0-1.0",
    )
    made = selection.labelled_corpus(corpus, [make_label("u", "a", 1.0), make_label("w", "a", 1.0)])
    (only,) = made.utterances  # v has no label, and w is a test utterance
    assert only.texts == {"eng": "transcript of u", "deu": "a of u"}
    assert only.licence == "CC0-1.0 AND MIT" and "pseudo-labels" in only.source
    assert made.hash != corpus.hash
