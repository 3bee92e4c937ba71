import pytest

from lib.scales import SCALES
from lib.systems.gmu.experiment import open_experiment, seen
from lib.systems.gmu.system import Gmu


def test_the_experiment_of_a_pair(experiment):
    assert isinstance(experiment.system, Gmu)
    assert experiment.directions == (("que", "spa"),)
    assert experiment.recipe.train_contents == 8
    assert experiment.backbone.recipe.kind == "seamless"


def test_opening_again_finds_corpus_and_backbone(experiment):
    calls = []
    again = open_experiment("smoke", "que", "spa", 1, experiment.cache, callback=calls.append)
    assert calls == []
    assert again.folder(again.strategy("direct")) == experiment.folder(again.strategy("direct"))


def test_released_switches(experiment):
    released = open_experiment("smoke", "que", "spa", 1, experiment.cache, released=True)
    assert released.strategy("direct").switches.untied_head


@pytest.mark.slow
def test_another_backbone_seed_is_another_backbone(experiment):
    calls = []
    other = open_experiment(
        "smoke", "que", "spa", 1, experiment.cache, backbone_seed=2, callback=calls.append
    )
    assert calls
    assert other.backbone.recipe.seed == 2
    assert other.backbone.name != experiment.backbone.name
    assert other.corpus.hash == experiment.corpus.hash
    assert other.folder(other.strategy("direct")) != experiment.folder(other.strategy("direct"))


@pytest.mark.parametrize("processes", [0, -1])
def test_at_least_one_process(tmp_path, processes):
    with pytest.raises(ValueError, match=f"processes is {processes}"):
        open_experiment("smoke", "que", "spa", 1, tmp_path, processes=processes)


def test_full_needs_recordings(tmp_path):
    with pytest.raises(ValueError, match="trains on recordings"):
        open_experiment("full", "est", "eng", 1, tmp_path)


def test_an_unknown_scale_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"use one of {', '.join(SCALES)}"):
        open_experiment("huge", "est", "eng", 1, tmp_path)


@pytest.mark.parametrize(
    "scale, source, expected",
    [
        ("tiny", "est", True),
        ("tiny", "fra", True),
        ("tiny", "que", False),
        ("tiny", "mlt", False),
        ("tiny", "gle", False),
        ("tiny", "swa", False),
        ("full", "gle", True),
        ("full", "bem", False),
    ],
)
def test_seen_languages_are_the_backbones(scale, source, expected):
    assert seen(scale, source) is expected
