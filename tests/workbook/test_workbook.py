"""The whole workbook at `smoke`: every notebook in a process of its own, and what it leaves."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from urllib.parse import unquote

import nbformat
import pandas as pd
import pytest

from lib.scoring.claims import VERDICTS
from lib.scoring.outputs import OutputRow, score_table
from lib.systems import registry
from lib.systems.grid import ONE_SYSTEM
from lib.workbook.collect import BASELINE, SCORES
from lib.workbook.ledger import CLAIMS
from lib.workbook.paths import ROOT
from lib.workbook.plan import workbook_runs
from tests.command_line import succeed
from tests.workbook.recomputing import read_tables, without_interval, wrong_gains, wrong_verdicts

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
RUNS = [run.name for run in workbook_runs("smoke")]
# claims about unseen languages, ablations, long trainings, and pairs where MT is far above direct
# are for studies
NOT_JUDGED = {
    *("GMU-2", "GMU-2-FAIR", "GMU-2-CONVERGED", "GMU-6", "GMU-NLLB"),
    *("GMU-4", "GMU-4-CONTRAST", "GMU-4-FAIR", "GMU-4-TWICE", "GMU-4-CONVERGED"),
    *("SRT-1", "SRT-1-PARALLEL", "SRT-1-ASR", "SRT-1-SMT", "SRT-1-SRT"),
    *("SRT-1-LORA", "SRT-2", "SRT-4", "SRT-6"),
}
PROMISED = {
    *("parameters", "claims", "commit", "dirty", "data", "packages", "device", "seconds"),
    *("peak_memory_mb", "exit", "notebook_hash"),
}
# of a claim: what every measured one has
JUDGED = (
    *("claim", "paper", "statement", "predicted_low", "predicted_high", "about", "measure"),
    *("measured", "low", "high", "seeds", "verdict", "registration"),
    *("prediction_hash", "prediction_commit"),
)


@pytest.fixture(scope="module")
def whole(smoke_workbook):
    return smoke_workbook


@pytest.fixture(scope="module")
def outputs(whole):
    return whole[0]


def manifest_of(outputs, run):
    return json.loads((outputs / "smoke" / "runs" / run / "manifest.json").read_text())


@pytest.mark.parametrize("text", ["Scores", "Claims", "report.html"])
def test_it_ends_with_scores_claims_and_report(whole, text):
    assert text in whole[1]


def test_no_other_run_was_made(outputs):
    made = {path.name for path in (outputs / "smoke" / "runs").iterdir()}
    points = {name for name in made if name.startswith(f"{ONE_SYSTEM},")}
    assert made - points == set(RUNS)
    assert points  # of the lean grids of notebooks 50 to 53


def blanks(value, path=""):
    """The paths of empty values."""
    if isinstance(value, dict):
        entries = value.items()
    elif isinstance(value, list):
        entries = enumerate(value)
    else:
        return [path] if value in (None, "") else []
    return [found for key, entry in entries for found in blanks(entry, f"{path}/{key}")]


@pytest.mark.parametrize("run", RUNS)
class TestRun:
    def test_it_finished(self, outputs, run):
        assert manifest_of(outputs, run)["exit"] == "finished"

    def test_every_cell_was_run(self, outputs, run):
        path = outputs / "smoke" / "runs" / run / "notebook.ipynb"
        cells = nbformat.read(path, as_version=4).cells
        code = [cell for cell in cells if cell.cell_type == "code" and cell.source]
        assert all(cell.execution_count for cell in code)

    def test_the_executed_notebook_is_small(self, outputs, run):
        path = outputs / "smoke" / "runs" / run / "notebook.ipynb"
        assert path.stat().st_size < 5_000_000

    def test_the_record_holds_what_is_promised(self, outputs, run):
        assert manifest_of(outputs, run).keys() >= PROMISED

    def test_the_record_has_no_blank_fields(self, outputs, run):
        manifest = manifest_of(outputs, run)
        measured = [claim for claim in manifest["claims"] if claim["verdict"] != "not run"]
        manifest["claims"] = [{name: claim[name] for name in JUDGED} for claim in measured]
        del manifest["parameters"]
        assert blanks(manifest) == []

    def test_it_ran_with_one_thread(self, outputs, run):
        assert manifest_of(outputs, run)["device"]["threads"] == 1

    def test_scores_can_be_computed_again_from_its_hypotheses(self, outputs, run):
        path = outputs / "smoke" / "runs" / run / "hypotheses.jsonl"
        if not path.exists():
            pytest.skip("this notebook decodes nothing")
        with open(path, encoding="utf-8") as lines:  # outputs may hold other line ends
            rows = list(map(json.loads, lines))
        rows = [OutputRow(**{k: v for k, v in row.items() if k != "run"}) for row in rows]
        again = pd.DataFrame(score_table(rows))
        table = pd.read_csv(outputs / "smoke" / "scores.csv", dtype={"run": str})
        stored = table[table["run"] == run][list(again.columns)].reset_index(drop=True)
        pd.testing.assert_frame_equal(stored, again, check_dtype=False)


@pytest.mark.parametrize(("name", "columns"), [("scores", SCORES), ("claims", CLAIMS)])
def test_tables_have_the_promised_columns(outputs, name, columns):
    assert list(pd.read_csv(outputs / "smoke" / f"{name}.csv").columns) == columns


@pytest.fixture
def direct(outputs):
    """BLEU of direct fine-tuning and its baselines."""
    table = pd.read_csv(outputs / "smoke" / "scores.csv", dtype={"run": str})
    return table[(table["run"] == "10") & (table["metric"] == "BLEU")]


def test_a_system_stands_beside_its_baselines(direct):
    strategies = set(direct[direct["system"] == BASELINE]["strategy"])
    assert strategies == {
        *("constant", "shuffled_audio", "silence", "nearest_duration", "copied_transcript")
    }


def test_scores_lie_within_their_intervals(direct):
    inside = (direct["low"] <= direct["value"] + 1e-6) & (direct["value"] <= direct["high"] + 1e-6)
    assert inside.all()


def test_verdicts_are_as_promised(outputs):
    verdicts = set(pd.read_csv(outputs / "smoke" / "claims.csv")["verdict"])
    assert verdicts <= set(VERDICTS)


def test_all_but_some_claims_are_judged(outputs):
    claims = pd.read_csv(outputs / "smoke" / "claims.csv")
    predicted = claims[claims["run"].notna()]  # the others are no run's
    assert set(predicted[predicted["verdict"] == "not run"]["claim"]) <= NOT_JUDGED


def test_every_claim_is_in_the_table_with_a_number_or_a_reason(outputs):
    claims = pd.read_csv(outputs / "smoke" / "claims.csv")
    untested = {claim.id for claim in registry.untested_claims()}
    assert set(claims["claim"]) == {*registry.claims(), *untested}
    assert (claims["measured"].isna() == claims["reason"].notna()).all()


def test_numbers_have_intervals_and_verdicts_and_gains_follow_from_them(outputs):
    claims, scores = read_tables(outputs / "smoke")
    assert len(without_interval(scores, "value")) == 0
    assert len(without_interval(claims, "measured")) == 0
    assert wrong_verdicts(claims) == []
    assert wrong_gains(claims, scores) == []


@pytest.mark.parametrize("run", RUNS)
def test_predictions_were_sealed_before_each_run(outputs, run):
    lines = (outputs / "smoke" / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    manifest = manifest_of(outputs, run)
    assert manifest["sealed"]["lines"] == len(lines) == len(registry.claims())
    assert all(json.loads(line)["time"] <= manifest["started"] for line in lines)


def test_no_claim_has_a_problem(outputs):
    assert pd.read_csv(outputs / "smoke" / "claims.csv")["problem"].isna().all()


@pytest.fixture(scope="module")
def page(outputs):
    return (outputs / "smoke" / "report.html").read_text(encoding="utf-8")


def test_the_report_needs_no_network(page):
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#|runs/)""", page)


