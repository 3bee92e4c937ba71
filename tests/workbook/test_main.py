"""The command line in a process of its own, without running a notebook."""

import os
import subprocess
import sys

import pytest

from lib.corpora.sources import SOURCES
from lib.workbook.__main__ import main
from lib.workbook.paths import ROOT

pytestmark = pytest.mark.slow  # it trains, or starts processes

WITHOUT_TORCH = """
import sys
from lib.workbook.__main__ import main
main({words!r})
sys.exit("torch" in sys.modules)
"""


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    "words", [["status"], ["corpora"], ["run", "77"], ["translate", "none", __file__]]
)
def test_torch_is_not_loaded(words):
    command = [sys.executable, "-c", WITHOUT_TORCH.format(words=words)]
    assert subprocess.run(command, cwd=ROOT, capture_output=True).returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "10", "-p", "sorce=est"], "did you mean 'source'"),
        (["run", "10", "-p", "seed=one"], "must be int"),
        (["run", "10", "-p", "source"], "not NAME=VALUE"),
        (["run", "10", "-p", "scale=lab"], "--scale lab"),
        (["run", "10", "-p", "seed=1", "-p", "seed=2"], "given twice"),
        (["run", "77"], "there is no notebook '77'"),
        (["run", "10", "--scale", "huge"], "the scales are smoke, tiny, lab, full"),
        (["run", "-p", "seed=2"], "needs the number of a notebook"),
        (["run", "10", "--study", "gmu"], "leave their numbers out"),
        (["run", "--study", "nmu"], "there is no study 'nmu'; the studies are gmu"),
        (["run", "--study", "gmu", "--scale", "full"], "add -p folder=DIR"),
        (["run", "--study", "gmu", "-p", "sed=2"], "did you mean 'seed'"),
        (["run", "--slurm-option", "partition=gpu"], "needs --slurm"),
        (["run", "--jobs", "-1"], "a number from 1 on"),
        (["corpora", "mustc"], "there is no data card"),
    ],
)
def test_mistakes_are_reported_before_anything_runs(capsys, outputs, words, message):
    code, errors = main(words), capsys.readouterr().err
    assert (code, message in errors, list(outputs.iterdir())) == (2, True, [])


def test_a_mistake_is_one_line_on_stderr(capsys):
    main(["run", "77"])
    assert capsys.readouterr().err.count("\n") == 1


def test_status_lists_notebooks_that_were_not_run(capsys):
    main(["status"])
    assert "10                                       not run" in capsys.readouterr().out


def test_every_corpus_is_listed(capsys):
    main(["corpora"])
    text = capsys.readouterr().out
    assert [name for name in SOURCES if name not in text] == []


@pytest.mark.parametrize("text", ["is not downloaded for you", "tst-COMMON"])
def test_a_corpus_says_how_it_is_obtained(capsys, text):
    main(["corpora", "must_c"])
    assert text in capsys.readouterr().out


def test_a_folder_is_relative_to_where_the_command_is_given(monkeypatch, tmp_path, capsys):
    monkeypatch.chdir(tmp_path)
    main(["run", "--study", "gmu", "--scale", "full", "-p", "folder=data"])
    assert f"{tmp_path / 'data'} holds none" in capsys.readouterr().err


def test_help_names_every_command():
    command = [sys.executable, "-m", "lib.workbook", "--help"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=os.environ).stdout
    names = ("run", "status", "report", "reference", "corpora", "translate", "export")
    assert [name for name in names if name not in text] == []
