import pandas as pd
import pytest

from lib.display.claim_plots import studies

PAPERS = {"2505.21781": "GMU", "2409.19510": "LLM-SRT"}


MEASURED = "BLEU of a above b, mean of x"


def row(claim, paper="2505.21781", seeds=3, verdict="held", measurement=MEASURED):
    return {
        "claim": claim,
        "paper": paper,
        "seeds": seeds,
        "verdict": verdict,
        "measurement": measurement,
        "predicted_low": 0.0,
        "predicted_high": 100.0,
        "measured": 5.0,
        "low": 2.0,
        "high": 8.0,
    }


@pytest.fixture
def frame():
    return pd.DataFrame(
        [
            row("GMU-1"),
            row("GMU-2", measurement="BLEU of asr above direct, mean of est→eng +1.0"),
            row("GMU-2", verdict="failed"),
            row("GMU-3", seeds=1, verdict="one seed"),
            row("GMU-4", measurement="WER of a above b"),
            row("GMU-5", measurement=None),
            row("SRT-1", paper="2409.19510", seeds=2),
            row("MINE", paper="this workbook"),
        ]
    )


def labels(figure):
    return [
        [label.get_text() for label in axes.get_yticklabels()] for axes in figure.axes
    ]


def test_differences_of_bleu_over_seeds_are_shown_once(frame):
    figure = studies(frame, PAPERS)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["GMU"]
    assert labels(figure) == [["a above b  (GMU-1)", "asr above direct  (GMU-2)"]]


def test_fewer_seeds_can_be_asked_for(frame):
    titles = [axes.get_title(loc="left") for axes in studies(frame, PAPERS, seeds=2).axes]
    assert titles == ["GMU", "LLM-SRT"]


def test_without_a_study_the_picture_says_so(frame):
    figure = studies(frame[frame["seeds"] == 1], PAPERS)
    assert figure.axes[0].get_title(loc="left") == "no study yet"
