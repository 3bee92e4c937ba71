"""Zero-resource translation at `smoke` for all of its tests; each strategy is trained once."""

from functools import cache

import pytest

from lib.systems.zero_resource.experiment import open_experiment


@pytest.fixture(scope="session")
def zero_resource(tmp_path_factory):
    """The experiment on the phrasebook: ten languages, Catalan and Dutch held out."""
    return open_experiment("smoke", 1, tmp_path_factory.mktemp("zero-resource"))


@pytest.fixture(scope="session")
def zero_trained(zero_resource):
    """`zero_trained(strategy)`: its system."""
    return cache(zero_resource.train)


@pytest.fixture(scope="session")
def zero_outputs(zero_resource, zero_trained):
    """`zero_outputs(strategy)`: its outputs on the test set."""

    @cache
    def decode(strategy):
        return zero_resource.outputs(zero_trained(strategy))

    return decode
