"""Changes as text, on real systems at smoke."""

import pytest

from lib.systems.variant import named_strategy, open_variant
from lib.tasks import ASR, ST


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def variant(cache):
    """`variant(system, strategy, change)` at smoke, with seed 1."""
    return lambda *given: open_variant(*given, "smoke", 1, cache)


def test_a_bridge_is_changed_in_every_stage(variant):
    experiment, strategy = variant("it_ist", "instruct", "bridge.compression=4")
    start = experiment.strategy(strategy.start)
    assert strategy.bridge.compression == start.bridge.compression == 4
    assert (strategy.name, start.name) == (
        "instruct, bridge.compression=4",
        "align, bridge.compression=4",
    )


def test_what_is_of_one_stage_is_changed_in_it_alone(variant):
    experiment, strategy = variant("it_ist", "instruct", "tasks=ASR ST")
    assert strategy.tasks == (ASR, ST)
    assert strategy.start == "align"
    assert experiment.strategy("align").tasks == (ASR,)


def test_a_change_to_the_present_value_finds_the_trained_system(variant):
    experiment, plain = variant("it_ist", "align", "")
    same, unchanged = variant("it_ist", "align", "bridge.compression=8")
    assert experiment.folder(plain) == same.folder(unchanged)


def test_a_recipe_is_changed_before_the_corpus_is_made(variant):
    experiment, strategy = variant(
        "zero_resource", "adapter", "recipe.train_contents=5; recipe.adapter.updates=1"
    )
    assert len({u.meaning for u in experiment.corpus.split("train")}) == 5
    assert experiment.system.stage(experiment, strategy).updates == 1
    assert strategy.name == "adapter, recipe.train_contents=5; recipe.adapter.updates=1"


def test_a_number_may_be_a_multiple_of_itself(variant):
    experiment, strategy = variant("zero_resource", "adapter", "recipe.adapter.updates=1.5x")
    assert experiment.recipe.adapter.updates == 3


def test_a_part_of_a_mapping_is_changed(variant):
    experiment, _ = variant("llm_srt", "asr", "recipe.bridges.q_former.queries=5")
    assert experiment.recipe.bridges["q_former"].queries == 5


@pytest.mark.parametrize(
    ("system", "strategy"),
    [("gmu", "asr_init"), ("it_ist", "align"), ("llm_srt", "asr"), ("zero_resource", "adapter")],
)
def test_every_system_takes_one_pair_and_the_same_clips(variant, system, strategy):
    experiment, _ = variant(system, strategy, "pair=deu-eng; pair_contents=6")
    assert experiment.directions == (("deu", "eng"),)
    gmu, _ = variant("gmu", "direct", "pair=deu-eng; pair_contents=6")
    assert experiment.corpus.hash == gmu.corpus.hash
    assert len(experiment.corpus.split("train")) == 6


def test_fewer_test_clips_change_no_training(variant):
    experiment, strategy = variant("it_ist", "align", "")
    fewer, same = variant("it_ist", "align", "test_clips=2")
    assert {len(fewer.corpus.split("test", code)) for code in ("eng", "deu", "zho")} == {2}
    assert fewer.folder(same) == experiment.folder(strategy)


def test_gmus_starts_are_found_by_other_fields(variant):
    experiment, strategy = variant("gmu", "multitask", "source=est; target=eng")
    assert (strategy.encoder, strategy.decoder) == ("asr", "mt")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("gnu", "direct", ""), "no system 'gnu'; the systems are gmu"),
        (("gmu", "direct", ""), "gmu needs source="),
        (("it_ist", "alin", ""), "no strategy 'alin'; such as align"),
        (("it_ist", "align", "bridge.compresion=4"), "no 'compresion'; it has compression"),
        (("it_ist", "align", "bridge=4"), "a value of another type"),
        (("it_ist", "align", "bridge.compression=four"), "a value of another type"),
        (("it_ist", "align", "attention.kind=1"), "which has no fields"),
        (("it_ist", "align", "recipe.aling.updates=1"), "no 'aling'"),
        (("it_ist", "align", "pair=deu"), "is no direction"),
        (("it_ist", "align", "pair_contents=3"), "add pair=deu-eng"),
        (("it_ist", "align", "seed=3"), "has no 'seed'"),
        (("it_ist", "align", "corpus=own; folder=talks.tsv"), "give the whole path, such as /"),
        (("gmu", "direct", "pair=deu-eng; pair_folder=talks"), "give the whole path"),
    ],
)
def test_a_mistake_is_named_with_what_there_is(variant, given, message):
    with pytest.raises(ValueError, match=message):
        variant(*given)


def test_a_trained_variant_is_used_as_it_was_trained(variant):
    experiment, strategy = variant("llm_srt", "srt", "spells_out=False; recipe.beams=1")
    found = named_strategy(experiment.system, strategy.name, "ST")
    assert found.spells_out is False
    assert named_strategy(experiment.system, "my own", "ST").task == ST
    listed = named_strategy(experiment.system, "srt, no asr", "ST")
    assert listed.start == "smt, no asr"
