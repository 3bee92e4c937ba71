"""An hour of real speech through the recipe for recordings at `smoke`: nothing is learnt of it."""

from collections import Counter

import pytest

from lib.systems.recordings.corpus import load_recordings
from lib.systems.recordings.experiment import CASCADE, open_recordings

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def mboshi(shared_data, tmp_path_factory):
    pair = ("smoke", "mdw", "fra", 1, tmp_path_factory.mktemp("mboshi"))
    folder = str(shared_data / "mboshi-french-parallel-corpus")
    return open_recordings(load_recordings(*pair, "mboshi_french", folder, share=0.1), *pair)


def test_a_share_of_the_hour_is_trained_on(mboshi):
    assert mboshi.corpus.hours("train") == pytest.approx(0.054, abs=0.01)
    assert {u.speaker for u in mboshi.corpus.split("test")} <= {"abiayi", "kouarata", "martial"}


def test_every_test_clip_is_heard_and_translated(mboshi):
    clips = mboshi.st_clips()
    rows = mboshi.cascade_rows(mboshi.transcribe(clips))
    assert [row.id for row in rows] == [u.id for u in clips]
    assert {row.strategy for row in rows} == {CASCADE}


def test_a_second_list_adds_to_training_alone(mboshi, shared_data):
    """The hour again as somebody's own list, without what is in the test set."""
    found = load_recordings(
        "smoke",
        "mdw",
        "fra",
        1,
        mboshi.translation.cache,
        "mboshi_french",
        str(shared_data / "mboshi-french-parallel-corpus"),
        more=f"own={shared_data / 'mboshi.tsv'}",
    )
    clips = Counter((u.split, u.source) for u in found.utterances)
    assert {split for split, source in clips if source == "own"} == {"train"}
    assert clips["train", "own"] > 500
    assert clips["test", "mboshi_french"] == len(mboshi.corpus.split("test"))
    tested = {u.texts["mdw"] for u in found.utterances if u.split != "train"}
    assert not tested & {u.texts["mdw"] for u in found.split("train")}
