from pathlib import Path

import pytest

from lib.systems.parameters import absolute, corpora


def test_the_corpora_that_parameters_name():
    parameters = {
        "corpus": "own",
        "folder": "/data/talks.tsv",
        "asr_corpus": "common_voice=/data/cv",
        "change": "corpora=covost2=/data/covost2 mls=/data/mls; rank=4",
        "seed": 1,
    }
    assert corpora(parameters) == [
        ("own", "/data/talks.tsv"),
        ("covost2", "/data/covost2"),
        ("mls", "/data/mls"),
        ("common_voice", "/data/cv"),
    ]


def test_a_corpus_may_be_several():
    several = {"corpus": "covost2=/data/covost2 spoken_squad=/data/sq", "folder": ""}
    assert corpora(several) == [("covost2", "/data/covost2"), ("spoken_squad", "/data/sq")]


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("folder", "data", "{here}/data"),
        ("folder", "", ""),
        ("folder", "~/data", "{home}/data"),
        ("corpora", "mls=a phrasebook fleurs=/b", "mls={here}/a phrasebook fleurs=/b"),
        ("asr_corpus", "own=../talks.tsv", "own={here.parent}/talks.tsv"),
        ("ratings", "ann.csv; ~/bob.csv", "{here}/ann.csv; {home}/bob.csv"),
        ("licences", "open", "open"),
        ("corpus", "covost2=a mls=/b", "covost2={here}/a mls=/b"),
        ("corpus", "covost2", "covost2"),
    ],
)
def test_paths_from_a_command_line_are_whole(name, text, found):
    assert absolute(name, text) == found.format(here=Path.cwd(), home=Path.home())
