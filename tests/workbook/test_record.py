import json
import os

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import torch

from lib.display.explorer import side_by_side
from lib.display.explorer.tags import save_tag
from lib.scales import THREADS
from lib.utterance import Corpus, Dropped
from lib.workbook import record
from lib.workbook.manifest_reader import damage
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import HEADLESS
from tests.workbook.cases import read_record, write_notebook
from tests.workbook.test_hypotheses import ROW

FIGURE = plt.figure(figsize=(1, 1))


def test_a_run_begins_as_running(run):
    assert read_record(run)["exit"] == "running"


def test_a_finished_run_says_so(run):
    run.finish()
    assert read_record(run)["exit"] == "finished"


def test_peak_memory_is_recorded(run):
    run.finish()
    assert read_record(run)["peak_memory_mb"] > 10


def test_parameters_are_recorded(run):
    assert read_record(run)["parameters"] == {"scale": "smoke", "folder": "", "seed": 1}


@pytest.mark.parametrize("scale", ["smoke", "lab"])
@pytest.mark.usefixtures("run_folder")
def test_a_run_has_the_threads_of_its_scale(scale):
    before = torch.get_num_threads()
    run = record.start_run("77", scale=scale, folder="", seed=1)
    try:
        assert read_record(run)["device"]["threads"] == THREADS[scale]
    finally:
        torch.set_num_threads(before)


def test_the_corpus_on_disk_is_stamped(run_folder):
    (run_folder / "own.tsv").write_text("one")
    run = record.start_run("77", scale="smoke", folder=str(run_folder / "own.tsv"), seed=1)
    assert len(read_record(run)["corpus_stamp"]) == 12


def test_the_first_cell_may_be_run_again(run):
    record.start_run("77", scale="smoke", folder="", seed=1)


def test_the_last_cell_may_be_run_again(run):
    run.finish()
    run.finish()
    assert read_record(run)["exit"] == "finished"


def corpus(dropped=()):
    return Corpus(
        name="c",
        utterances=[],
        hash="h",
        synthetic=True,
        licence="CC0-1.0",
        dropped=list(dropped),
    )


def test_a_corpus_is_recorded_once(run):
    run.uses(corpus())
    run.uses(corpus())
    assert [entry["name"] for entry in read_record(run)["data"]] == ["c"]


def test_what_was_left_out_of_a_corpus_is_shown(run):
    page = run.uses(corpus([Dropped("a", "no <audio>")]))
    assert "1 left out, the first: no &lt;audio&gt;" in page.body


def test_counts_are_added(run):
    run.count(clips_cut=2)
    run.count(empty_outputs=0)
    assert read_record(run)["dropped_counts"] == {"clips_cut": 2, "empty_outputs": 0}


def test_outputs_are_written(run):
    run.hypotheses([ROW])
    line = json.loads((run.folder / "hypotheses.jsonl").read_text())
    assert (line["run"], line["hypothesis"]) == ("77", "good evening")


def test_outputs_are_scored(run):
    assert "BLEU" in set(run.hypotheses([ROW])["metric"])


def test_a_figure_is_kept(run):
    run.figure("gains", FIGURE, "Gains")
    assert (run.folder / "figures" / "gains.png").read_bytes().startswith(b"\x89PNG")


def test_a_reference_figure_is_marked(run):
    run.figure("gains", FIGURE, "Gains", reference="gains")
    assert read_record(run)["figures"][0]["reference"] == "gains"


def test_other_figures_are_not_marked(run):
    run.figure("gains", FIGURE, "Gains")
    assert "reference" not in read_record(run)["figures"][0]


def test_a_page_is_kept(run):
    run.page("listen", "<p>clips</p>", "Clips")
    assert (run.folder / "pages" / "listen.html").read_text() == "<p>clips</p>"


def test_an_explorer_is_kept_as_a_page_of_its_own(run):
    for _ in range(2):  # a cell may be run again
        run.explore(side_by_side([ROW], "outputs", {}), "All <outputs>")
    page = (run.folder / "pages" / "outputs.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "<h1>All &lt;outputs&gt;</h1>" in page
    entry = {"name": "outputs", "caption": "All <outputs>", "standalone": True}
    assert read_record(run)["pages"] == [entry]


def test_a_headless_run_shows_an_explorer_without_a_kernel(run, monkeypatch):
    monkeypatch.setenv(HEADLESS, "1")
    explorer = side_by_side([ROW], "outputs", {})
    assert run.explore(explorer, "Outputs") is explorer


def test_tags_of_a_run_by_hand_are_kept_beside_the_runs(run, run_folder, monkeypatch):
    monkeypatch.delenv(HEADLESS, raising=False)
    save_tag(run_folder / "outputs" / "smoke" / "tags.csv", "outputs", "a request", "a tag", "")
    widget = run.explore(side_by_side([ROW], "outputs", {}), "Outputs")
    assert widget.data["saved"] == {"a request": {"tag": "a tag", "note": ""}}


def test_training_tables_are_joined_and_damaged_ones_left_out(run):
    tables = {"direct": "update,loss\n1,2.0\n", "asr": "update,loss\n1,3.0\n"}
    tables |= {"mt": "update,loss\n1,none\n", "cascade": '"', "fifth": "\0\xff,\n", "sixth": ""}
    for name, table in tables.items():
        (run.cache / name).mkdir(parents=True)
        (run.cache / name / "training.csv").write_text(table)
        run.on_system(name, run.cache / name)
    run.finish()
    table = pd.read_csv(run.folder / "training.csv")
    assert table[["system", "loss"]].values.tolist() == [["direct", 2.0], ["asr", 3.0]]


def test_a_system_lies_in_the_cache(run, tmp_path):
    with pytest.raises(ValueError, match="not in the cache"):
        run.on_system("direct", tmp_path)


def test_a_system_in_the_folder_of_a_run_goes_with_it(run):
    """The exercise of notebook 10 trains there what the cache has already."""
    run.on_system("direct", run.folder / "again" / "gmu-direct-est-eng-s1-0123")
    assert read_record(run)["systems"] == {}


def test_files_are_in_the_record_with_their_hashes(run):
    run.hypotheses([ROW])
    run.figure("gains", FIGURE, "Gains")
    run.page("listen", "<p>clips</p>", "Clips")
    run.finish()
    files = ["figures/gains.png", "hypotheses.jsonl", "pages/listen.html"]
    assert sorted(read_record(run)["files"]) == files
    assert damage("smoke") == []


def test_a_run_with_other_parameters_is_not_overwritten(run, run_folder):
    run.finish()
    before = (run.folder / "manifest.json").read_bytes()
    write_notebook(run_folder, parameters='scale = "smoke"\nfolder = ""\nseed = 2')
    with pytest.raises(BadParameter, match="run 77 with seed=2 .* which stays.* has seed=1"):
        record.start_run("77", scale="smoke")
    assert (run.folder / "manifest.json").read_bytes() == before


@pytest.mark.parametrize(("value", "by_hand"), [(None, True), ("1", False)])
def test_somebody_steps_through_the_cells(run, monkeypatch, value, by_hand):
    monkeypatch.delenv(HEADLESS, raising=False)
    if value:
        monkeypatch.setenv(HEADLESS, value)
    assert run.by_hand is by_hand


def test_progress_is_written_for_the_runner(run):
    run.progress("decoding", 1, 2)
    assert json.loads((run.folder / "progress.json").read_text())["line"] == "decoding 1/2"


def test_the_process_is_recorded(run):
    assert read_record(run)["process"] == os.getpid()
