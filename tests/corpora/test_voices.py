import subprocess
import sys
from pathlib import Path

import espeakng_loader
import pytest

from lib.corpora.voices import PITCHES, VARIANTS, Speaker, declared_gender, speak, speakers

SPEAK = """
import sys
from lib.corpora.voices import Speaker, speak, start_engine
start_engine()
try:
    print(len(speak(*sys.argv[1:], Speaker("m1", 50, 150))))
except ValueError as error:
    print(error)
"""


@pytest.mark.parametrize("split, other", [("train", "dev"), ("train", "test"), ("dev", "test")])
def test_no_variant_is_in_two_splits(split, other):
    assert not set(VARIANTS[split]) & set(VARIANTS[other])


@pytest.mark.parametrize("split", VARIANTS)
def test_each_variant_speaks_at_each_pitch(split):
    assert len(set(speakers(split))) == len(VARIANTS[split]) * len(PITCHES)


@pytest.mark.parametrize("split", VARIANTS)
def test_no_variant_is_named_twice(split):
    assert len(set(VARIANTS[split])) == len(VARIANTS[split])


@pytest.mark.parametrize("split", VARIANTS)
def test_every_variant_is_one_of_espeaks(split):
    """Other names are refused by nobody: espeak-ng speaks with its usual voice."""
    folder = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    assert set(VARIANTS[split]) <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize(
    "variant, gender",
    [("f1", "female"), ("m1", "male"), ("Andy", "male"), ("grandma", "female"), ("Alex", "")],
)
def test_gender_is_what_the_file_of_the_variant_declares(variant, gender):
    assert declared_gender(variant) == gender


def test_the_test_set_has_voices_to_resample():
    assert len(VARIANTS["test"]) == 22


def test_the_engine_is_refused_outside_of_workers():
    with pytest.raises(RuntimeError, match="worker processes only"):
        speak("hello", "en-us", Speaker("m1", 50, 150))


@pytest.mark.parametrize(
    "text, voice, message",
    [
        ("hello", "no-such-voice", "no voice 'no-such-voice'"),
        ("", "en-us", "gives no sound for ''"),
    ],
)
def test_a_voice_without_sound_is_refused(text, voice, message):
    command = [sys.executable, "-c", SPEAK, text, voice]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert message in done.stdout
