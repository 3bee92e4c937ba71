import pytest

from lib.workbook.completion import finished
from lib.workbook.corpus_facts import corpus_stamp
from lib.workbook.manifest_reader import lib_hash
from lib.workbook.plan import notebook_run
from tests.workbook.cases import use_folder, write_notebook, write_record

PARAMETERS = 'scale = "smoke"\nfolder = ""\nseed = 1'


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters=PARAMETERS)
    return tmp_path


def test_a_finished_run_of_the_same_code_is_done():
    assert finished(write_record(lib_hash=lib_hash())) == "done"


def test_a_run_of_other_code_is_done_and_says_so():
    assert finished(write_record()).startswith("done by other code")


def test_a_run_without_a_record_is_not_done():
    assert finished(notebook_run("77", {"scale": "smoke"})) is None


@pytest.mark.parametrize("exit", ["running", "failed: no room"])
def test_a_run_that_did_not_finish_is_not_done(exit):
    assert finished(write_record(exit=exit)) is None


def test_a_changed_notebook_is_not_done(folder):
    run = write_record()
    write_notebook(folder, "1 + 1", parameters=PARAMETERS)
    assert finished(notebook_run("77", run.parameters)) is None


def test_other_parameters_under_the_same_name_are_not_done():
    run = write_record()
    path = run.folder / "manifest.json"
    path.write_text(path.read_text().replace('"seed": 1', '"seed": 2'))
    assert finished(run) is None


def test_a_changed_corpus_is_not_done(folder):
    corpus = folder / "own.tsv"
    corpus.write_text("one")
    given = {"folder": str(corpus)}
    run = write_record(parameters=given, corpus_stamp=corpus_stamp(given))
    corpus.write_text("two")
    assert finished(run) is None


def test_an_unchanged_corpus_is_done(folder):
    corpus = folder / "own.tsv"
    corpus.write_text("one")
    given = {"folder": str(corpus)}
    assert finished(write_record(parameters=given, corpus_stamp=corpus_stamp(given)))


@pytest.mark.parametrize(
    ("ended", "done"), [("2026-01-01T00:00:30+00:00", False), ("2025-12-31T00:00:00+00:00", True)]
)
def test_what_reads_records_is_as_old_as_the_newest_of_them(folder, ended, done):
    write_notebook(folder, number="90", metadata={"reads_records": True})
    write_record(finished=ended)
    assert bool(finished(write_record("90"))) is done


def test_an_overview_does_not_read_later_overviews(folder):
    for number in ("16", "90"):
        write_notebook(folder, number=number, metadata={"reads_records": True})
    write_record("90")
    assert finished(write_record("16"))


@pytest.mark.parametrize("number, done", [("30", False), ("62", True)])
def test_only_a_notebook_before_an_overview_makes_it_outdated(folder, number, done):
    """Both finish after the overview: it reads the first, and never the second."""
    write_notebook(folder, number="31", metadata={"reads_records": True})
    write_notebook(folder, number=number)
    overview = write_record("31")
    assert finished(overview)
    write_record(number, finished="2026-01-02T00:00:00+00:00")
    assert bool(finished(overview)) is done


@pytest.mark.parametrize("maker, done", [("50", True), ("12", False)])
def test_a_point_of_a_grid_counts_as_a_run_of_the_notebook_that_made_it(folder, maker, done):
    write_notebook(folder, number="16", metadata={"reads_records": True})
    write_notebook(folder, number="04")
    overview = write_record("16")
    write_record("04", finished="2026-01-02T00:00:00+00:00", made_in=maker)
    assert bool(finished(overview)) is done
