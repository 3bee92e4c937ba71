import pandas as pd
import pytest

from lib.display.plots import ACCENT, GREY
from lib.display.score_plots import difference_panels, score_chart, score_panels
from tests.display.outputs import estimate, score_row


def labels(axes):
    """From top to bottom."""
    return [text.get_text() for text in axes.get_yticklabels()][::-1]


def test_a_label_is_the_strategy_where_nothing_else_differs():
    scores = pd.DataFrame([score_row("direct", 9.0), score_row("silence", 1.0, system="baseline")])
    assert labels(score_chart(scores, "BLEU").axes[0]) == ["direct", "silence"]


def test_labels_name_tasks_and_directions_that_differ():
    scores = pd.DataFrame([score_row("direct", 9.0), score_row("mt", 1.0, task="MT", source="fra")])
    assert labels(score_chart(scores, "BLEU").axes[0]) == [
        "direct  ST  est→eng",
        "mt  MT  fra→eng",
    ]


def test_labels_name_systems_that_differ():
    scores = pd.DataFrame([score_row("direct", 9.0), score_row("aligned", 1.0, system="it_ist")])
    assert labels(score_chart(scores, "BLEU").axes[0]) == ["gmu  direct", "it_ist  aligned"]


def test_other_metrics_are_left_out():
    scores = pd.DataFrame([score_row("direct", 9.0), score_row("direct", 40.0, metric="chrF++")])
    assert [text.get_text() for text in score_chart(scores, "BLEU").axes[0].texts] == ["9.0"]


def test_baselines_are_grey():
    scores = pd.DataFrame([score_row("direct", 9.0), score_row("silence", 1.0, system="baseline")])
    axes = score_chart(scores, "BLEU").axes[0]
    assert [line.get_color() for line in axes.lines] == [GREY, GREY, ACCENT, ACCENT]


@pytest.mark.parametrize("draw", [score_chart, score_panels])
def test_a_chart_without_scores_is_drawn(draw):
    assert labels(draw(pd.DataFrame(), "BLEU").axes[0]) == []


@pytest.fixture
def panels():
    scores = pd.DataFrame(
        [
            score_row("direct", 4.0, source="mlt"),
            score_row("direct", 5.0),
            score_row("asr_init", 9.0, run="13"),
            score_row("direct", 1.0, run="10,corpus=own,seed=2"),
        ]
    )
    return score_panels(scores, "BLEU").axes


def test_a_panel_is_a_direction_and_a_corpus(panels):
    titles = [axes.get_title(loc="left") for axes in panels]
    assert titles == ["est→eng", "est→eng own", "mlt→eng", ""]  # the fourth cell stays empty


def test_the_best_system_of_a_panel_is_at_the_top(panels):
    assert labels(panels[0]) == ["13  asr_init", "10  direct"]


def test_panels_share_the_score_axis(panels):
    assert len({axes.get_xlim() for axes in panels[:3]}) == 1


@pytest.fixture
def differences():
    return difference_panels(
        {
            "est→eng": {"three": estimate(0.8, 1.0, 1.2, half_width=0.5)},
            "que→spa": {"one": estimate(5.0, half_width=1.0)},
        },
        "BLEU above direct",
    )


def test_panels_of_differences_share_their_names(differences):
    assert labels(differences.axes[0]) == ["three", "one"]


def test_each_seed_is_a_tick(differences):
    _, _, seeds, _ = differences.axes[0].lines
    assert list(seeds.get_xdata()) == [0.8, 1.0, 1.2]


def test_an_interval_over_seeds_without_zero_is_coloured(differences):
    _, interval, _, _ = differences.axes[0].lines
    assert interval.get_color() == ACCENT


def test_an_interval_of_one_seed_is_dashed(differences):
    _, interval, _, _ = differences.axes[1].lines
    assert interval.get_linestyle() == "--"


def test_an_interval_of_one_seed_is_grey(differences):
    _, interval, _, _ = differences.axes[1].lines
    assert interval.get_color() == GREY


def test_a_mean_of_one_seed_is_hollow(differences):
    _, _, _, mean = differences.axes[1].lines
    assert mean.get_markerfacecolor() == "white"


def test_the_caption_explains_dashed_intervals(differences):
    assert "dashed: single seed, no seed variance" in differences._supxlabel.get_text()


def test_a_chart_without_differences_is_drawn():
    (axes,) = difference_panels({}, "BLEU above direct").axes
    assert axes.get_title(loc="left") == "no results yet"
