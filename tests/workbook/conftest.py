"""The open record of a run, for the tests of records."""

import pytest

from lib.workbook import record
from tests.workbook.cases import CLAIM, use_claims, use_folder, write_notebook


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    """A folder with notebook 77, which predicts `CLAIM`, and in which runs may be left open."""
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters='scale = "smoke"\nfolder = ""\nseed = 1')
    use_claims(monkeypatch, CLAIM)
    yield tmp_path
    for held in record._open.values():
        held.close()
    record._open.clear()


@pytest.fixture
def run(run_folder):
    return record.start_run("77", scale="smoke", folder="", seed=1)
