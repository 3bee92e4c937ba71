"""Changed experiments, for the tests of systems."""

from dataclasses import replace


def changed_recipe(experiment, **changes):
    """The experiment with another recipe."""
    return replace(experiment, recipe=replace(experiment.recipe, **changes))
