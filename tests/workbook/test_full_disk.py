"""A full disk: one clear error, and what was written before is whole."""

import json

import pytest

from lib.disk import DiskFull
from lib.workbook import record
from lib.workbook.collect import collect
from lib.workbook.paths import scale_folder
from tests.disks import mounted
from tests.workbook.cases import use_claims, use_folder, write_notebook


@pytest.fixture
def outputs(tmp_path, monkeypatch):
    """The folder of outputs on a small disk, with the record of a run that goes on."""
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters='scale = "smoke"\nfolder = ""\nseed = 1')
    use_claims(monkeypatch)
    (tmp_path / "outputs").mkdir()
    with mounted(tmp_path / "outputs", "512k"):
        yield tmp_path / "outputs"


def fill(folder):
    with pytest.raises(OSError), open(folder / "rest", "wb", buffering=0) as file:
        for _ in range(1000):
            assert file.write(b"x" * 1024) == 1024 or file.write(b"x")


def test_a_record(outputs):
    run = record.start_run("77", scale="smoke", folder="", seed=1)
    try:
        fill(outputs)
        with pytest.raises(DiskFull, match="no space left to write .*manifest.json"):
            run.finish()
        assert json.loads((run.folder / "manifest.json").read_text())["exit"] == "running"
        assert not list(run.folder.rglob("*.part"))
    finally:
        for held in record._open.values():
            held.close()
        record._open.clear()


def test_a_table(outputs):
    before = (collect("smoke") / "scores.csv").read_text()
    fill(outputs)
    with pytest.raises(DiskFull, match="no space left to write .*scores.csv"):
        collect("smoke")
    assert (scale_folder("smoke") / "scores.csv").read_text() == before
    assert not list(scale_folder("smoke").glob(".*.part"))
