"""Pages and figures of notebook 62."""

import math
from dataclasses import replace

import pandas as pd
import pytest

from lib.systems.speed import grid, systems, views
from lib.systems.speed.measure import PARTS
from tests.systems.speed.conftest import SIZES


def test_the_published_ratio_is_of_unequal_batches():
    body = views.published_times().body
    assert "3.11" in body and "0.80" in body
    assert body.index("0.80") < body.index("3.11") < body.rindex("unequal")


def test_every_system_is_described(built):
    body = views.compared(built, SIZES).body
    assert all(name in body for name in built)


def test_published_sizes_are_counted_for_every_length():
    assert views.published_sizes().body.count("<tr>") == 1 + 4 * 3


def test_a_cpu_says_that_the_gpu_was_not_run():
    assert "not run" in views.conditions("cpu", SIZES).body


def test_speeds_of_every_length(timings, built):
    body = views.speeds(timings, SIZES, 2).body
    assert body.count("<table>") == 3 and body.count("<tr>") == 3 * (1 + len(built))


def test_steps(timings):
    assert views.steps(timings, SIZES, 2).body.count("[") == 5 * 3


def test_ratios_have_a_panel_for_each_cell(timings):
    figure = views.ratios(timings, SIZES)
    assert len(figure.axes) == 6
    assert all(len(axes.texts) == 7 for axes in figure.axes)


def test_bars_of_the_parts_end_where_the_time_does(timings):
    axes = views.split(timings, SIZES, 2).axes[0]
    ends = max(bar.get_x() + bar.get_width() for bar in axes.patches)
    longest = max(t.seconds for t in timings if (t.clip_seconds, t.batch) == (1.0, 2))
    assert len(axes.containers) == len(PARTS) and 0 < ends <= 1001 * longest


def test_shares_sum_to_one(timings):
    cell = (1.0, 1)
    own = [replace(t, system="one") for t in grid.of(timings, systems.WHISPER, cell)[:1]]
    shares = [views.share(own, "one", part, cell) for part in PARTS]
    assert math.isclose(sum(shares), 1)


def test_largest_batches_name_a_system_that_fits_not_at_all(timings):
    memory = grid.Memory(
        system=systems.WHISPER,
        clip_seconds=2.0,
        weights_mb=1.0,
        peaks_mb={1: 3.0, 2: 5.0},
        largest_batch=0,
    )
    body = views.largest_batches([memory], timings, []).body
    assert "2.00" in body and "nan" not in body


def test_every_generation_is_kept(timings, tmp_path):
    views.save_timings(timings, tmp_path / "timings.csv")
    kept = pd.read_csv(tmp_path / "timings.csv")
    assert len(kept) == len(timings)
    total = kept[[f"{part}_seconds" for part in PARTS]].sum(1)
    assert total[0] == pytest.approx(timings[0].seconds)


@pytest.mark.parametrize(
    "answer, found", [(None, "above"), (59 / 74, "Right"), (59 / 19, "Not quite")]
)
def test_the_exercise(answer, found):
    assert found in views.check_ratio(answer).body
