"""Long training audio: whole, cut or dropped, as the implementations of the papers do it."""

from dataclasses import replace

import pytest

from lib.data.collate import Collator
from lib.systems.gmu.strategies import STRATEGIES, switched

pytestmark = pytest.mark.slow  # it trains

DIRECT = STRATEGIES["direct"]
CUT = switched("direct, long audio cut")
DROP = switched("direct, long audio dropped")


def long_clips(experiment):
    """Training clips over 3 s, the limit at `smoke`."""
    return [u for u in experiment.corpus.split("train") if u.seconds > 3.0]


def test_long_clips_are_trained_on_whole(experiment, trained):
    counts = trained("direct").dropped_counts
    assert long_clips(experiment)
    assert counts["training_clips_cut"] == 0
    assert counts["training_clips_dropped_as_too_long"] == 0


def test_long_clips_can_be_cut(experiment, trained):
    counts = trained(CUT).dropped_counts
    assert counts["training_clips_cut"] == len(long_clips(experiment))
    assert counts["training_clips_dropped_as_too_long"] == 0


def test_a_cut_clip_keeps_its_whole_text(experiment, trained):
    assert trained(CUT).dropped_counts["training_texts_cut"] == 0
    found, _ = experiment._training_examples(CUT)
    assert found == experiment._training_examples(DIRECT)[0]


def test_a_cut_clip_is_shorter(experiment):
    model = experiment.system.initial_model(experiment, CUT)
    limit = experiment.system.max_training_seconds(experiment, CUT)
    collate = Collator(model, model.feature_extractor(limit))
    found, _ = experiment._training_examples(CUT)
    (longest,) = sorted(found, key=lambda e: e.seconds)[-1:]
    frames = collate([longest]).speech.shape[1]
    assert limit == 3.0
    assert frames == pytest.approx(3.0 * 100 / model.stack, abs=1)
    assert frames < longest.seconds * 100 / model.stack - 1


def test_long_clips_can_be_dropped(experiment, trained):
    counts = trained(DROP).dropped_counts
    assert counts["training_clips_dropped_as_too_long"] == len(long_clips(experiment))
    assert counts["training_clips_cut"] == 0


def test_nothing_left_to_train_on_is_refused(experiment):
    short = replace(experiment, recipe=replace(experiment.recipe, official_max_seconds=0.1))
    with pytest.raises(ValueError, match="no training clip is shorter than 0.1 s; drop_long_audio"):
        short._training_examples(DROP)


@pytest.mark.parametrize(
    "strategy, field, same",
    [
        (CUT, "hf_max_seconds", False),
        (CUT, "official_max_seconds", True),
        (DROP, "official_max_seconds", False),
        (DROP, "hf_max_seconds", True),
    ],
    ids=["cut-hf", "cut-official", "drop-official", "drop-hf"],
)
def test_the_limit_of_a_switch_decides_the_weights(experiment, strategy, field, same):
    other = replace(experiment, recipe=replace(experiment.recipe, **{field: 2.5}))
    assert (other.folder(strategy) == experiment.folder(strategy)) is same
