import json
import os
from dataclasses import replace

import matplotlib.pyplot as plt
import pandas as pd
import pytest
import torch

from lib.display.explorer import side_by_side
from lib.display.explorer.tags import save_tag
from lib.scales import THREADS
from lib.scoring.claims import SYSTEM
from lib.utterance import Corpus, Dropped
from lib.workbook import record
from lib.workbook.claim_rows import predicted_row
from lib.workbook.ledger import claims
from lib.workbook.manifest_reader import damage
from lib.workbook.notebooks import BadParameter
from lib.workbook.paths import HEADLESS
from lib.workbook.predictions import committed
from tests.workbook.cases import CLAIM, measured, use_claims, use_folder, write_notebook
from tests.workbook.test_hypotheses import ROW

FIGURE = plt.figure(figsize=(1, 1))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path, parameters='scale = "smoke"\nfolder = ""\nseed = 1')
    use_claims(monkeypatch, CLAIM)
    yield tmp_path
    for held in record._open.values():
        held.close()
    record._open.clear()


@pytest.fixture
def run():
    return record.start_run("77", scale="smoke", folder="", seed=1)


def manifest(run):
    return json.loads((run.folder / "manifest.json").read_text())


def test_a_run_begins_as_running(run):
    assert manifest(run)["exit"] == "running"


def test_a_finished_run_says_so(run):
    run.finish()
    assert manifest(run)["exit"] == "finished"


def test_peak_memory_is_recorded(run):
    run.finish()
    assert manifest(run)["peak_memory_mb"] > 10


def test_parameters_are_recorded(run):
    assert manifest(run)["parameters"] == {"scale": "smoke", "folder": "", "seed": 1}


@pytest.mark.parametrize("scale", ["smoke", "lab"])
def test_a_run_has_the_threads_of_its_scale(scale):
    before = torch.get_num_threads()
    run = record.start_run("77", scale=scale, folder="", seed=1)
    try:
        assert manifest(run)["device"]["threads"] == THREADS[scale]
    finally:
        torch.set_num_threads(before)


def test_the_corpus_on_disk_is_stamped(folder):
    (folder / "own.tsv").write_text("one")
    run = record.start_run("77", scale="smoke", folder=str(folder / "own.tsv"), seed=1)
    assert len(manifest(run)["corpus_stamp"]) == 12


def test_the_first_cell_may_be_run_again(run):
    record.start_run("77", scale="smoke", folder="", seed=1)


def test_the_last_cell_may_be_run_again(run):
    run.finish()
    run.finish()
    assert manifest(run)["exit"] == "finished"


def claim_row(run):
    """The only row of claims in a record on disk."""
    (row,) = manifest(run)["claims"]
    return row


def test_a_prediction_is_recorded(run):
    run.predict("GMU-2", source="est", target="eng")
    assert claim_row(run) == predicted_row(CLAIM, source="est", target="eng")


def test_a_prediction_is_shown_with_its_commit(run):
    assert committed("GMU-2")[0][:10] in run.predict("GMU-2").body


def test_a_prediction_may_be_repeated(run):
    run.predict("GMU-2")
    run.predict("GMU-2")
    assert len(manifest(run)["claims"]) == 1


def test_a_prediction_without_a_measurement_may_change(run, monkeypatch):
    run.predict("GMU-2")
    use_claims(monkeypatch, replace(CLAIM, predicted_low=0))
    run.predict("GMU-2")
    assert claim_row(run)["predicted_low"] == 0


