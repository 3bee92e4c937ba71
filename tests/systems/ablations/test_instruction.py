"""The grids of wordings, and both systems trained and asked in them at `smoke`."""

from functools import cache

import pytest

from lib.scoring.grid_scores import GridScores
from lib.systems.ablations.instruction import (
    GRID,
    IT_IST,
    LEAN,
    LEVELS,
    LLM_SRT,
    STUDIES,
    gain,
)
from lib.systems.ablations.unseen_wording import (
    ASKED_IN,
    OTHER,
    OWN,
    ask_in_words,
    in_unseen_words,
)
from lib.systems.asking import is_obeyed
from lib.systems.load import load_system
from lib.systems.one_system import OneSystem, train_one_system
from lib.systems.variant import open_variant

POINTS = {tuple(p.levels.values()): p for p in GRID.only(seeds=(1,)).points()}


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """`opened(wording, system)`: the experiment and the strategy of a point at `smoke`."""
    folder = tmp_path_factory.mktemp("instruction")

    @cache
    def open_(wording, system, further=""):
        given = POINTS[wording, system].run.parameters
        change = "; ".join(filter(None, [given["change"], further]))
        return open_variant(given["system"], given["strategy"], change, "smoke", 1, folder)

    return open_


@pytest.fixture(scope="module")
def trained(opened):
    """`trained(wording)`: IT-IST's second stage, from the first one as it is."""

    @cache
    def train(wording, system=IT_IST):
        further = "start=align" if system == IT_IST else "start=smt"
        experiment, strategy = opened(wording, system, f"test_clips=2; {further}")
        return OneSystem(experiment=experiment, system=experiment.train(strategy), rows=[])

    return train


# ---- grids ----


def test_the_grid_is_both_systems_in_each_wording_over_seeds():
    assert len(GRID.points()) == 7 * 2 * 3
    assert {levels[1] for levels in POINTS} == {IT_IST, LLM_SRT}
    assert GRID.reference["wording"] in LEVELS


@pytest.mark.parametrize("levels", POINTS, ids=", ".join)
def test_a_point_opens_and_has_its_wording_in_every_stage(opened, levels):
    experiment, strategy = opened(*levels)
    wanted = LEVELS[levels[0]]["prompts.wording"]
    while True:
        assert strategy.prompts.wording == wanted
        if not strategy.start:
            break
        strategy = experiment.strategy(strategy.start)


def test_the_points_of_a_system_are_different_models(opened):
    for system in (IT_IST, LLM_SRT):
        opened_as = [opened(wording, system) for wording in LEVELS]
        folders = {experiment.folder(strategy) for experiment, strategy in opened_as}
        assert len(folders) == len(LEVELS)


def test_the_lean_part_starts_from_the_first_stage_as_it_is(opened):
    plain = opened("tags as new tokens", IT_IST)[0]
    for point in LEAN.points():
        given = point.run.parameters
        experiment, strategy = open_variant(
            given["system"], given["strategy"], given["change"], "smoke", 1, plain.cache
        )
        start = experiment.strategy(strategy.start)
        assert experiment.folder(start) == plain.folder(plain.strategy("align"))
        assert len(experiment.corpus.split("test", "eng")) == min(6, LEAN.fixed["test_clips"])


def test_the_study_ends_with_its_notebook():
    *points, reader = STUDIES["instruction"]("tiny", {})
    assert len(points) == len(GRID.points())
    assert (reader.notebook, reader.parameters) == ("51", {"study": True})


@pytest.mark.parametrize("scale, parameters", [("full", {}), ("tiny", {"corpus": "fleurs"})])
def test_a_study_that_cannot_be_made_is_refused(scale, parameters):
    with pytest.raises(ValueError, match="study instruction"):
        list(STUDIES["instruction"](scale, parameters))


# ---- systems that were trained before other wordings were there ----


def test_the_released_wording_is_not_in_an_identity(opened):
    """So that IT-IST's systems and outputs are found where they were trained and decoded."""
    experiment, strategy = opened("tags as new tokens", IT_IST)
    other = opened("sentence", IT_IST)[1]
    assert strategy == experiment.system.strategies["instruct"]
    facts, others = (experiment.system.identity(experiment, s)[1] for s in (strategy, other))
    assert others.keys() - facts.keys() == {"prompts"}
    assert "wording" not in repr(strategy)


# ---- trained ----


@pytest.mark.parametrize("wording", ["none", "tags as plain text"])
def test_a_model_has_tokens_for_tags_only_where_it_is_asked_by_them(trained, wording):
    plain, tagged = trained(wording).system.model, trained("minimal tags").system.model
    assert (plain.tags, "tags" in plain.parts) == (None, False)
    ids = [m.tokenizer.encode("<|de|>", add_special_tokens=False) for m in (plain, tagged)]
    assert (len(ids[0]) > 1, len(ids[1])) == (True, 1)


