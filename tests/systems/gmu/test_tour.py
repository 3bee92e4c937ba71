import pytest

from lib.systems.gmu.tour import LANGUAGES, parallel_phrases, train

pytestmark = pytest.mark.slow  # it trains, or starts processes


@pytest.fixture(scope="module")
def cache(experiment):
    return experiment.cache


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tour")


@pytest.fixture(scope="module")
def tour(cache, folder):
    return train("smoke", cache, folder, seed=1)


@pytest.fixture(scope="module")
def rows(tour):
    return tour.outputs()


def test_three_stages(tour):
    names = [(stage.stage, stage.updates) for stage in tour.stages]
    assert names == [("ctc", 3), ("text", 2), ("direct", 2)]


def test_the_first_stage_is_the_backbones(tour, experiment):
    assert tour.stages[0] == experiment.backbone.stages[0]


def test_it_translates_estonian(rows):
    own = [row for row in rows if row.system == "gmu"]
    assert {(row.strategy, row.task, row.source, row.target) for row in own} == {
        ("tour", "ST", "est", "eng")
    }
    assert len(own) == 6


def test_baselines_stand_beside_it(rows):
    baselines = {row.strategy for row in rows if row.system == "baseline"}
    independent = {"constant", "shuffled_audio", "silence"}
    assert baselines == independent | {"nearest_duration", "copied_transcript"}


def test_it_is_found_again(tour, cache, folder, rows):
    calls = []
    again = train("smoke", cache, folder, seed=1, callback=calls.append)
    assert calls == []
    assert again.outputs() == rows


def test_its_systems_lie_in_its_own_folder(tour, folder):
    assert tour.system.folder.parent == folder


def test_the_speech_encoder_transcribes(tour):
    assert len(tour.transcripts) == len(tour.clips) == 4


def test_its_scores_are_of_a_test_set_of_their_own(rows):
    assert {row.subset for row in rows} == {"tour"}


def test_phrases_are_spoken_in_every_language(cache):
    phrases = parallel_phrases(cache)
    assert len(phrases) == 4
    for phrase in phrases:
        assert sorted(utterance.language for utterance in phrase) == sorted(LANGUAGES)
        assert len({utterance.meaning for utterance in phrase}) == 1


def test_full_starts_from_a_published_backbone(tmp_path):
    with pytest.raises(ValueError, match="at the full scale start with notebook 10"):
        train("full", tmp_path, tmp_path, seed=1)
