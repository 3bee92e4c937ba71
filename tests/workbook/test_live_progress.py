import json

import pytest

from lib.progress import TrainingProgress
from lib.workbook import live_progress
from lib.workbook.live_progress import LiveProgress, training_line


def training(update, **changes):
    given = {
        "stage": "st",
        "update": update,
        "updates": 100,
        "loss": 2.345,
        "best_score": None,
        "seconds_left": 75.0,
    }
    return TrainingProgress(**given | changes)


def line(folder):
    return json.loads((folder / "progress.json").read_text())["line"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "st 7/100, loss 2.35, 1 min 15 s left"),
        ({"seconds_left": 59.0}, "st 7/100, loss 2.35, 59 s left"),
        ({"best_score": 12.34}, "st 7/100, loss 2.35, best score 12.3, 1 min 15 s left"),
    ],
)
def test_training_in_a_line(changes, expected):
    assert training_line(training(7, **changes)) == expected


def test_training_is_written_for_the_runner(tmp_path):
    LiveProgress(tmp_path).training(training(1))
    assert line(tmp_path).startswith("st 1/100")


def test_other_work_is_written_for_the_runner(tmp_path):
    LiveProgress(tmp_path).other("decoding", 3, 10)
    assert line(tmp_path) == "decoding 3/10"


def test_updates_that_follow_quickly_are_not_written(tmp_path):
    progress = LiveProgress(tmp_path)
    progress.training(training(1))
    progress.training(training(2))
    assert line(tmp_path).startswith("st 1/100")


def test_the_last_update_is_always_written(tmp_path):
    progress = LiveProgress(tmp_path)
    progress.training(training(1))
    progress.training(training(100))
    assert line(tmp_path).startswith("st 100/100")


class Handle:
    def __init__(self, shown, page):
        self.shown = shown
        shown.append([page.body])

    def update(self, page):
        self.shown[-1].append(page.body)


@pytest.fixture
def shown(monkeypatch):
    """What a notebook displays: a list of versions for each display."""
    displays = []
    monkeypatch.setattr(live_progress, "_display", lambda page: Handle(displays, page))
    monkeypatch.setattr(live_progress, "SECONDS_BETWEEN_LINES", 0.0)
    return displays


def test_a_curve_is_replaced(tmp_path, shown):
    progress = LiveProgress(tmp_path)
    for update in (1, 2, 3):
        progress.training(training(update))
    assert [len(versions) for versions in shown] == [3]


def test_each_stage_has_a_curve(tmp_path, shown):
    progress = LiveProgress(tmp_path)
    for stage in ("asr", "st"):
        progress.training(training(1, stage=stage))
    assert len(shown) == 2


def test_work_after_training_leaves_the_curve(tmp_path, shown):
    progress = LiveProgress(tmp_path)
    progress.training(training(1))
    progress.other("decoding", 1, 2)
    assert ["<svg" in versions[-1] for versions in shown] == [True, False]


def test_outside_a_notebook_nothing_is_displayed(tmp_path, capsys):
    LiveProgress(tmp_path).other("decoding", 1, 2)
    assert capsys.readouterr().out == ""
