"""Notebook 01 on a folder of recordings in which defects were planted."""

import json

import pytest

from lib.workbook.paths import ROOT
from tests.command_line import succeed
from tests.corpora.curation.planted import plant

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def defective(tmp_path_factory):
    """What was planted in a folder of recordings, and the run of notebook 01 on it."""
    folder = tmp_path_factory.mktemp("defective")
    planted = plant(folder / "own")
    # a path relative to where the command is given
    given = ["-p", "corpus=own", "-p", "folder=own/own.tsv", "-p", "licences=open"]
    environment = {"PYTHONPATH": str(ROOT)}
    words = ["run", "01", "--scale", "smoke", *given]
    succeed(*words, outputs=folder / "outputs", cwd=folder, env=environment)
    (run,) = (folder / "outputs" / "smoke" / "runs").iterdir()
    return planted, run, json.loads((run / "manifest.json").read_text())


@pytest.mark.parametrize(("claim", "verdict"), [("DATA-1", "held"), ("DATA-2", "failed")])
def test_claims_about_a_defective_corpus(defective, claim, verdict):
    verdicts = {row["claim"]: row["verdict"] for row in defective[2]["claims"]}
    assert verdicts[claim] == verdict


def test_clean_lines_of_a_defective_corpus_are_kept(defective):
    assert defective[2]["data"][0]["utterances"] == len(defective[0].clean)


def test_a_corpus_has_the_licence_of_its_lines(defective):
    assert defective[2]["data"][0]["licence"] == "CC-BY-4.0"


@pytest.mark.parametrize(
    "step",
    ["identifier", "licence", "file", "length", "duration", "text", "language", "overlap"],
)
def test_clips_that_a_step_dropped_can_be_heard(defective, step):
    browser = (defective[1] / "pages" / "outliers.html").read_text()
    assert f"<summary>{step}: dropped</summary>" in browser


def test_a_clip_that_cannot_be_heard_says_why(defective):
    browser = (defective[1] / "pages" / "outliers.html").read_text()
    assert "nothing.wav: no samples" in browser


def test_files_outside_the_folder_are_not_played(defective):
    assert "elsewhere" not in (defective[1] / "pages" / "outliers.html").read_text()


def test_figures_of_a_corpus(defective):
    names = {figure["name"] for figure in defective[2]["figures"]}
    assert names == {"funnel", "languages", "durations", "rates", "vocabulary", "speakers"}
