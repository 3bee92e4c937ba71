"""The command line in a process of its own, without running a notebook."""

import os
import subprocess
import sys

import pytest

from lib.corpora.sources import SOURCES
from lib.workbook.__main__ import main
from lib.workbook.paths import ROOT
from tests.workbook.cases import write_record

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
        (["corpora", "x" * 3000], "File name too long"),
        (["run", "10", "-p", "source=" + "-" * 3000], "unknown language"),
        (["run", "10", "-p", "seed=" + "-" * 3000 + "1"], "must be int"),
        (["run", "10", "-p", "seed=" + "9" * 5000], "must be int"),
        (["run", "10", "-p", "seed=" + "9" * 4000], "it must be from 0"),
        (["run", "10", "-p", "source=\udcff"], "which is not text"),
        (["run", "10", "-p", "\x1b[2J=1"], r"has no parameter '\x1b[2J'"),
        (["run", "10", "-p", "source=en"], "unknown language 'en'"),
        (["run", "10", "-p", "corpus=none"], "there is no corpus 'none'"),
        (["run", "10", "-p", "folder=/tmp"], "corpus=phrasebook is made here"),
        (["run", "--study", "gmu", "-p", "seed=2"], "'seed' is given, and its seeds set it"),
        (["run", "--study", "llm_srt", "-p", "ablate=all"], "'ablate' is a factor and fixed"),
        (["run", "--study", "transfer", "-p", "held_out=cat"], "'held_out' is a factor"),
        (["run", "--study", "x" * 3000 + ".py"], "File name too long"),
        (["run", "\x1b[2J"], r"there is no notebook '\x1b[2J'"),
        (["run", "1" * 3000], "there is no notebook"),
        (["translate", "x" * 3000, __file__], "File name too long"),
    ],
)
def test_mistakes_are_reported_before_anything_runs(capsys, outputs, words, message):
    code, errors = main(words), capsys.readouterr().err
    assert (code, message in errors, list(outputs.iterdir())) == (2, True, [])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "10", "--scale", "smoke", "--scale", "lab"], "--scale is given twice"),
        (["run", "10", "--jobs", "1", "--jobs", "2"], "--jobs is given twice"),
        (["status", "--scal", "smoke"], "unrecognized arguments: --scal"),
        (["status", "\x1b[2J"], r"unrecognized arguments: \x1b[2J"),
        (["status", "\udcff" * 3000], "unrecognized arguments"),
        (["run", "--jobs", "9" * 5000], "invalid int value"),
    ],
)
def test_options_stand_once_and_in_full(capsys, outputs, words, message):
    with pytest.raises(SystemExit) as ended:
        main(words)
    errors = capsys.readouterr().err
    assert (ended.value.code, message in errors, list(outputs.iterdir())) == (2, True, [])
    assert "\x1b" not in errors and len(errors) < 4000


def test_what_a_terminal_gets_is_safe(outputs, capsys):
    (outputs / "tiny" / "runs" / "a\x1b[2J").mkdir(parents=True)
    (outputs / "tiny" / "runs" / "a\x1b[2J" / "manifest.json").write_text("{")
    write_record("90", scale="tiny", exit="failed: b\x1b[2J")
    main(["status"])
    text = capsys.readouterr().out
    assert "\x1b" not in text and r"a\x1b[2J" in text and r"failed: b\x1b[2J" in text


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
