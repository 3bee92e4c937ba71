import pytest

from lib.scoring.comparisons import paired_difference
from lib.systems.backbone_scores import DIRECTIONS, outputs, speech_over_baseline


@pytest.fixture(scope="module")
def found(experiment):
    backbone = experiment.backbone
    return outputs("smoke", backbone, backbone.load(text=True), experiment.cache)


@pytest.fixture(scope="module")
def rows(found):
    return found[0]


def of(rows, system, task):
    return [row for row in rows if (row.system, row.task) == (system, task)]


def test_the_corpus_is_the_backbones(found, experiment):
    assert found[1] is experiment.backbone.corpus


def test_asr_of_every_seen_language(rows, experiment):
    sources = {row.source for row in of(rows, "gmu", "ASR")}
    assert sources == set(experiment.backbone.seen)


@pytest.mark.parametrize("task", ["MT", "ST"])
def test_translation_of_a_few_directions(rows, task):
    assert {(row.source, row.target) for row in of(rows, "gmu", task)} == set(DIRECTIONS)


def test_the_seed_is_the_backbones(experiment, rows):
    assert {row.seed for row in rows} == {experiment.backbone.recipe.seed} == {1}


def test_the_strategy_is_the_backbone(rows):
    assert {row.strategy for row in rows if row.system == "gmu"} == {"backbone"}


def test_shuffled_audio_stands_beside_speech_translation(rows):
    baseline = [row for row in rows if row.system == "baseline"]
    assert {row.strategy for row in baseline} == {"shuffled_audio"}
    assert [row.id for row in baseline] == [row.id for row in of(rows, "gmu", "ST")]


@pytest.mark.parametrize("source, target", DIRECTIONS)
def test_outputs_are_shuffled_within_a_direction(rows, source, target):
    systems = [
        sorted(
            row.hypothesis
            for row in of(rows, system, "ST")
            if (row.source, row.target) == (source, target)
        )
        for system in ("gmu", "baseline")
    ]
    assert systems[0] == systems[1]


def test_speech_over_baseline_is_of_one_direction(rows):
    own = [row for row in rows if (row.task, row.source, row.target) == ("ST", "est", "eng")]
    assert speech_over_baseline(rows) == paired_difference(own, "backbone", "shuffled_audio")
