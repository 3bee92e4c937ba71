"""Phonemes of texts, from a real espeak-ng in a process of its own."""

import os
import subprocess
import sys

import pytest

from lib.corpora.phonemes import ROOT, phonemes
from lib.corpora.voices import text_phonemes
from lib.languages import LANGUAGES

pytestmark = pytest.mark.slow  # it starts processes

PUNCTUATED = ["Good day, world. And again; yes!", "one - two", '(three) "four"', "five...six"]


def test_known_words():
    found = phonemes({"cat": ["gat", "món"], "nld": ["huis"], "eng": ["cat", "day"]})
    assert found == {"cat": ["ɡat", "mon"], "nld": ["hœys"], "eng": ["kæt", "deɪ"]}


def test_the_same_letters_sound_otherwise_in_another_language():
    found = phonemes({code: ["jota"] for code in ("spa", "deu", "cat")})
    assert len({own[0] for own in found.values()}) == 3


def test_texts_stay_in_their_order():
    words = ["one", "two", "one", "three"]
    (found,) = phonemes({"eng": words}).values()
    assert found[0] == found[2]
    assert len(set(found)) == 3
    assert found[::-1] == phonemes({"eng": words[::-1]})["eng"]


def test_there_are_no_marks_of_stress_and_no_spaces():
    (found,) = phonemes({"eng": ["a considerable undertaking", *PUNCTUATED]}).values()
    assert all(found)
    assert not set("".join(found)) & set("ˈˌ \n")


def test_punctuation_is_not_written():
    (found,) = phonemes({"eng": PUNCTUATED}).values()
    assert all(char.isalpha() or char == "ː" for char in "".join(found))


def test_all_clauses_of_a_text_are_heard():
    whole, *parts = phonemes({"deu": ["eins? zwei! drei", "eins", "zwei", "drei"]})["deu"]
    assert whole == "".join(parts)


@pytest.mark.parametrize("text", ["", " ", "...", "\n"])
def test_a_text_without_words_has_no_phonemes(text):
    assert phonemes({"cat": [text, "gat"]}) == {"cat": ["", "ɡat"]}


@pytest.mark.parametrize("texts", [{}, {"cat": []}, {"cat": [], "nld": []}])
def test_without_texts_there_are_no_phonemes(texts):
    assert phonemes(texts) == texts


@pytest.mark.parametrize("code", ["fon", "bem"])
def test_a_language_without_a_voice_is_named(code):
    with pytest.raises(ValueError, match=rf"\({code}\) has no espeak-ng voice"):
        phonemes({"eng": ["day"], code: ["a"]})


def test_every_voice_of_the_table_has_phonemes():
    codes = [row.code for row in LANGUAGES.values() if row.voice]
    assert all(own[0] for own in phonemes({code: ["12"] for code in codes}).values())


def test_it_is_found_from_any_folder(tmp_path):
    """A package of the same name in the current folder is not what the process starts."""
    for package in ("lib", "lib/corpora"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").touch()
    (tmp_path / "lib" / "corpora" / "phonemes.py").write_text("raise SystemExit('another one')")
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from lib.corpora.phonemes import phonemes; print(len(phonemes({'cat': ['gat']})['cat']))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_the_engine_is_refused_outside_of_its_process():
    with pytest.raises(RuntimeError, match="worker processes only; call phonemes"):
        text_phonemes("gat", "ca")


def test_marks_of_a_foreign_word_are_no_phonemes():
    """espeak-ng reads "computer" in a Dutch text as English, and says so in brackets."""
    (found,) = phonemes({"nld": ["computer weekend cool"]})["nld"]
    assert "(" not in found and ")" not in found
