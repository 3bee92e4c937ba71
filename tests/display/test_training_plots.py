import pandas as pd
import pytest

from lib.display.plots import GREY
from lib.display.training_plots import development_curves, learning_curves, training_curves
from lib.training.finished import FitResult


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


def training(system, scores, source="est", seed=1):
    """A row per update, of which every second is evaluated."""
    rows = []
    for score in scores:
        rows += [{"score": None}, {"score": score}]
    facts = {"system": system, "source": source, "target": "eng", "seed": seed}
    return [facts | row | {"update": update} for update, row in enumerate(rows, start=1)]


@pytest.fixture
def panels():
    """Direct training with two seeds, ASR training of six updates, and what starts from it."""
    rows = training("direct", [10.0, 20.0]) + training("direct", [20.0, 30.0], seed=2)
    rows += training("asr", [40.0, 50.0, 60.0]) + training("asr_init", [30.0, 40.0])
    rows += training("direct", [5.0], source="gle")
    starts = {"asr_init": "asr"}
    trainings = pd.DataFrame(rows)
    return learning_curves(trainings, ["direct", "asr_init"], starts).axes


def labelled(axes):
    """The means over seeds: x and y values by system."""
    return {
        line.get_label(): (list(line.get_xdata()), list(line.get_ydata()))
        for line in axes.lines
        if not line.get_label().startswith("_")
    }


def test_each_direction_has_a_panel(panels):
    assert [axes.get_title(loc="left") for axes in panels] == ["est→eng", "gle→eng"]


def test_panels_of_directions_share_the_score_axis(panels):
    assert panels[0].get_ylim() == panels[1].get_ylim()


def test_means_over_seeds_are_drawn_where_they_were_evaluated(panels):
    assert labelled(panels[0])["direct"] == ([2, 4], [15.0, 25.0])


def test_a_panel_has_the_scores_of_its_direction_only(panels):
    assert labelled(panels[1])["direct"] == ([2], [5.0])


def test_updates_of_the_start_come_first(panels):
    assert labelled(panels[0])["asr_init"] == ([8, 10], [30.0, 40.0])


def test_the_end_of_the_start_is_marked(panels):
    marks = [line for line in panels[0].lines if line.get_linestyle() == "--"]
    assert [(mark.get_color(), mark.get_xdata()[0]) for mark in marks] == [(GREY, 6)]


def test_each_seed_is_a_thin_line(panels):
    thin = [line for line in panels[0].lines if line.get_alpha() == 0.5]
    scores = [list(line.get_ydata()) for line in thin]
    assert scores == [[10.0, 20.0], [20.0, 30.0], [30.0, 40.0]]


def test_systems_that_are_not_asked_for_are_not_drawn(panels):
    assert set(labelled(panels[0])) == {"direct", "asr_init"}


def test_the_systems_stand_beside_the_last_panel(panels):
    legends = [axes.get_legend() for axes in panels]
    assert legends[0] is None
    assert [text.get_text() for text in legends[1].get_texts()] == ["direct", "asr_init"]
