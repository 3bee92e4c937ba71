"""Experiments on poor corpora, without transcripts, and in several directions."""

from dataclasses import replace

import pytest

from lib.systems.gmu.strategies import STRATEGIES
from lib.tasks import ASR, ST

pytestmark = pytest.mark.slow  # it trains

DIRECT = STRATEGIES["direct"]


# ---- what training drops ----


@pytest.fixture(scope="module")
def poor(experiment, tmp_path_factory):
    """A corpus with a clip that is no audio, one without a transcript, and one very long text."""
    bad = tmp_path_factory.mktemp("bad") / "bad.wav"
    bad.write_bytes(b"")
    utterances = list(experiment.corpus.utterances)
    first, second, third = [i for i, u in enumerate(utterances) if u.split == "train"][:3]
    utterances[first] = replace(utterances[first], audio=bad)
    utterances[second] = replace(utterances[second], texts={"spa": "sin transcripción"})
    texts = utterances[third].texts | {"spa": "uno dos tres " * 60}
    utterances[third] = replace(utterances[third], texts=texts)
    return experiment.with_corpus(replace(experiment.corpus, utterances=utterances, hash="poor"))


@pytest.fixture(scope="module")
def poor_systems(poor):
    """The system as it was trained, and as it is found again."""
    return poor.train("multitask"), poor.train("multitask")


@pytest.mark.parametrize("index", [0, 1], ids=["trained", "found"])
@pytest.mark.parametrize(
    "name, count",
    [
        ("training_clips_without_a_transcript", 1),
        ("training_clips_unusable", 1),
        ("training_texts_cut", 1),
        ("training_clips_cut", 0),
        ("training_clips_dropped_as_too_long", 0),
    ],
)
def test_what_training_dropped_is_counted_and_remembered(poor_systems, index, name, count):
    assert poor_systems[index].dropped_counts[name] == count


def test_a_poor_corpus_has_outputs_for_each_test_clip(poor, poor_systems):
    assert len(poor.outputs(poor_systems[0])) == 6


# ---- a corpus without transcripts ----


@pytest.fixture(scope="module")
def without_transcripts(experiment):
    utterances = [replace(u, texts={"spa": u.texts["spa"]}) for u in experiment.corpus.utterances]
    return experiment.with_corpus(replace(experiment.corpus, utterances=utterances, hash="bare"))


def test_direct_fine_tuning_needs_no_transcripts(without_transcripts):
    experiment = without_transcripts
    assert len(experiment.outputs(experiment.train("direct"))) == 6


@pytest.mark.parametrize("name", ["asr", "mt", "multitask"])
def test_other_strategies_say_that_transcripts_are_missing(without_transcripts, name):
    with pytest.raises(ValueError, match=r"no utterance has the texts for .*; texts are in \['spa"):
        without_transcripts.train(name)


# ---- several directions on one corpus ----


@pytest.fixture(scope="module")
def two_pairs(experiment):
    """Two pairs of languages on the backbone's corpus, which is spoken in four."""
    directions = (("est", "eng"), ("spa", "fra"))
    return replace(experiment, corpus=experiment.backbone.corpus, directions=directions)


@pytest.fixture(scope="module")
def into_two(experiment):
    """One spoken language into two."""
    return replace(experiment, directions=(("que", "spa"), ("que", "eng")))


def test_training_examples_are_the_union(two_pairs):
    found, _ = two_pairs._training_examples(DIRECT)
    alone = [
        replace(two_pairs, directions=(pair,))._training_examples(DIRECT)[0]
        for pair in two_pairs.directions
    ]
    assert found == alone[0] + alone[1]


def test_a_recogniser_hears_each_clip_once(into_two):
    found, _ = into_two._training_examples(STRATEGIES["asr"])
    assert len(found) == len(into_two.corpus.split("train"))
    assert len(into_two.test(ASR)) == 6
    assert len(into_two.test(ST)) == 12


def test_a_system_of_two_pairs_has_outputs_of_both(two_pairs):
    rows = two_pairs.outputs(two_pairs.train("direct"))
    assert {(row.source, row.target) for row in rows} == set(two_pairs.directions)
    assert len(rows) == sum(len(two_pairs.corpus.split("test", s)) for s in ("est", "spa"))


def test_the_folder_names_both_pairs(two_pairs):
    assert "-est-eng+spa-fra-" in two_pairs.folder(DIRECT).name


def test_both_targets_are_trained_on(into_two):
    found, _ = into_two._training_examples(DIRECT)
    model = into_two.start(DIRECT)
    languages = {model.layout(example, 128).labels[0] for example in found}
    assert languages == {model.add_language(code) for code in ("spa", "eng")}