@pytest.mark.parametrize("system", [IT_IST, LLM_SRT])
def test_a_model_in_another_wording_is_loaded_with_its_prompts(trained, system):
    one = trained("none", system)
    loaded = load_system(one.system.folder)
    clip = one.experiment.corpus.split("test", "eng")[0]
    (found,) = loaded.translate([clip.sound], source="eng", target="deu")
    (example,) = one.experiment.system.test_examples(one.strategy, [clip], "deu")
    (wanted,) = one.experiment.decode(one.system, [example])
    assert found.text == wanted.text


def test_new_tokens_start_anew_where_the_stage_before_has_none(trained):
    """LLM-SRT's last stage in new tokens, from a stage that reads tags as plain text."""
    one = trained("tags as new tokens", LLM_SRT)
    assert one.experiment.system.starts(one.strategy) == {"smt": ("bridge",)}
    assert "added_tokens" in one.system.model.parts


# ---- asked in unseen words ----


def test_unseen_words_change_prompts_alone(trained):
    one = trained("paraphrased")
    own, other = (
        one.experiment.test_examples(system)
        for system in (one.system, in_unseen_words(one.system))
    )
    assert in_unseen_words(one.system).model is one.system.model
    assert [e.id for e in own] == [e.id for e in other]
    assert not {e.prompt for e in own} & {e.prompt for e in other}


@pytest.fixture(scope="module")
def asked(trained):
    points = {(w, IT_IST): [trained(w)] for w in ("none", "sentence")}
    points["none", LLM_SRT] = [trained("none", LLM_SRT)]
    return ask_in_words(points, 2)


def test_each_point_is_asked_for_every_task_in_both_ways(asked):
    assert len(asked.asked) == len(asked.scores.outputs) == 3 * 2
    for (_, system, _), runs in asked.asked.items():
        tasks = {request.task for request in runs[1].requests}
        assert tasks == ({"ASR", "ST", "SQA"} if system == IT_IST else {"ASR", "ST"})


def test_what_is_lost_is_the_difference_of_the_shares(asked):
    levels = ("sentence", IT_IST)
    shares = []
    for words in ASKED_IN:
        one = asked.asked[*levels, words][1]
        done = list(map(is_obeyed, one.requests, one.observed))
        shares.append(100 * sum(done) / len(done))
        assert asked.followed(levels, words).scores == pytest.approx([shares[-1]])
    assert asked.loss(levels).estimate().value == pytest.approx(shares[0] - shares[1])
    assert [row["wording"] for row in asked.followed_rows()] == ["none", "sentence", "none"]
    assert asked.followed_rows()[1].keys() == {"wording", "system", OWN, OTHER, "lost"}


def test_the_scores_are_compared_with_those_in_its_own_words(asked):
    found = asked.scores
    assert found.factors[-1] == "asked in"
    assert found.difference(("none", IT_IST, OTHER), "asked in") is not None
    assert found.difference(("none", IT_IST, OWN), "asked in") is None


def test_rows_of_the_first_seed_stand_under_wording_and_words(asked):
    found = asked.first_seed(IT_IST, [OTHER])
    assert list(found) == ["none, unseen", "sentence, unseen"]
    for label, one in found.items():
        assert {row.system for row in one.rows} == {label}
    assert len(asked.first_seed(LLM_SRT)) == 2


def test_a_gain_is_of_one_wording_over_another(asked):
    own = GridScores(
        factors=("wording", "system"),
        outputs={levels[:2]: runs for levels, runs in asked.scores.outputs.items()},
        reference=("none", IT_IST),
    )
    there, back = gain(own, "sentence", "none"), gain(own, "none", "sentence")
    assert there.value == -back.value
    with pytest.raises(ValueError, match="LLM-SRT: 'sentence' .* there are none"):
        gain(own, "sentence", "none", LLM_SRT)


def test_what_was_not_asked_is_refused_by_name(asked):
    with pytest.raises(ValueError, match="nothing was asked of poem, IT-IST, its own words; there"):
        asked.followed(("poem", IT_IST))


def test_a_point_is_trained_scored_and_measured(opened):
    """As notebook 51 makes it."""
    given = POINTS["detailed", IT_IST].run.parameters
    change = f"{given['change']}; start=align; test_clips=2"
    plain = opened("detailed", IT_IST)[0]
    one = train_one_system("it_ist", "instruct", change, "smoke", 1, plain.cache)
    assert {row.task for row in one.rows if row.system == "it_ist"} == {"ASR", "ST", "SQA"}
    assert "baseline" in {row.system for row in one.rows}
