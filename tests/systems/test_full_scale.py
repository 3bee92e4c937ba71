"""The runs of the full scale: which corpus each takes, and what is said where one is missing."""

import pytest

from lib.systems.full_scale import study_runs
from lib.systems.gmu.pairs import PAIRS

CORPORA = ("covost2", "fleurs", "common_voice", "spoken_squad", "mls")
CORPORA += tuple(pair.corpus for pair in PAIRS.values())


@pytest.fixture
def root(tmp_path):
    for name in CORPORA:
        (tmp_path / name).mkdir()
    return tmp_path


def runs(root, **parameters):
    return study_runs("full", {"corpora": str(root), **parameters})


def of(root, number):
    return [run for run in runs(root) if run.notebook == number]


def test_with_all_corpora_nothing_is_left_out(root):
    assert not [run for run in runs(root) if run.skip]
    assert [run.parameters["corpus"] for run in of(root, "01")] == sorted(CORPORA)
    assert len(of(root, "10")) == 9  # all pairs of GMU


def test_each_system_has_its_corpora(root):
    (align,), (instruct,) = of(root, "20"), of(root, "21")
    assert align.parameters == {"corpus": "covost2", "folder": str(root / "covost2")}
    both = f"covost2={root / 'covost2'} spoken_squad={root / 'spoken_squad'}"
    assert instruct.parameters == {"corpus": both}
    (curriculum,), (zero,) = of(root, "30"), of(root, "40")
    assert curriculum.parameters["corpus"] == "fleurs"
    assert curriculum.parameters["asr_corpus"] == f"common_voice={root / 'common_voice'}"
    assert zero.parameters["corpora"].startswith(f"covost2={root / 'covost2'} common_voice=")


@pytest.mark.parametrize(
    "missing, notebooks",
    [
        ("covost2", {"21"}),  # alignment goes on with another corpus
        ("spoken_squad", {"21"}),
        ("fleurs", {"30"}),
        ("common_voice", set()),
        ("bigc", {"10"}),
        ("iwslt_fon_fra", {"10"}),
    ],
)
def test_a_missing_corpus_is_named_and_the_others_go_on(root, missing, notebooks):
    (root / missing).rmdir()
    left_out = [run for run in runs(root) if run.skip]
    assert {run.notebook for run in left_out} == notebooks
    for run in left_out:
        obtain = f"how to obtain it: python -m lib.workbook corpora {missing}"
        assert str(root / missing) in run.skip and obtain in run.skip


def test_alignment_takes_the_first_corpus_with_transcripts(root):
    (root / "covost2").rmdir()
    assert of(root, "20")[0].parameters["corpus"] == "mls"


def test_languages_are_those_of_zero_resource_translation(root):
    given = runs(root, languages="eng deu cat nld")
    assert [run.notebook for run in given if "languages" in run.parameters] == ["40"]


def test_some_notebooks_alone(root):
    assert {run.notebook for run in runs(root, notebooks="20 21")} == {"20", "21"}


@pytest.mark.parametrize(
    "parameters, problem",
    [
        ({}, "none are given: add -p corpora=DIR"),
        ({"corpora": "/nowhere"}, "/nowhere is no folder"),
        ({"corpora": "/", "source": "est"}, "no parameter 'source'"),
        ({"corpora": "/", "notebooks": "99"}, "no notebook 99"),
    ],
)
def test_mistakes_are_said(parameters, problem):
    with pytest.raises(ValueError, match=problem):
        study_runs("full", parameters)