def test_the_report_links_to_pages_that_exist(outputs, page):
    linked = re.findall(r"href='(runs/[^']+)'", page)
    assert linked and all((outputs / "smoke" / unquote(path)).is_file() for path in linked)


@pytest.mark.parametrize("part", ["data:audio/ogg", "data:image/png", "synthetic"])
def test_the_report_has_sound_figures_and_a_note(page, part):
    assert part in page


def test_a_second_call_finds_everything_done(outputs):
    text = succeed("run", "--scale", "smoke", outputs=outputs)
    assert text.count(": done") == len(RUNS)


def test_status_lists_every_run(outputs):
    runs = list((outputs / "smoke" / "runs").iterdir())  # points of grids among them
    assert succeed("status", "--scale", "smoke", outputs=outputs).count("finished") == len(runs)


@pytest.fixture(scope="module")
def resumed(outputs, tmp_path_factory):
    """Records of a run that SIGKILL ended in its training: after that, and after the next call."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "cache").mkdir()
    for path in (outputs / "cache").iterdir():  # all but what this run is to train
        if not path.name.lstrip(".").startswith("gmu-"):
            (folder / "cache" / path.name).symlink_to(path)
    command = [sys.executable, "-m", "lib.workbook", "run", "10", "--scale", "smoke"]
    first = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"WORKBOOK_OUTPUTS": str(folder)},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while not list((folder / "cache").glob("gmu-direct-*/training.csv")):
        assert time.monotonic() < deadline, "no training in 120 s"
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    killed = manifest_of(folder, "10")
    succeed("run", "10", "--scale", "smoke", outputs=folder)
    return killed, manifest_of(folder, "10")


def test_a_killed_run_has_not_finished(resumed):
    assert resumed[0]["exit"] == "running"


def test_a_resumed_run_has_the_same_scores(resumed, outputs):
    assert resumed[1]["scores"] == manifest_of(outputs, "10")["scores"]


@pytest.fixture
def own(outputs, shared_data, tmp_path):
    """The record of notebook 10 on a few recordings of real speech."""
    (tmp_path / "cache").symlink_to(outputs / "cache")
    table = pd.read_csv(shared_data / "mboshi.tsv", sep="\t", quoting=3)
    counts = {"train": 8, "dev": 3, "test": 4}
    few = pd.concat([table[table["split"] == split].head(n) for split, n in counts.items()])
    few["audio"] = [f"data/{path}" for path in few["audio"]]
    (tmp_path / "data").symlink_to(shared_data)
    few.to_csv(tmp_path / "few.tsv", sep="\t", index=False, quoting=3)
    given = {"corpus": "own", "folder": tmp_path / "few.tsv", "source": "mdw", "target": "fra"}
    options = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
    succeed("run", "10", "--scale", "smoke", *options, outputs=tmp_path)
    (path,) = (tmp_path / "smoke" / "runs").glob("*/manifest.json")
    return json.loads(path.read_text())


def test_own_recordings_end_to_end(own):
    facts = (own["data"][0]["synthetic"], {(row["source"], row["target"]) for row in own["scores"]})
    assert facts == (False, {("mdw", "fra")})
