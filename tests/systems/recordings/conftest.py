"""Recordings at `smoke`: the phrasebook in Quechua, read as if people had spoken it."""

from functools import partial

import pytest

from lib.systems.recordings.corpus import load_recordings
from lib.systems.recordings.experiment import open_recordings


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="session")
def open_smoke(cache):
    """`open_smoke()`: the recordings, trained in the cache of this session."""
    corpus = load_recordings("smoke", "que", "spa", 1, cache, "phrasebook", "")
    return partial(open_recordings, corpus, "smoke", "que", "spa", 1, cache)


@pytest.fixture(scope="session")
def recordings(open_smoke):
    return open_smoke()


@pytest.fixture(scope="session")
def transcripts(recordings):
    return recordings.transcribe(recordings.st_clips())
