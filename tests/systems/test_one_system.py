import pytest

from lib.systems.one_system import train_one_system


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    cache = tmp_path_factory.mktemp("cache")
    return train_one_system("it_ist", "align", "bridge.compression=4", "smoke", 1, cache)


def test_outputs_have_baselines(trained):
    assert {row.system for row in trained.rows} == {"it_ist", "baseline"}


def test_positions_are_those_of_the_bridge(trained):
    clips = trained.experiment.test_examples(trained.system)
    seconds = trained.measures["position_seconds"]
    assert seconds == pytest.approx(0.04, rel=0.1)  # 4 frames of 10 ms
    assert trained.measures["positions_per_token"] > 1
    assert len(clips) > 0


def test_only_what_trains_is_counted(trained):
    model = trained.system.model
    bridge = sum(p.numel() for part in (model.bridge, model.tags) for p in part.parameters())
    assert trained.measures["trained_parameters"] == bridge
    assert trained.measures["parameters"] > 2 * bridge


def test_training_counts_every_stage(tmp_path):
    both = train_one_system("zero_resource", "multi-task", "", "smoke", 1, tmp_path)
    own = both.system.fit_result.seconds
    first = both.experiment.train("adapter").fit_result.seconds
    assert both.measures["training_seconds"] == pytest.approx(own + first, abs=0.1)


def test_decoding_is_timed_for_an_hour_of_speech(trained):
    clips = trained.experiment.test_examples(trained.system)
    hours = sum(clip.seconds for clip in clips) / 3600
    found = trained.measures["decoding_seconds_per_hour"]
    decoded = trained.experiment.decode(trained.system, clips)  # found where it was kept
    assert len(decoded) == len(clips)
    assert found == pytest.approx(trained.system.decoding_seconds / hours)


def test_a_prompt_of_tags_has_a_token_for_each(trained):
    assert trained.measures["prompt_tokens"] == 2.0
