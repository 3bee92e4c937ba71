import pytest

from lib.display.training_plots import development_curves, training_curves
from lib.training.fit import FitResult


def stage(name, scores):
    history = [
        {"update": update, "loss": 5.0 / update, "score": score}
        for update, score in enumerate(scores, start=1)
    ]
    return FitResult(
        stage=name, updates=len(scores), seconds=1.0, best=None, best_update=0, history=history
    )


@pytest.fixture
def stages():
    return [stage("ctc", [None, None]), stage("joint", [None, 3.0])]


def test_each_stage_has_its_losses(stages):
    assert list(training_curves(stages).axes[0].lines[0].get_ydata()) == [5.0, 2.5]


def test_stages_are_titled(stages):
    figure = training_curves(stages)
    assert [axes.get_title(loc="left") for axes in figure.axes[:2]] == ["ctc", "joint"]


def test_evaluated_stages_have_a_second_axis(stages):
    assert len(training_curves(stages).axes) == 3


def test_scores_are_drawn_where_they_were_measured(stages):
    assert list(training_curves(stages).axes[2].lines[0].get_xdata()) == [2]


def test_stages_without_updates_are_left_out(stages):
    assert len(training_curves([stage("empty", []), *stages]).axes) == 3


def test_no_stage_at_all_is_drawn():
    assert len(training_curves([]).axes) == 1


def test_development_curves_leave_out_what_was_not_evaluated(stages):
    curves = development_curves({"ctc": stages[0], "joint": stages[1]})
    assert [text.get_text() for text in curves.axes[0].get_legend().get_texts()] == ["joint"]
