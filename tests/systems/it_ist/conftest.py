"""IT-IST at `smoke` for all of its tests; each strategy is trained once."""

from functools import cache

import pytest

from lib.systems.it_ist.experiment import open_experiment


@pytest.fixture(scope="session")
def it_ist(tmp_path_factory):
    """The experiment on the phrasebook with questions."""
    return open_experiment("smoke", 1, tmp_path_factory.mktemp("it-ist"))


@pytest.fixture(scope="session")
def it_ist_trained(it_ist):
    """`it_ist_trained(strategy)`: its system."""
    return cache(it_ist.train)


@pytest.fixture(scope="session")
def untrained(it_ist):
    """The model before any training, which tests must not change."""
    return it_ist.start(it_ist.strategy("align")).eval()
