"""The whole workbook at `smoke`, for real: processes, kernels, papermill, signals."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import pandas as pd
import pytest

from lib.corpora.sources import SOURCES
from lib.scoring.outputs import OutputRow, score_table
from lib.workbook import notebooks, runner
from lib.workbook.collect import CLAIMS, SCORES
from lib.workbook.paths import ROOT
from tests.corpora.curation.planted import plant


def workbook(*words, outputs, **popen):
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(outputs), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(
        [sys.executable, "-m", "lib.workbook", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **popen,
    )


RUNS = {"00", "01", "03", "10", "11", "12", "13", "14", "15", "16", "90", "10,source=que,target=spa", "13,source=que,target=spa"}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    """Everything that `make workbook SCALE=smoke` makes."""
    folder = tmp_path_factory.mktemp("outputs")
    done = workbook("run", "--scale", "smoke", outputs=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Scores" in done.stdout and "Claims" in done.stdout and "report.html" in done.stdout
    return folder


@pytest.mark.timeout(900)
def test_every_notebook_ran_to_its_end(outputs):
    runs = outputs / "smoke" / "runs"
    assert {p.name for p in runs.iterdir()} == RUNS
    for run in runs.iterdir():
        assert json.loads((run / "manifest.json").read_text())["exit"] == "finished"
        executed = nbformat.read(run / "notebook.ipynb", as_version=4)
        assert all(cell.execution_count for cell in executed.cells if cell.cell_type == "code" and cell.source)
        assert (run / "notebook.ipynb").stat().st_size < 5_000_000


def blanks(value, path=""):
    if isinstance(value, dict):
        return [found for key, entry in value.items() for found in blanks(entry, f"{path}/{key}")]
    if isinstance(value, list):
        return [found for index, entry in enumerate(value) for found in blanks(entry, f"{path}/{index}")]
    return [path] if value in (None, "") else []


def test_record_has_no_blank_fields(outputs):
    for path in (outputs / "smoke" / "runs").glob("*/manifest.json"):
        manifest = json.loads(path.read_text())
        manifest["claims"] = [claim for claim in manifest["claims"] if claim["verdict"] != "not run"]  # which have no measurement
        assert [b for b in blanks(manifest) if not b.startswith("/parameters/")] == []
        promised = "parameters claims commit dirty data packages device seconds peak_memory_mb exit notebook_hash".split()
        assert set(promised) <= manifest.keys() and manifest["seconds"] > 0 and manifest["packages"]["torch"]


def test_tables_have_the_promised_columns(outputs):
    scores, claims = (pd.read_csv(outputs / "smoke" / name) for name in ("scores.csv", "claims.csv"))
    assert list(scores.columns) == SCORES and list(claims.columns) == CLAIMS
    for run in ("10", "10,source=que,target=spa"):
        part = scores[(scores["run"] == run) & (scores["metric"] == "BLEU")]
        assert set(part["strategy"]) == {"direct", "constant", "shuffled_audio", "silence"}
        assert (part["low"] <= part["value"] + 1e-6).all() and (part["value"] <= part["high"] + 1e-6).all()
    assert set(claims["verdict"]) <= {"held", "failed", "inconclusive", "not run"}
    # multi-task's claims are about pairs that are read far better than heard, which an untrained model does not do
    assert set(claims[claims["verdict"] == "not run"]["claim"]) <= {"GMU-4", "GMU-4-FAIR"}


def test_scores_can_be_computed_again_from_hypotheses_alone(outputs):
    table = pd.read_csv(outputs / "smoke" / "scores.csv")
    for path in (outputs / "smoke" / "runs").glob("*/hypotheses.jsonl"):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        run = rows[0]["run"]
        again = pd.DataFrame(score_table(OutputRow(**{k: v for k, v in row.items() if k != "run"}) for row in rows))
        stored = table[table["run"] == run][list(again.columns)].reset_index(drop=True)
        pd.testing.assert_frame_equal(stored, again, check_dtype=False)


def test_report_opens_without_a_network_and_is_honest(outputs):
    page = (outputs / "smoke" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", page) and "<script" not in page
    assert "data:audio/ogg" in page and "data:image/png" in page and "synthetic" in page


def test_a_second_call_finds_everything_done(outputs):
    started = time.monotonic()
    done = workbook("run", "--scale", "smoke", outputs=outputs)
    assert done.returncode == 0 and time.monotonic() - started < 30
    assert done.stdout.count(": done") == len(RUNS) and "Scores" in done.stdout
    assert workbook("status", "--scale", "smoke", outputs=outputs).stdout.count("finished") == len(RUNS)


@pytest.mark.parametrize(
    "words, why",
    [
        (["run", "10", "-p", "sorce=est"], "did you mean 'source'"),
        (["run", "10", "-p", "seed=one"], "must be int"),
        (["run", "10", "-p", "source"], "not NAME=VALUE"),
        (["run", "77"], "there is no notebook '77'"),
        (["run", "10", "--scale", "huge"], "the scales are smoke, tiny, lab, full"),
        (["run", "-p", "seed=2"], "needs the number of a notebook"),
    ],
)
def test_mistakes_are_said_before_anything_runs(tmp_path, words, why):
    done = workbook(*words, outputs=tmp_path)
    assert done.returncode == 2 and why in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "tiny").exists()


@pytest.mark.timeout(300)
def test_killed_with_sigkill_and_called_again_gives_the_same_scores(outputs, tmp_path):
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(tmp_path)}
    (tmp_path / "cache").mkdir()
    for made in (outputs / "cache").iterdir():  # all but what this run is to train
        if not made.name.lstrip(".").startswith("gmu-"):
            (tmp_path / "cache" / made.name).symlink_to(made)
    words = [sys.executable, "-m", "lib.workbook", "run", "10", "--scale", "smoke"]
    first = subprocess.Popen(words, cwd=ROOT, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    folder = tmp_path / "smoke" / "runs" / "10"
    until = time.monotonic() + 120
    while not list((tmp_path / "cache").glob("gmu-direct-*/training.csv")) and time.monotonic() < until:
        time.sleep(0.02)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert json.loads((folder / "manifest.json").read_text())["exit"] == "running"
    done = workbook("run", "10", "--scale", "smoke", outputs=tmp_path)
    assert done.returncode == 0, done.stdout
    undisturbed = json.loads((outputs / "smoke" / "runs" / "10" / "manifest.json").read_text())["scores"]
    assert json.loads((folder / "manifest.json").read_text())["scores"] == undisturbed


def failing(tmp_path, monkeypatch, source):
    """Run a notebook with one cell through the real runner; returns exit code and what was printed."""
    cell = nbformat.v4.new_code_cell('scale = "smoke"')
    cell.metadata["tags"] = ["parameters"]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Fails"), cell, nbformat.v4.new_code_cell(source)])
    nbformat.write(book, tmp_path / "77_fails.ipynb")
    monkeypatch.setattr(notebooks, "NOTEBOOKS", tmp_path)
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path / "out"))
    with open(tmp_path / "said.txt", "w", encoding="utf-8") as out:
        code = runner.run_all([runner.job("77", {"scale": "smoke"})], out=out)
    return code, (tmp_path / "said.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "source, why",
    [
        ("raise ValueError('no such thing')", r"cell 3 .*ValueError: no such thing"),
        ("import os; os.kill(os.getpid(), 9)", r"cell 3 .*the kernel died"),
        ("1 + 1", r"without run.finish\(\)"),
    ],
    ids=["error", "dead kernel", "no finish"],
)
def test_a_failed_notebook_makes_the_exit_code_non_zero_and_names_the_cell(tmp_path, monkeypatch, source, why):
    code, said = failing(tmp_path, monkeypatch, source)
    assert code == 1 and re.search(why, said)


def test_the_watchdog_stops_what_hangs(tmp_path, monkeypatch):
    monkeypatch.setitem(runner.WATCHDOG, "smoke", 40)  # a kernel may take half of that to start on a busy machine
    started = time.monotonic()
    code, said = failing(tmp_path, monkeypatch, "import time; time.sleep(600)")
    assert code == 1 and "stopped by the watchdog after 40 s in cell 3" in said and time.monotonic() - started < 110


def test_recordings_of_ones_own_end_to_end(outputs, shared_data, tmp_path):
    (tmp_path / "cache").symlink_to(outputs / "cache")
    table = pd.read_csv(shared_data / "mboshi.tsv", sep="\t", quoting=3)
    few = pd.concat([table[table["split"] == split].head(count) for split, count in (("train", 8), ("dev", 3), ("test", 4))])
    few["audio"] = [f"data/{path}" for path in few["audio"]]
    (tmp_path / "data").symlink_to(shared_data)
    few.to_csv(tmp_path / "few.tsv", sep="\t", index=False, quoting=3)
    words = [
        "run",
        "10",
        "--scale",
        "smoke",
        "-p",
        "corpus=own",
        "-p",
        f"folder={tmp_path / 'few.tsv'}",
        "-p",
        "source=mdw",
        "-p",
        "target=fra",
    ]
    done = workbook(*words, outputs=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (manifest,) = [json.loads(path.read_text()) for path in (tmp_path / "smoke" / "runs").glob("*/manifest.json")]
    assert manifest["data"][0]["synthetic"] is False and manifest["losses"]["lines_left_out_of_the_corpus"] == 0
    assert {(row["source"], row["target"]) for row in manifest["scores"]} == {("mdw", "fra")}


@pytest.mark.slow
def test_a_folder_of_ones_own_with_planted_defects_through_notebook_01(tmp_path):
    planted = plant(tmp_path / "own")
    words = ["run", "01", "--scale", "smoke", "-p", "corpus=own", "-p", "folder=own/own.tsv", "-p", "licences=open"]
    environment = {"WORKBOOK_OUTPUTS": str(tmp_path / "outputs"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "lib.workbook", *words]  # a path as the user sees it from where they are
    done = subprocess.run(command, cwd=tmp_path, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = (tmp_path / "outputs" / "smoke" / "runs").iterdir()
    manifest = json.loads((run / "manifest.json").read_text())
    verdicts = {claim["claim"]: (claim["measured"], claim["verdict"]) for claim in manifest["claims"]}
    assert verdicts["DATA-1"] == (0, "held") and verdicts["DATA-2"][0] > 10 and verdicts["DATA-2"][1] == "failed"
    assert manifest["data"][0]["utterances"] == len(planted.clean) and manifest["data"][0]["licence"] == "CC-BY-4.0"
    browser = (run / "pages" / "outliers.html").read_text()
    steps = ("identifier", "licence", "file", "length", "duration", "text", "language", "overlap")
    assert all(f"<summary>{step}: dropped</summary>" in browser for step in steps) and "data:audio/ogg;base64," in browser
    assert "nothing.wav: it holds no samples" in browser  # what cannot be heard says why
    assert "elsewhere" not in browser  # what lies outside the folder is not played
    assert {"funnel", "languages", "durations", "rates", "vocabulary", "speakers"} == {f["name"] for f in manifest["figures"]}


def test_corpora_are_listed_and_one_says_how_it_is_obtained():
    done = workbook("corpora", outputs="unused")
    assert done.returncode == 0 and all(name in done.stdout for name in SOURCES)
    done = workbook("corpora", "must_c", outputs="unused")
    assert done.returncode == 0 and "is not downloaded for you" in done.stdout and "tst-COMMON" in done.stdout
    done = workbook("corpora", "mustc", outputs="unused")
    assert done.returncode == 2 and "there is no data card" in done.stderr and len(done.stderr.splitlines()) == 1
