"""LLM-SRT at `smoke` for all of its tests; each strategy is trained once."""

from functools import cache

import pytest

from lib.systems.llm_srt.experiment import open_experiment


@pytest.fixture(scope="session")
def llm_srt(tmp_path_factory):
    """The experiment on the phrasebook: four languages, three of twelve directions zero-shot."""
    return open_experiment("smoke", 1, tmp_path_factory.mktemp("llm-srt"))


@pytest.fixture(scope="session")
def srt_trained(llm_srt):
    """`srt_trained(strategy)`: its system."""
    return cache(llm_srt.train)
