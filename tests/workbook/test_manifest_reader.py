import os

from lib.workbook.manifest_reader import first_began, manifests, read_manifest
from lib.workbook.paths import cache
from tests.workbook.cases import use_folder, write_notebook, write_record


def test_records_know_their_folders(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path)
    run = write_record()
    assert [manifest["folder"] for manifest in manifests("smoke")] == [run.folder]


def test_a_scale_without_runs_has_no_records(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    assert manifests("smoke") == []


def test_a_folder_without_a_record(tmp_path):
    assert read_manifest(tmp_path) is None


def test_a_run_began_with_the_first_training_whose_system_it_uses(tmp_path, monkeypatch):
    """A result that lay in the cache was there before the run that finds it."""
    use_folder(monkeypatch, tmp_path)
    folder = cache() / "gmu-direct"
    folder.mkdir(parents=True)
    (folder / "rehearsal.json").write_text("{}")
    os.utime(folder / "rehearsal.json", (0, 0))
    manifest = {"started": "2026-01-02T00:00:00+00:00", "systems": {"direct": "gmu-direct"}}
    assert first_began(manifest) == "1970-01-01T00:00:00+00:00"


def test_a_run_that_trained_itself_began_when_it_started(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    folder = cache() / "gmu-direct"
    folder.mkdir(parents=True)
    (folder / "rehearsal.json").write_text("{}")
    manifest = {"started": "2026-01-02T00:00:00+00:00", "systems": {"direct": "gmu-direct"}}
    assert first_began(manifest) == manifest["started"]
