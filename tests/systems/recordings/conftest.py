"""Recordings at `smoke`: the phrasebook in Quechua, read as if people had spoken it."""

from functools import partial

import pytest

from lib.systems.recordings.experiment import open_recordings


@pytest.fixture(scope="session")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="session")
def open_smoke(cache):
    """`open_smoke(**changes)`: the recordings, trained in the cache of this session."""
    return partial(
        open_recordings, "smoke", "que", "spa", 1, cache, corpus="phrasebook", folder=""
    )


@pytest.fixture(scope="session")
def recordings(open_smoke):
    return open_smoke()


@pytest.fixture(scope="session")
def transcripts(recordings):
    return recordings.transcribe(recordings.st_clips())
