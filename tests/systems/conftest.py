"""One experiment at `smoke` for all tests of systems; each strategy is trained once."""

from dataclasses import replace
from functools import cache

import pytest

from lib.systems.gmu.experiment import open_experiment


@pytest.fixture(scope="session")
def experiment(tmp_path_factory):
    """GMU on the phrasebook in Quechua, a language that the backbone has not seen."""
    return open_experiment("smoke", "que", "spa", 1, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def trained(experiment):
    """`trained(strategy)`: its system, from the cache of this session."""
    return cache(experiment.train)


@pytest.fixture(scope="session")
def outputs(experiment, trained):
    """`outputs(strategy)`: its outputs on the test set."""

    @cache
    def decode(strategy):
        return experiment.outputs(trained(strategy))

    return decode


@pytest.fixture(scope="session")
def two_targets(experiment):
    """One spoken language into two, its system and its outputs."""
    two = replace(experiment, directions=(("que", "spa"), ("que", "eng")))
    system = two.train("direct")
    return two, system, two.outputs(system)
