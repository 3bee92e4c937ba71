"""The grids of encoder initialisation: their points can be opened, and what they have in common."""

import pytest

from lib.systems.ablations import initialisation
from lib.systems.ablations.initialisation import (
    BY_AMOUNT,
    BY_LAYERS,
    GRID,
    GRIDS,
    LEAN_GRIDS,
    STUDIES,
    UNSEEN,
)
from lib.systems.variant import open_variant


def changes(grid):
    return {point.run.parameters["change"] for point in grid.points()}


def test_what_grids_have_in_common_is_one_run():
    assert changes(GRID) & changes(BY_AMOUNT) == {
        "languages=eng deu nld cat; encoder=random",
        "languages=eng deu nld cat; encoder=audio only",
        "languages=eng deu nld cat",
    }
    assert len(changes(GRID) & changes(BY_LAYERS)) == 6
    assert len(set.intersection(*map(changes, LEAN_GRIDS))) == 1


def test_the_study_has_three_seeds_and_ends_with_its_reader():
    *points, reader = STUDIES["initialisation"]("tiny", {})
    # frozen and whole, and all of the speech, are levels of several grids
    assert len(points) == 81 < sum(len(grid.points()) for grid in GRIDS)
    assert {run.parameters["seed"] for run in points} == {1, 2, 3}
    assert (reader.notebook, reader.parameters) == ("52", {"study": True})
    assert list(STUDIES) == ["initialisation"]


@pytest.mark.parametrize("scale, parameters", [("full", {}), ("tiny", {"seed": "2"})], ids=str)
def test_what_the_study_refuses(scale, parameters):
    with pytest.raises(ValueError, match="study initialisation"):
        STUDIES["initialisation"](scale, parameters)


def test_the_lean_grids_take_any_seed():
    seeds = {p.seed for grid in initialisation.grids_of(False, 3) for p in grid.points()}
    assert seeds == {3}
    assert initialisation.grids_of(True, 3) == GRIDS


@pytest.mark.slow
def test_every_point_can_be_opened_and_trains_on_the_same_languages(tmp_path):
    opened = {}
    for text in sorted(set().union(*map(changes, (*GRIDS, *LEAN_GRIDS)))):
        experiment, strategy = open_variant(
            "zero_resource", "multi-task", text, "smoke", 1, tmp_path
        )
        found, _ = experiment._training_examples(strategy)
        assert {e.source for e in found} == {"eng", "deu"}
        assert set(experiment.system.held_out) == set(UNSEEN)
        assert not set(experiment.backbone.recipe.paired) & set(UNSEEN)
        # a lock's name is longer by its dots and ending
        assert len(f".{experiment.folder(strategy).name}.lock") < 255
        opened[text] = experiment.folder(strategy)
    assert len(set(opened.values())) == len(opened)  # no two points are the same system
