"""What the outputs of a system are held against: the untuned backbone, and baselines."""

from dataclasses import replace

import pytest

from lib.systems.baselines import as_hypothesis
from lib.tasks import ST

OF_A_RECOGNISER = ["constant", "shuffled_audio", "nearest_duration", "silence"]
BASELINES = [*OF_A_RECOGNISER, "copied_transcript"]


# ---- the untuned backbone ----


@pytest.fixture(scope="module")
def zero_shot(experiment):
    return experiment.zero_shot("direct")


def test_zero_shot_rows_name_the_backbone(zero_shot):
    assert {(row.strategy, row.stage, row.task) for row in zero_shot} == {
        ("zero_shot", "backbone", "ST")
    }


def test_zero_shot_outputs_are_the_backbones(experiment, trained, zero_shot, tmp_path):
    model = experiment.system.initial_model(experiment, experiment.strategy("direct"))
    untuned = replace(trained("direct"), model=model, folder=tmp_path)
    assert [row.hypothesis for row in experiment.outputs(untuned)] == [
        row.hypothesis for row in zero_shot
    ]


def test_zero_shot_differs_from_the_trained_system(zero_shot, outputs):
    trained = [row.hypothesis for row in outputs("direct")]
    assert [row.hypothesis for row in zero_shot] != trained


@pytest.mark.parametrize("strategy, task", [("asr", "ASR"), ("mt", "MT"), ("nllb", "MT")])
def test_zero_shot_is_of_the_strategys_task(experiment, strategy, task):
    assert {row.task for row in experiment.zero_shot(strategy)} == {task}


def test_zero_shot_of_random_weights_depends_on_the_seed(experiment):
    """It is not found where another seed has been."""
    other = replace(experiment, seed=2)
    found = [
        [row.hypothesis for row in each.zero_shot("from_scratch")] for each in (experiment, other)
    ]
    assert found[0] != found[1]


# ---- baselines ----


@pytest.fixture(scope="module")
def baselines(experiment, trained, outputs):
    return experiment.baselines(trained("direct"), outputs("direct"))


def test_each_test_clip_has_every_baseline(baselines, outputs):
    ids = [row.id for row in outputs("direct")]
    assert {row.strategy for row in baselines} == set(BASELINES)
    for name in BASELINES:
        assert [row.id for row in baselines if row.strategy == name] == ids


def test_baselines_are_no_system(baselines):
    assert {row.system for row in baselines} == {"baseline"}
    assert {row.stage for row in baselines} == {"direct"}


def test_the_constant_is_a_training_text(baselines, experiment):
    texts = {row.hypothesis for row in baselines if row.strategy == "constant"}
    assert len(texts) == 1
    assert texts <= {u.texts["spa"] for u in experiment.corpus.split("train")}


def test_shuffled_audio_has_the_systems_outputs(baselines, outputs):
    texts = [row.hypothesis for row in baselines if row.strategy == "shuffled_audio"]
    assert sorted(texts) == sorted(row.hypothesis for row in outputs("direct"))


def test_silence_is_decoded_without_the_audio(baselines, experiment, trained):
    expected = experiment.decode(trained("direct"), experiment.test(ST), silence=True)
    texts = [row.hypothesis for row in baselines if row.strategy == "silence"]
    assert texts == [hypothesis.text for hypothesis in expected]


def test_baselines_of_a_recogniser(experiment, trained, outputs):
    made = experiment.baselines(trained("asr"), outputs("asr"))
    assert {(row.task, row.target) for row in made} == {("ASR", "que")}
    assert [row.strategy for row in made[::6]] == OF_A_RECOGNISER


def test_baselines_of_a_text_translator_are_made_without_audio(experiment, trained, outputs):
    made = experiment.baselines(trained("mt"), outputs("mt"))
    assert [row.strategy for row in made[::6]] == ["constant", "shuffled_audio"]


def made_baselines(experiment, utterances, trained, outputs):
    """The baselines of direct on other utterances, by name."""
    other = experiment.with_corpus(replace(experiment.corpus, utterances=utterances, hash="other"))
    made = other.baselines(trained("direct"), outputs("direct"))
    return {name: [row.hypothesis for row in made if row.strategy == name] for name in BASELINES}


def test_the_translation_of_the_clip_with_the_nearest_duration(experiment, trained, outputs):
    train, test = (experiment.corpus.split(split) for split in ("train", "test"))
    # training clips of 1.0, 1.2, 1.4 ... s
    train = [replace(u, seconds=1 + 0.2 * index) for index, u in enumerate(train)]
    seconds = [1.01, 0.5, 1.29, 1.31, 1.4, 2.5]
    test = [replace(u, seconds=value) for u, value in zip(test, seconds, strict=True)]
    expected = [train[index].texts["spa"] for index in (0, 0, 1, 2, 2, len(train) - 1)]
    utterances = [*train, *experiment.corpus.split("dev"), *test]
    found = made_baselines(experiment, utterances, trained, outputs)
    assert found["nearest_duration"] == expected


def test_the_transcript_is_copied_as_it_is(baselines, experiment):
    texts = [row.hypothesis for row in baselines if row.strategy == "copied_transcript"]
    assert texts == [u.texts["que"] for u in experiment.corpus.split("test")]


def test_without_all_transcripts_none_is_copied(experiment, trained, outputs):
    first, *rest = experiment.corpus.split("test")
    bare = replace(first, texts={"spa": first.texts["spa"]})
    others = [u for u in experiment.corpus.utterances if u.split != "test"]
    found = made_baselines(experiment, [*others, bare, *rest], trained, outputs)
    assert found["copied_transcript"] == []
    assert len(found["nearest_duration"]) == 6


def test_hypotheses_as_rows_of_a_baseline(experiment):
    test = experiment.test(ST)[:2]
    found = [as_hypothesis(example.id, "dos días") for example in test]
    rows = experiment.baseline_rows("guess", test, found, "asr")
    assert {(row.system, row.strategy, row.stage) for row in rows} == {("baseline", "guess", "asr")}
    assert {(row.hypothesis, row.tokens, row.ending) for row in rows} == {("dos días", 2, "end")}
    assert [row.reference for row in rows] == [example.target_text for example in test]
    assert {(row.subset, row.seed) for row in rows} == {("test", 1)}


@pytest.fixture(scope="module")
def two_baselines(two_targets):
    two, system, rows = two_targets
    return two.baselines(system, rows)


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("target", ["spa", "eng"])
def test_each_direction_has_baselines_of_its_own(two_targets, two_baselines, name, target):
    _, _, rows = two_targets
    own = [row for row in two_baselines if (row.strategy, row.target) == (name, target)]
    references = [row.reference for row in rows if row.target == target]
    assert [row.reference for row in own] == references


@pytest.mark.parametrize("target", ["spa", "eng"])
def test_each_direction_has_a_constant_in_its_language(two_targets, two_baselines, target):
    two = two_targets[0]
    own = {
        row.hypothesis
        for row in two_baselines
        if (row.strategy, row.target) == ("constant", target)
    }
    assert own <= {u.texts[target] for u in two.corpus.split("train")}


@pytest.mark.parametrize("target", ["spa", "eng"])
def test_shuffled_outputs_stay_in_their_direction(two_targets, two_baselines, target):
    shuffled, own = (
        sorted(row.hypothesis for row in given if row.target == target)
        for given in (
            [row for row in two_baselines if row.strategy == "shuffled_audio"],
            two_targets[2],
        )
    )
    assert shuffled == own