def test_a_measurement_survives_the_same_prediction(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    run.predict("GMU-2")
    assert claim_row(run)["verdict"] == "held"


def test_a_measurement_is_judged(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    assert claim_row(run)["verdict"] == "held"


def test_a_verdict_is_shown(run):
    run.predict("GMU-2")
    assert "GMU-2: held" in run.judge("GMU-2", measured()).body


def test_an_unknown_claim_is_refused(run):
    with pytest.raises(KeyError, match="no system has a claim 'X-1'; the claims are GMU-2"):
        run.predict("X-1")


def test_what_was_not_predicted_is_not_judged(run):
    with pytest.raises(ValueError, match="GMU-2 was not predicted"):
        run.judge("GMU-2", measured())


def test_no_other_pair_after_the_measurement(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    with pytest.raises(ValueError, match="its prediction stands"):
        run.predict("GMU-2", source="que", target="spa")


def test_a_range_is_not_moved_after_the_measurement(run, monkeypatch):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    use_claims(monkeypatch, replace(CLAIM, predicted_low=0))
    with pytest.raises(ValueError, match="its prediction stands"):
        run.predict("GMU-2")


def test_a_range_is_not_moved_between_prediction_and_measurement(run, monkeypatch):
    run.predict("GMU-2")
    use_claims(monkeypatch, replace(CLAIM, predicted_low=0))
    with pytest.raises(ValueError, match="was changed after it was recorded"):
        run.judge("GMU-2", measured())


def test_a_second_number_is_refused(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    with pytest.raises(ValueError, match="judged already"):
        run.judge("GMU-2", measured(2.5))


def test_a_refused_number_leaves_the_record(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    before = claim_row(run)
    with pytest.raises(ValueError):
        run.judge("GMU-2", measured(2.5))
    assert claim_row(run) == before


def test_the_same_number_may_be_judged_again(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    run.judge("GMU-2", measured())
    assert claim_row(run)["measured"] == 2.0


@pytest.mark.parametrize(
    ("since", "registration"),
    [("", "before the run"), ("2026-01-01T00:00:00+00:00", "post hoc")],
    ids=["this run", "an earlier run"],
)
def test_a_prediction_is_held_against_the_first_run(run, since, registration):
    run.predict("GMU-2")
    run.manifest["started"] = "2026-01-03T00:00:00+00:00"
    run.manifest["claims"][0]["prediction_time"] = "2026-01-02T00:00:00+00:00"
    run.judge("GMU-2", measured(), since)
    assert claim_row(run)["registration"] == registration


def test_outputs_are_measured_and_judged(run, monkeypatch):
    use_claims(monkeypatch, replace(CLAIM, about=SYSTEM, predicted_high=100))
    reference = "good morning to all of you"
    right = replace(ROW, reference=reference, hypothesis=reference)
    wrong = replace(right, system="baseline", strategy="silence", hypothesis="nothing")
    run.predict("GMU-2")
    run.judge_outputs("GMU-2", [right, wrong])
    row = claim_row(run)
    assert (row["measured"], row["verdict"]) == (pytest.approx(100.0), "held")


def test_a_record_that_was_edited_on_disk_is_found(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    path = run.folder / "manifest.json"
    path.write_text(path.read_text().replace('"predicted_low": 1.0', '"predicted_low": 0.0'))
    assert claims("smoke").empty
    assert "was changed after it was written" in damage("smoke")[0]


def test_what_a_record_predicts_is_held_against_its_own_hash(run):
    """Who seals the record again, too."""
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    run.manifest["claims"][0]["predicted_low"] = 0.0
    run.count()
    assert claims("smoke")["problem"].str.startswith("edited").tolist() == [True]


def test_a_record_that_nobody_edited_has_no_problem(run):
    run.predict("GMU-2")
    run.judge("GMU-2", measured())
    assert claims("smoke")["problem"].tolist() == [""]


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
    assert [entry["name"] for entry in manifest(run)["data"]] == ["c"]


def test_what_was_left_out_of_a_corpus_is_shown(run):
    page = run.uses(corpus([Dropped("a", "no <audio>")]))
    assert "1 left out, the first: no &lt;audio&gt;" in page.body


def test_counts_are_added(run):
    run.count(clips_cut=2)
    run.count(empty_outputs=0)
    assert manifest(run)["dropped_counts"] == {"clips_cut": 2, "empty_outputs": 0}


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
    assert manifest(run)["figures"][0]["reference"] == "gains"


def test_other_figures_are_not_marked(run):
    run.figure("gains", FIGURE, "Gains")
    assert "reference" not in manifest(run)["figures"][0]


def test_a_page_is_kept(run):
    run.page("listen", "<p>clips</p>", "Clips")
    assert (run.folder / "pages" / "listen.html").read_text() == "<p>clips</p>"


def test_an_explorer_is_kept_as_a_page_of_its_own(run):
    for _ in range(2):  # a cell may be run again
        run.explore(side_by_side([ROW], "outputs", {}), "All <outputs>")
    page = (run.folder / "pages" / "outputs.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>") and "<h1>All &lt;outputs&gt;</h1>" in page
    entry = {"name": "outputs", "caption": "All <outputs>", "standalone": True}
    assert manifest(run)["pages"] == [entry]


def test_a_headless_run_shows_an_explorer_without_a_kernel(run, monkeypatch):
    monkeypatch.setenv(HEADLESS, "1")
    explorer = side_by_side([ROW], "outputs", {})
    assert run.explore(explorer, "Outputs") is explorer


def test_tags_of_a_run_by_hand_are_kept_beside_the_runs(run, folder, monkeypatch):
    monkeypatch.delenv(HEADLESS, raising=False)
    save_tag(folder / "outputs" / "smoke" / "tags.csv", "outputs", "a request", "a tag", "")
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


def test_files_are_in_the_record_with_their_hashes(run):
    run.hypotheses([ROW])
    run.figure("gains", FIGURE, "Gains")
    run.page("listen", "<p>clips</p>", "Clips")
    run.finish()
    files = ["figures/gains.png", "hypotheses.jsonl", "pages/listen.html"]
    assert sorted(manifest(run)["files"]) == files
    assert damage("smoke") == []


def test_a_run_with_other_parameters_is_not_overwritten(run, folder):
    run.finish()
    before = (run.folder / "manifest.json").read_bytes()
    write_notebook(folder, parameters='scale = "smoke"\nfolder = ""\nseed = 2')
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
    assert manifest(run)["process"] == os.getpid()
