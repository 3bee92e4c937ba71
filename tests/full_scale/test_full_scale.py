"""The full scale from end to end: small corpora and checkpoints in the published layouts."""

import csv
import os
import subprocess
import sys

import pytest

from tests.full_scale.checkpoints import write_hub
from tests.full_scale.corpora import write_corpora

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]  # it trains
# direct fine-tuning of two pairs, instruction tuning, zero-resource. The curriculum (30) is left
# out: its Q-Former has the published size at `full`, which takes a CPU two minutes
NOTEBOOKS = {"10": "gmu", "21": "it_ist", "40": "zero_resource"}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Each system tried at `full`: the exit code, what was printed, and the outputs."""
    folder = tmp_path_factory.mktemp("full")
    write_corpora(folder / "corpora", folder / "phrasebook")
    write_hub(folder / "hub", folder / "made")
    environment = os.environ | {
        "WORKBOOK_OUTPUTS": str(folder / "outputs"),
        "HF_HUB_CACHE": str(folder / "hub"),
        "HF_HUB_OFFLINE": "1",
    }
    command = [sys.executable, "-m", "lib.workbook", "run", "--study", "full", "--scale", "full"]
    command += ["--trial", "1", "--jobs", "1", "-p", f"corpora={folder / 'corpora'}"]
    command += ["-p", f"notebooks={' '.join(NOTEBOOKS)}", "-p", "languages=eng deu fra cat nld"]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=800, check=False
    )
    return done.returncode, done.stdout + done.stderr, folder / "outputs" / "trial" / "full"


def test_every_system_is_trained_decoded_and_scored(run):
    code, printed, outputs = run
    assert code == 0, printed
    with open(outputs / "scores.csv", encoding="utf-8", newline="") as file:
        scores = list(csv.DictReader(file))
    own = {(row["notebook"], row["system"]) for row in scores}
    assert own >= set(NOTEBOOKS.items())
    assert {row["source"] for row in scores if row["notebook"] == "10"} == {"bem", "est"}
    assert {row["task"] for row in scores if row["notebook"] == "21"} >= {"ASR", "ST", "SQA"}
    assert (outputs / "report.html").exists()


def test_corpora_that_are_not_there_are_named(run):
    _, printed, _ = run
    assert printed.count("skipped: there is no ") == 7  # of GMU's nine pairs
    assert "python -m lib.workbook corpora iwslt_que_spa" in printed


def test_trainings_were_of_a_few_updates(run):
    *_, outputs = run
    trainings = list(outputs.parent.glob("cache/*/training.csv"))
    assert len(trainings) >= 6
    assert all(len(path.read_text().splitlines()) == 1 + 1 for path in trainings)
