import pytest

from lib.files import lock
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


def test_nothing_is_said_about_what_was_deleted():
    assert delete_runs([run_with(system(cache() / "gmu-direct-1"))]) == []


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
    (line,) = delete_runs([run_with(other)])
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
    assert delete_runs([run_with(cache() / "gmu-gone")]) == []
