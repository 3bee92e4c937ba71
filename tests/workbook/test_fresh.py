import os

import pytest

from lib.locks import lock
from lib.workbook.fresh import delete_runs
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import cache
from tests.workbook.cases import use_folder, write_notebook, write_record


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path)
    return tmp_path


def system(folder, marker="system.json"):
    folder.mkdir(parents=True)
    (folder / marker).touch()
    return folder


def run_with(folder):
    return write_record(systems={"direct": str(folder)})


def test_a_run_is_deleted():
    run = write_record()
    delete_runs([run])
    assert not run.folder.exists()


@pytest.mark.parametrize("marker", ["system.json", "training.csv"])
def test_a_system_of_this_workbook_is_deleted(marker):
    trained = system(cache() / "gmu-direct-1", marker)
    delete_runs([run_with(trained)])
    assert not trained.exists()


def said_by(*runs):
    """The lines of a deletion."""
    lines = []
    delete_runs(runs, lines.append)
    return lines


def test_what_is_deleted_is_said_before():
    trained = system(cache() / "gmu-direct-1")
    run = run_with(trained)
    there = []
    delete_runs([run], lambda line: there.append((line, trained.exists(), run.folder.exists())))
    assert there == [
        (f"--fresh deletes 1 systems in {cache()}: gmu-direct-1", True, True),
        (f"--fresh deletes 1 runs in {run.folder.parent}: 77", True, True),
    ]


def foreign(folder, name):
    """Folders that no run may delete."""
    if name == "marker":
        (cache() / "gmu-direct-1").mkdir(parents=True)
        return cache() / "gmu-direct-1"
    if name == "link":
        cache().mkdir(parents=True)
        (cache() / "gmu-direct-1").symlink_to(system(folder / "elsewhere" / "gmu-direct-1"))
        return cache() / "gmu-direct-1"
    return system(
        {
            "outside": folder / "elsewhere" / "gmu-direct-1",
            "prefix": cache() / "thesis",
            "deeper": cache() / "gmu-a" / "gmu-direct-1",
            "parent": cache() / "gmu-a" / ".." / ".." / ".." / "gmu-direct-1",
            "cache": cache(),
        }[name]
    )


FOREIGN = ["outside", "prefix", "marker", "link", "deeper", "parent", "cache"]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_this_workbook_did_not_train_is_left(folder, name):
    other = foreign(folder, name)
    delete_runs([run_with(other)])
    assert other.exists()


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_left_is_named(folder, name):
    other = foreign(folder, name)
    line = said_by(run_with(other))[0]
    assert line.startswith(f"{other} (named in run 77) was not deleted")


def test_a_system_in_use_is_left():
    trained = system(cache() / "gmu-direct-1")
    with lock(cache() / ".gmu-direct-1.lock", "system"):
        delete_runs([run_with(trained)])
    assert trained.exists()


def test_a_run_in_progress_is_refused():
    run = write_record()
    with lock(run.folder / ".lock", "run"), pytest.raises(BadParameter, match="in progress"):
        delete_runs([run])


def test_a_folder_that_is_gone_is_no_problem():
    assert len(said_by(run_with(cache() / "gmu-gone"))) == 1


@pytest.mark.parametrize("place", ["notes.txt", "outputs/notes.txt", "system.json.bak"])
def test_a_system_with_something_of_others_is_left(place):
    trained = system(cache() / "gmu-direct-1")
    (trained / place).parent.mkdir(exist_ok=True)
    (trained / place).touch()
    assert f"it holds {place}, which the workbook did not make" in said_by(run_with(trained))[0]
    assert trained.exists()


@pytest.mark.parametrize("place", ["notes.txt", "figures/own.svg", "thesis/chapter.tex"])
def test_a_run_with_something_of_others_is_left(place):
    run = write_record()
    (run.folder / place).parent.mkdir(exist_ok=True)
    (run.folder / place).touch()
    assert f"it holds {place}, which the workbook did not make" in said_by(run)[0]
    assert (run.folder / place).exists()


OF_NOTEBOOKS = [
    "gmu-direct-est-eng-s1-0123/checkpoint/state.pt",
    "text-seamless-0123/best.safetensors",
    "again/gmu-direct-est-eng-s1-0123/outputs/0123.json",
    "again/.gmu-direct-est-eng-s1-0123.lock",
    "timings.csv",
]


@pytest.mark.parametrize("place", OF_NOTEBOOKS)
def test_what_a_notebook_keeps_in_its_run_is_deleted_with_it(place):
    run = write_record()
    (run.folder / place).parent.mkdir(parents=True, exist_ok=True)
    (run.folder / place).touch()
    delete_runs([run])
    assert not run.folder.exists()


@pytest.mark.parametrize("place", ["rating/deu.csv", "ratings/sheet.csv"])
def test_rating_sheets_are_left(place):
    run = write_record()
    (run.folder / place).parent.mkdir()
    (run.folder / place).touch()
    assert "which people fill in" in said_by(run)[0]
    assert (run.folder / place).exists()


def test_a_run_that_is_a_link_is_left(folder):
    run = write_record()
    run.folder.rename(folder / "elsewhere")
    run.folder.symlink_to(folder / "elsewhere")
    assert "it is a link" in said_by(run)[0]
    assert (folder / "elsewhere" / "manifest.json").exists()


def test_links_in_a_system_are_not_followed(folder):
    (folder / "elsewhere").mkdir()
    (folder / "elsewhere" / "best.safetensors").touch()
    trained = system(cache() / "gmu-direct-1")
    (trained / "best.safetensors").symlink_to(folder / "elsewhere" / "best.safetensors")
    delete_runs([run_with(trained)])
    assert not trained.exists()
    assert (folder / "elsewhere" / "best.safetensors").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder to another user")
def test_another_users_system_is_left():
    trained = system(cache() / "gmu-direct-1")
    os.chown(trained, 12345, -1)
    assert "it is another user's" in said_by(run_with(trained))[0]
    assert trained.exists()


@pytest.mark.parametrize("content", ["{", '{"systems": {"a": "gmu-direct-1"}}', ""])
def test_a_damaged_record_deletes_no_system(content):
    trained = system(cache() / "gmu-direct-1")
    run = run_with(trained)
    (run.folder / "manifest.json").write_text(content)
    delete_runs([run])
    assert trained.exists() and not run.folder.exists()


def test_a_run_that_is_named_twice_is_deleted_once():
    run = write_record()
    delete_runs([run, run])
    assert not run.folder.exists()
