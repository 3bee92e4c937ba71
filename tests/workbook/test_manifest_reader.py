import os

import pytest

from lib.workbook.manifest_reader import corpus_stamp, first_began, manifests, read_manifest
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


@pytest.mark.parametrize("folder", ["", "/nowhere"])
def test_no_corpus_has_no_stamp(folder):
    assert corpus_stamp(folder) == "none"


def test_a_changed_manifest_has_another_stamp_even_if_it_is_older(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("one")
    before = corpus_stamp(str(path))
    path.write_text("two")
    os.utime(path, (0, 0))
    assert corpus_stamp(str(path)) != before


def test_an_unchanged_manifest_has_the_same_stamp(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("one")
    before = corpus_stamp(str(path))
    os.utime(path, (0, 0))
    assert corpus_stamp(str(path)) == before


def test_a_new_file_changes_a_folders_stamp(tmp_path):
    before = corpus_stamp(str(tmp_path))
    (tmp_path / "new").touch()
    assert corpus_stamp(str(tmp_path)) != before


def test_a_dangling_link_has_a_stamp(tmp_path):
    (tmp_path / "link").symlink_to("/nowhere")
    assert corpus_stamp(str(tmp_path)) != "none"


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
