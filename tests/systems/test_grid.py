from dataclasses import replace

import pytest

from lib.systems.grid import ONE_SYSTEM, Grid, PlannedRun, format_changes, parse_changes, planned

RANKS = Grid(
    name="rank",
    system="zero_resource",
    strategy="multi-task",
    factors={"rank": (4, 16), "layers": ("last", "learned")},
    seeds=(1, 2),
)


def test_every_combination_has_a_point_for_each_seed():
    levels = [tuple(point.levels.values()) for point in RANKS.points()]
    assert levels[:4] == [("4", "last"), ("4", "learned"), ("16", "last"), ("16", "learned")]
    assert [point.seed for point in RANKS.points()] == [1] * 4 + [2] * 4


def test_a_point_of_one_system_writes_its_levels_as_changes():
    run = RANKS.points()[0].run
    assert run.notebook == ONE_SYSTEM
    assert run.parameters == {
        "system": "zero_resource",
        "strategy": "multi-task",
        "change": "rank=4; layers=last",
        "seed": 1,
    }


def test_points_of_another_notebook_have_its_parameters():
    grid = Grid(
        name="pairs",
        notebook="12",
        factors={"pair": {"est→eng": {"source": "est", "target": "eng"}}},
        seeds=(3,),
        seed_names=("seed", "backbone_seed"),
        fixed={"ablate": True},
    )
    (point,) = grid.points()
    assert point.label == "est→eng"
    expected = {"source": "est", "target": "eng", "seed": 3, "backbone_seed": 3, "ablate": True}
    assert point.run.parameters == expected


def test_a_level_may_name_its_system():
    systems = {"mine": {"system": "gmu", "strategy": "direct", "source": "est"}}
    (point,) = Grid(name="systems", factors={"system": systems}, seeds=(1,)).points()
    assert point.run.parameters["system"] == "gmu"
    assert point.run.parameters["change"] == "source=est"


def test_a_grid_without_seeds_sets_none():
    grid = Grid(name="languages", notebook="40", factors={"held_out": ("cat", "nld")}, seeds=())
    assert [point.run.parameters for point in grid.points()] == [
        {"held_out": "cat"},
        {"held_out": "nld"},
    ]


def test_a_part_of_a_grid_keeps_the_names_of_its_levels():
    part = RANKS.only(seeds=(2,), rank=("16",))
    assert [point.label for point in part.points()] == ["16, last", "16, learned"]
    assert part.points()[0].run == RANKS.points()[6].run


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ({"rang": ("4",)}, "no factor 'rang'; it has rank, layers"),
        ({"rank": ("8",)}, "rank has no level '8'; it has 4, 16"),
    ],
)
def test_a_part_that_is_not_there_is_refused(levels, message):
    with pytest.raises(ValueError, match=message):
        RANKS.only(**levels)


def test_a_factor_without_levels_is_refused():
    with pytest.raises(ValueError, match="factor 'rank' has no levels"):
        Grid(name="empty", factors={"rank": ()})


def test_a_name_that_is_a_factor_and_fixed_is_refused():
    with pytest.raises(ValueError, match="'rank' is a factor and fixed"):
        Grid(name="both", factors={"rank": (1,)}, fixed={"rank": 2})


def test_a_value_with_a_semicolon_is_refused():
    with pytest.raises(ValueError, match="cannot have a semicolon"):
        format_changes({"folder": "/data;more"})


def test_values_are_literals_or_text():
    assert parse_changes("rank=4; encoder=audio only;; tied = True") == {
        "rank": 4,
        "encoder": "audio only",
        "tied": True,
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [("rank", "'rank' is no change"), ("=4", "is no change"), ("a=1; a=2", "changed twice")],
)
def test_what_is_no_change_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        parse_changes(text)


def test_grids_and_single_runs_are_planned_in_order():
    reader = PlannedRun(notebook="50", minutes=1.0)
    assert planned(RANKS.only(seeds=(1,)), reader)[-1] == reader
    assert len(planned(RANKS, reader)) == 9


def test_a_point_of_two_grids_is_planned_once():
    other = replace(RANKS, name="other", factors={**RANKS.factors, "rank": (16, 64)})
    assert len(planned(RANKS, other)) == 12
