from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.data.sound_conditions import all_conditions
from lib.display.dependence_views import condition_clips, dependence, quality_curves
from lib.scoring.dependence import CLEAN, condition_scores
from tests.display.outputs import MARKUP, is_escaped, output_rows


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """Outputs that get worse from condition to condition, and the last of them hold markup."""
    path = tmp_path_factory.mktemp("sound") / "clip.wav"
    soundfile.write(path, 0.1 * np.sin(np.arange(8000) / 5), 16_000)
    found = []
    for number, name in enumerate([CLEAN, *(c.name for c in all_conditions("tiny"))]):
        own = output_rows("direct", number / 30, audio=str(path))
        found += [replace(row, subset=name) for row in own]
    return [replace(r, hypothesis=MARKUP) if r.subset == "silence" else r for r in found]


@pytest.fixture(scope="module")
def scores(rows):
    return condition_scores(rows)


def test_the_table_says_what_is_wanted_and_what_is_written_without_speech(scores):
    html = dependence(scores).body
    assert html.count("<td>high</td>") == 4
    assert html.count("<td>low</td>") == 2
    assert "24× &lt;script" in html
    assert is_escaped(html)


def test_what_is_left_out_is_visible(scores):
    html = dependence(scores, {"accent": f"not available {MARKUP}"}).body
    assert "accent: not available" in html
    assert is_escaped(html)


def test_each_panel_has_a_line_for_each_system(rows, scores):
    other = condition_scores([replace(row, strategy="cascade") for row in rows])
    figure = quality_curves([*scores, *other])
    points = [
        [len(line.get_xdata()) for line in axes.lines if line.get_marker() != "None"]
        for axes in figure.axes
    ]
    assert points == [[7, 7], [5, 5], [5, 5], [6, 6]]  # the levels and the clean sound


def test_lines_begin_at_the_clean_score_and_go_from_easy_to_hard(scores):
    by_name = {score.condition: score.quality.value for score in scores}
    noise, _, _, speed = (axes.lines[0] for axes in quality_curves(scores).axes)
    expected = [by_name[CLEAN], by_name["SNR 30 dB"], by_name["SNR 20 dB"]]
    assert list(noise.get_ydata()[:3]) == expected
    assert dict(zip(speed.get_xdata(), speed.get_ydata(), strict=True))[1.0] == by_name[CLEAN]


def test_a_line_that_guesses_is_drawn_for_each_system(scores):
    luck = next(s.quality.value for s in scores if s.condition == "another clip")
    for axes in quality_curves(scores).axes:
        assert list(axes.lines[1].get_ydata()) == [luck, luck]


def test_names_at_the_ends_do_not_overlap(rows):
    same = [replace(row, strategy=name) for name in ("a", "b", "c") for row in rows]
    axes = quality_curves(condition_scores(same)).axes[1]
    heights = sorted(text.xy[1] for text in axes.texts)
    assert len(heights) == 3
    assert np.diff(heights).min() > 0.07 * axes.get_ylim()[1]


def test_conditions_that_were_not_decoded_are_left_out(rows):
    few = condition_scores([row for row in rows if row.subset in (CLEAN, "SNR -5 dB")])
    noise, overlap, *_ = quality_curves(few).axes
    assert len(noise.lines[0].get_xdata()) == 2
    assert len(overlap.lines[0].get_xdata()) == 1


def test_curves_of_several_metrics_are_refused(rows, scores):
    with pytest.raises(ValueError, match="curves of BLEU, chrF"):
        quality_curves([*scores, *condition_scores(rows, "chrF++")])


def test_clips_are_one_utterance_under_every_condition(rows):
    other = [replace(row, strategy="cascade") for row in rows]
    clips = condition_clips(rows + other, "clip-003")
    table = clips.table()
    assert list(table["sound"]) == list(dict.fromkeys(row.subset for row in rows))
    assert table["output changed, %"][0] == 0
    assert "clip-003. Reference: " in clips.caption
    assert is_escaped(clips._repr_html_())


def test_an_unknown_utterance_is_refused(rows):
    with pytest.raises(ValueError, match="no output for 'nobody'"):
        condition_clips(rows, "nobody")
