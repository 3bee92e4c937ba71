import os

import pytest

from lib.workbook.corpus_facts import corpus_stamp


@pytest.fixture(autouse=True)
def outputs(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "outputs"))


@pytest.fixture
def manifest(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("one")
    return path


@pytest.mark.parametrize("folder", ["", "/nowhere"])
def test_no_corpus_has_no_stamp(folder):
    assert corpus_stamp({"folder": folder}) == "none"


def test_an_unchanged_manifest_has_the_same_stamp(manifest):
    before = corpus_stamp({"folder": str(manifest)})
    os.utime(manifest, (0, 0))
    assert corpus_stamp({"folder": str(manifest)}) == before


@pytest.mark.parametrize(
    "parameters",
    [
        {"corpus": "own", "folder": "{}"},
        {"corpus": "phrasebook", "folder": "", "asr_corpus": "own={}"},
        {"corpora": "phrasebook own={}"},
        {"recordings": "own={}"},
        {"change": "rank=4; corpus=own; folder={}"},
        {"change": "pair=est-eng; pair_corpus=own; pair_folder={}"},
        {"change": "corpora=own={}"},
        {"ratings": "/nowhere/a.csv; {}"},
    ],
)
def test_a_changed_file_changes_the_stamp_even_if_it_is_older(manifest, parameters):
    parameters = {name: text.format(manifest) for name, text in parameters.items()}
    before = corpus_stamp(parameters)
    manifest.write_text("two")
    os.utime(manifest, (0, 0))
    assert corpus_stamp(parameters) != before


def test_each_corpus_of_a_list_counts(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    parameters = {"corpora": f"mls={tmp_path / 'a'} fleurs={tmp_path / 'b'}"}
    stamps = [corpus_stamp(parameters)]
    for name in ("a", "b"):
        (tmp_path / name / "new").touch()
        stamps.append(corpus_stamp(parameters))
    assert len(set(stamps)) == 3


def test_a_dangling_link_has_a_stamp(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    before = corpus_stamp({"folder": str(folder)})
    (folder / "link").symlink_to("/nowhere")
    assert corpus_stamp({"folder": str(folder)}) != before
