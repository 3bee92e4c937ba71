import re

import pytest

from lib.workbook.run_names import MAX_BYTES, corpus_part, run_name

DEFAULTS = {
    "scale": "tiny",
    "source": "est",
    "target": "eng",
    "corpus": "phrasebook",
    "folder": "",
    "licences": "",
    "seed": 1,
}


def name(**given):
    return run_name("10", DEFAULTS | given, DEFAULTS)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, "10"),
        ({"scale": "lab"}, "10"),
        ({"source": "que", "target": "spa"}, "10,source=que,target=spa"),
        ({"licences": "CC0-1.0"}, "10,licences=CC0-1.0"),
    ],
)
def test_simple_values_are_written_out(given, expected):
    assert name(**given) == expected


def test_a_path_is_shortened_and_hashed():
    assert re.fullmatch(r"10,folder=own-data\.tsv,[0-9a-f]{8}", name(folder="/a/own data.tsv"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"licences": "CC0-1.0,MIT"}, {"licences": "CC0-1.0 MIT"}),
        ({"folder": "/a/own.tsv"}, {"folder": "/b/own.tsv"}),
        ({"licences": "a/b", "folder": "c/d"}, {"licences": "x/b", "folder": "c/d"}),
        ({"licences": "MIT,seed=2"}, {"licences": "MIT", "seed": 2}),
        ({"folder": "x" * 300}, {"folder": "x" * 301}),
        ({"folder": "é"}, {"folder": "è"}),
    ],
)
def test_different_parameters_have_different_names(one, other):
    assert name(**one) != name(**other)


@pytest.mark.parametrize("folder", ["x" * 300, "/a/" + "y" * 300, "é" * 300])
def test_names_are_limited(folder):
    assert len(name(folder=folder).encode()) <= MAX_BYTES


def test_a_name_is_one_part_of_a_path():
    assert "/" not in name(folder="/a/b/..", licences="../x")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, ""),
        ({"source": "que", "seed": 2}, ""),
        ({"corpus": "mls", "seed": 2}, "corpus=mls"),
    ],
)
def test_the_corpus_is_read_from_a_name(given, expected):
    assert corpus_part(name(**given)) == expected


def test_corpora_in_different_folders_are_told_apart():
    one, other = (name(corpus="own", folder=f"/{at}/talks.tsv") for at in "ab")
    assert corpus_part(one) != corpus_part(other)
