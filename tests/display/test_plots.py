import pytest
from matplotlib.text import Text

from lib.display.html import picture
from lib.display.plots import bars, funnel, grouped_bars, heatmap, histogram, lines


def heights(figure):
    return [patch.get_height() for patch in figure.axes[0].patches]


def legend(figure):
    (legend,) = figure.legends or [figure.axes[0].get_legend()]
    return [text.get_text() for text in legend.get_texts()]


def test_the_first_bar_is_at_the_top():
    axes = bars({"a": 2.0, "b": 1.0}, "minutes").axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b", "a"]


@pytest.mark.parametrize("name", ["$\\frac{$", "50 $ or 60 $", "$x_1$"])
def test_a_name_that_looks_like_a_formula_is_drawn_as_it_is(name):
    figure = grouped_bars({name: {name: 1.0}}, {name: "red"}, name, name)
    assert picture(figure, name).png
    assert not any(text.get_parse_math() for text in figure.findobj(Text))


def test_bars_have_their_values():
    axes = bars({"a": 2.0, "b": 1.0}, "minutes").axes[0]
    assert [patch.get_width() for patch in axes.patches] == [1.0, 2.0]


def test_a_missing_series_of_a_group_is_zero():
    groups = {"a": {"x": 1.0, "y": 2.0}, "b": {"x": 3.0}}
    assert heights(grouped_bars(groups, {"x": "red", "y": "blue"}, "", "")) == [1.0, 3.0, 2.0, 0.0]


def test_grouped_bars_carry_their_values():
    axes = grouped_bars({"a": {"x": 41.6}}, {"x": "red"}, "", "").axes[0]
    assert [text.get_text() for text in axes.texts] == ["42"]


def test_a_histogram_counts_every_value():
    (line,) = histogram({"English": [1.0, 1.0, 2.0]}, "seconds").axes[0].patches
    assert line.get_xy()[:, 1].max() == 2


@pytest.mark.parametrize("draw", [histogram, lines])
def test_an_empty_chart_has_no_legend(draw):
    labels = ("seconds",) if draw is histogram else ("x", "y")
    assert draw({}, *labels).axes[0].get_legend() is None


def test_lines_start_at_zero():
    assert lines({"a": ([1, 2], [5, 6])}, "x", "y").axes[0].get_ylim()[0] == 0


def test_lines_are_named():
    assert legend(lines({"a": ([1, 2], [5, 6])}, "x", "y")) == ["a"]


def test_a_heatmap_has_a_value_in_each_cell_that_has_one():
    axes = heatmap({("est", "eng"): 1.5, ("eng", "eng"): 2.0}, "text", "speech").axes[0]
    assert {text.get_text() for text in axes.texts} == {"1.5", "2"}


def test_a_heatmap_has_rows_and_columns_in_order():
    axes = heatmap({("est", "eng"): 1.5, ("eng", "est"): 2.0}, "text", "speech").axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["eng", "est"]


def test_a_heatmap_without_values_is_drawn():
    assert len(heatmap({}, "text", "speech").axes) == 1


STEPS = {"listed": {"train": 5, "test": 2}, "sound": {"train": 3, "test": 2}}


def test_a_funnel_names_what_each_step_removed():
    assert [text.get_text() for text in funnel(STEPS).axes[0].texts] == ["5  (−2)", "7"]


def test_a_funnel_has_a_colour_per_split():
    assert legend(funnel(STEPS)) == ["train", "test"]


def test_an_empty_funnel_is_drawn():
    assert len(funnel({}).axes) == 1
