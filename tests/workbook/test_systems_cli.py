import json
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import pytest

from lib.workbook.__main__ import main
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import cache
from lib.workbook.systems_cli import find_system
from tests.workbook.cases import score_row, use_folder, write_notebook, write_record


@dataclass
class Segment:
    start: float
    end: float
    text: str


@dataclass
class Recording:
    path: Path
    segments: list
    error: str = ""


class System:
    """Translates every recording to the same two segments, and remembers what it was asked."""

    def translate(self, paths, progress, **languages):
        self.languages = languages
        progress("translating", 1, 1)
        segments = [Segment(0, 1.5, "one"), Segment(1.5, 3.25, "tõ\tws")]
        return [Recording(path, segments) for path in paths]


@pytest.fixture(autouse=True)
def systems(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "outputs"))
    for name in ("gmu-direct-est-eng-s1", "gmu-direct-que-spa-s1", "gmu-direct"):
        (cache() / name).mkdir(parents=True)
        (cache() / name / "system.json").touch()
        (cache() / name / "done.json").touch()
    (cache() / "phrasebook-1").mkdir()
    (cache() / "gmu-interrupted").mkdir()
    (cache() / "gmu-interrupted" / "system.json").touch()
    return tmp_path


@pytest.fixture
def system(monkeypatch):
    """Stands in for lib.systems.load and lib.systems.export."""
    made = System()
    load, export = types.ModuleType("load"), types.ModuleType("export")
    load.load_system = lambda folder, device="cpu": setattr(made, "folder", folder) or made
    export.export = lambda system, folder, scores: setattr(made, "exported", (folder, scores))
    monkeypatch.setitem(sys.modules, "lib.systems.load", load)
    monkeypatch.setitem(sys.modules, "lib.systems.export", export)
    return made


@pytest.fixture
def sound(tmp_path):
    path = tmp_path / "talk.wav"
    path.touch()
    return str(path)


@pytest.mark.parametrize("name", ["gmu-direct-q", "gmu-direct-que-spa-s1"])
def test_the_beginning_of_a_name_is_enough(name):
    assert find_system(name) == cache() / "gmu-direct-que-spa-s1"


def test_a_whole_name_counts_even_if_another_begins_with_it():
    assert find_system("gmu-direct") == cache() / "gmu-direct"


def test_a_folder_is_a_system(systems):
    (systems / "elsewhere").mkdir()
    for name in ("system.json", "done.json"):
        (systems / "elsewhere" / name).touch()
    assert find_system(str(systems / "elsewhere")) == systems / "elsewhere"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("gmu-direct-", "2 systems begin with 'gmu-direct-'"),
        ("phrasebook", "there is no system 'phrasebook'"),
        ("", "3 systems begin with ''"),
    ],
)
def test_other_names_are_refused(name, message):
    with pytest.raises(BadParameter, match=message):
        find_system(name)


def test_an_error_lists_the_systems():
    with pytest.raises(BadParameter, match="\n  gmu-direct-est-eng-s1\n"):
        find_system("none")


def test_segments_are_printed_with_their_times(system, sound, capsys):
    main(["translate", "gmu-direct-q", sound])
    assert capsys.readouterr().out == f"{sound}\n[0.00 - 1.50] one\n[1.50 - 3.25] tõ\tws\n"


def test_the_system_is_loaded_from_its_folder(system, sound):
    main(["translate", "gmu-direct-q", sound])
    assert system.folder == cache() / "gmu-direct-que-spa-s1"


@pytest.mark.parametrize(
    ("words", "languages"),
    [
        ([], {"source": "", "target": ""}),
        (["--source", "que", "--target", "spa"], {"source": "que", "target": "spa"}),
    ],
)
def test_languages_are_passed_on(system, sound, words, languages):
    main(["translate", "gmu-direct-q", sound, *words])
    assert system.languages == languages


def test_tsv_is_written(system, sound, tmp_path):
    main(["translate", "gmu-direct-q", sound, "--out", str(tmp_path / "o.tsv")])
    lines = (tmp_path / "o.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["audio\tstart\tend\ttext", f"{sound}\t0\t1.5\tone"]


def test_json_lines_are_written(system, sound, tmp_path):
    main(["translate", "gmu-direct-q", sound, "--out", str(tmp_path / "o.jsonl")])
    rows = [json.loads(line) for line in (tmp_path / "o.jsonl").read_text().splitlines()]
    assert rows[1] == {"audio": sound, "start": 1.5, "end": 3.25, "text": "tõ\tws"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["translate", "gmu-direct-q", "nothing.wav"], "nothing.wav is not a file"),
        (["translate", "gmu-direct-q", __file__, "--out", "o.txt"], "must end in .tsv or .jsonl"),
        (["translate", "none", __file__], "there is no system 'none'"),
        (["export", "none", "folder"], "there is no system 'none'"),
    ],
)
def test_mistakes_are_one_error(capsys, words, message):
    assert (main(words), message in capsys.readouterr().err) == (2, True)


def test_what_the_system_refuses_is_an_error(system, sound, capsys, monkeypatch):
    def refuse(*_, **__):
        raise ValueError("language xxx is unknown")

    monkeypatch.setattr(system, "translate", refuse)
    assert (main(["translate", "gmu-direct-q", sound]), capsys.readouterr().err) == (
        2,
        "error: language xxx is unknown\n",
    )


def test_a_system_is_exported(system, tmp_path):
    main(["export", "gmu-direct-q", str(tmp_path / "new")])
    assert system.exported == (tmp_path / "new", [])


def test_an_export_has_the_scores_of_the_system(system, tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path)
    scores = [score_row(), score_row(strategy="cascade")]
    write_record(scores=scores, systems={"direct": str(cache() / "gmu-direct-que-spa-s1")})
    main(["export", "gmu-direct-q", str(tmp_path / "new")])
    assert system.exported[1] == [score_row()]


@pytest.fixture
def unreadable(system, monkeypatch):
    recordings = [Recording(Path("talk.wav"), [], error="no samples")]
    monkeypatch.setattr(system, "translate", lambda *_, **__: recordings)


def test_a_recording_that_cannot_be_read_is_an_error(unreadable, sound, capsys):
    main(["translate", "gmu-direct-q", sound])
    assert capsys.readouterr().err == "error: talk.wav: no samples\n"


def test_a_recording_that_cannot_be_read_is_the_exit_code(unreadable, sound):
    assert main(["translate", "gmu-direct-q", sound]) == 1
