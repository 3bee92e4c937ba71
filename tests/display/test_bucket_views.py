import pytest

from lib.display import bucket_views
from lib.display.plots import SPLIT_COLOURS
from lib.scoring.buckets import Bucket, gaps
from tests.display.outputs import estimate, output_rows


def bucket(strategy, name, value, n=24):
    known = estimate(value, half_width=2.0) if n >= 10 else None
    return Bucket(strategy=strategy, name=name, n=n, metric="BLEU", value=value, estimate=known)


PANELS = {
    "seconds": [
        bucket("direct", "1 to 2 s", 30.0),
        bucket("cascade", "1 to 2 s", 20.0),
        bucket("direct", "3 to 4 s", 40.0),
        bucket("cascade", "3 to 4 s", 10.0, n=4),
    ],
    "speaker": [bucket("direct", "a$b_{$", 30.0)],
}


@pytest.fixture(scope="module")
def chart():
    return bucket_views.bucket_chart(PANELS)


def test_a_panel_is_a_fact(chart):
    assert [axes.get_title(loc="left") for axes in chart.axes] == ["seconds", "speaker"]


def test_the_first_bucket_is_at_the_top(chart):
    axes = chart.axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1 to 2 s", "3 to 4 s"]
    assert axes.yaxis_inverted()


def test_strategies_are_side_by_side_in_their_colours(chart):
    points = [line for line in chart.axes[0].lines if len(line.get_xdata()) == 1]
    assert [(p.get_xdata()[0], p.get_color()) for p in points] == [
        (30.0, SPLIT_COLOURS[0]),
        (40.0, SPLIT_COLOURS[0]),
        (20.0, SPLIT_COLOURS[1]),
        (10.0, SPLIT_COLOURS[1]),
    ]
    assert len({p.get_ydata()[0] for p in points}) == 4


def test_a_score_without_interval_is_hollow(chart):
    points = [line for line in chart.axes[0].lines if len(line.get_xdata()) == 1]
    assert [p.get_markerfacecolor() == "white" for p in points] == [False, False, False, True]
    assert sum(len(line.get_xdata()) == 2 for line in chart.axes[0].lines) == 3


def test_the_caption_says_what_hollow_means(chart):
    assert "BLEU, 95 % interval; hollow: under 10" in chart._supxlabel.get_text()


def test_names_are_not_read_as_formulas(chart, tmp_path):
    chart.savefig(tmp_path / "chart.png")
    assert chart.axes[1].get_yticklabels()[0].get_text() == "a$b_{$"


def test_a_chart_without_buckets_is_drawn(tmp_path):
    bucket_views.bucket_chart({}).savefig(tmp_path / "chart.png")


def test_too_many_strategies_are_refused():
    many = {"seconds": [bucket(name, "1 s", 1.0) for name in "abcde"]}
    with pytest.raises(ValueError, match="5 strategies in one chart: a, b, c, d, e"):
        bucket_views.bucket_chart(many)


def test_the_gaps_are_shown_with_their_buckets():
    import pandas as pd

    rows = output_rows("direct", 0.3)
    names = ["a"] * 12 + ["b"] * 12
    frame = pd.DataFrame({"gender": names, "script": "Latn"}, index=[row.id for row in rows])
    body = bucket_views.gap_table(gaps(rows, frame)).body
    assert body.count("<tr>") == 3
    assert "<td>direct</td><td>script</td><td></td><td></td><td class='number'></td>" in body
