"""Directions of notebooks 30 and 31: maps, groups, costs, and how much speech is enough."""

from dataclasses import replace

import pytest

from lib.systems.llm_srt import direction_views
from lib.systems.llm_srt.experiment import PAPER_LANGUAGES
from lib.systems.llm_srt.strategies import LESS_SPEECH
from tests.systems.llm_srt.test_claims import MEANT, WRONG, row

UNSEEN = (("deu", "fra"),)
SCORES = {("eng", "deu"): 30.0, ("deu", "eng"): 20.0, ("deu", "fra"): 4.0, ("eng", "zho"): 10.0}


def test_scores_are_of_one_strategys_translations():
    rows = [row("srt", MEANT), row("srt", WRONG, source="fra"), row("direct", WRONG)]
    rows += [row("srt", WRONG, task="ASR", target="eng"), row("srt", WRONG, system="baseline")]
    found = direction_views.bleu_by_direction(rows, "srt")
    assert found.keys() == {("eng", "deu"), ("fra", "deu")}
    assert found["eng", "deu"] == pytest.approx(100.0)
    assert found["fra", "deu"] < 5


# ---- maps ----


def boxes(axes):
    """Direction of each box by its corner."""
    codes = [label.get_text() for label in axes.get_xticklabels()]
    return {
        (codes[round(box.get_y() + 0.5)], codes[round(box.get_x() + 0.5)]) for box in axes.patches
    }


def test_zero_shot_directions_are_boxed_in_the_first_map_alone():
    figure = direction_views.direction_map({"one": SCORES, "two": SCORES}, UNSEEN)
    first, second = figure.axes
    assert boxes(first) == set(UNSEEN)
    assert boxes(second) == set()


def test_a_map_has_its_scores_where_their_languages_are():
    (axes,) = direction_views.direction_map({"one": SCORES}).axes
    grid = axes.images[0].get_array()
    rows = [label.get_text() for label in axes.get_yticklabels()]
    columns = [label.get_text() for label in axes.get_xticklabels()]
    assert rows == columns == [code for code in PAPER_LANGUAGES if code in rows]
    shown = {
        (s, t): float(grid[i, j])
        for i, s in enumerate(rows)
        for j, t in enumerate(columns)
        if grid[i, j] == grid[i, j] and not getattr(grid, "mask", grid != grid)[i, j]
    }
    assert shown == SCORES
    assert sorted(text.get_text() for text in axes.texts) == ["10", "20", "30", "4"]


def test_languages_that_are_not_the_papers_are_drawn_last():
    scores = {("est", "eng"): 1.0, ("eng", "est"): 2.0}
    (axes,) = direction_views.direction_map({"one": scores}).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["eng", "est"]


def test_the_released_sheet_stands_beside():
    figure = direction_views.published_map(SCORES, UNSEEN)
    ours, released = figure.axes
    assert "this workbook" in ours.get_title(loc="left")
    assert "released" in released.get_title(loc="left")
    assert len(released.texts) == 210
    assert boxes(ours) == set(UNSEEN)
    assert boxes(released) == set()


def test_no_score_above_zero_is_still_drawn():
    (axes,) = direction_views.direction_map({"one": dict.fromkeys(SCORES, 0.0)}).axes
    assert len(axes.texts) == len(SCORES)


# ---- groups ----


def cells(page):
    """Rows of a page's table as lists of texts."""
    rows = [line.split("</td>")[:-1] for line in page.body.split("<tr>")[2:]]
    return [[cell.rpartition(">")[2] for cell in row] for row in rows]


def test_means_of_trained_and_zero_shot_directions(llm_srt):
    rows = cells(direction_views.by_group(llm_srt, SCORES, UNSEEN))
    found = {tuple(row[:2]): row[2:] for row in rows}
    assert found["direction", "trained"] == ["3", "20.00"]
    assert found["direction", "zero-shot"] == ["1", "4.00"]
    assert found["families", "same"] == ["2", "25.00"]
    assert found["script of the target", "Latin"] == ["3", "18.00"]


def test_every_direction_is_in_one_group_of_each_kind(llm_srt):
    rows = cells(direction_views.by_group(llm_srt, SCORES, UNSEEN))
    by_kind = {}
    for what, _, count, _ in rows:
        by_kind[what] = by_kind.get(what, 0) + int(count)
    assert set(by_kind.values()) == {len(SCORES)}
    assert len(by_kind) == 6


# ---- costs ----


@pytest.mark.slow
def test_costs_count_what_was_trained(llm_srt, srt_trained):
    names = ("srt, bridge only", "srt", "srt, everything")
    systems = [srt_trained(name) for name in names]
    page = direction_views.costs(systems, dict.fromkeys(names, SCORES), UNSEEN)
    rows = cells(page)
    assert [row[0] for row in rows] == list(names)
    assert {row[-1] for row in rows} == {"20.00"}  # without the zero-shot direction
    assert [row[2] for row in rows] == ["2"] * 3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["srt, bridge only", "srt"])
def test_costs_of_a_system_that_was_found_are_those_of_its_training(llm_srt, srt_trained, name):
    systems = [srt_trained(name), replace(llm_srt).train(name)]
    pages = [direction_views.costs([s], {name: SCORES}, ()).body for s in systems]
    assert pages[0] == pages[1]


# ---- how much speech is enough ----


def less(stage, **scores):
    """Scores of one direction: of the whole, and of each share of a stage."""
    found = {"srt": {("eng", "deu"): 20.0}}
    for share, score in scores.items():
        name = LESS_SPEECH[stage, float(share.replace("of", ""))][-1].name
        found[name] = {("eng", "deu"): score}
    return found


@pytest.mark.parametrize(
    "scores, enough",
    [
        ({"0.5": 19.0, "0.25": 18.0, "0.1": 2.0}, "0.25"),
        ({"0.5": 19.0, "0.25": 17.9, "0.1": 2.0}, "0.50"),
        ({"0.5": 1.0, "0.25": 1.0, "0.1": 1.0}, "1.00"),
    ],
)
def test_the_smallest_share_that_keeps_the_score(scores, enough):
    page = direction_views.enough_speech(less("asr", **scores), (), kept=0.9)
    ((stage, *_, whole, smallest),) = cells(page)
    assert (stage, whole, smallest) == ("asr", "20.00", enough)


def test_only_stages_that_were_trained_have_a_row():
    scores = less("asr", **{"0.5": 19.0}) | less("srt", **{"0.1": 1.0})
    page = direction_views.enough_speech(scores, (), kept=0.9)
    assert [row[0] for row in cells(page)] == ["asr", "srt"]


def test_without_less_speech_it_says_how_to_train_it():
    body = direction_views.enough_speech({"srt": SCORES}, (), kept=0.9).body
    assert "ablate = &quot;speech&quot;" in body


# ---- the ceiling ----


def test_the_distance_to_the_ceiling_is_negative():
    rows = [row("srt", WRONG if n < 6 else MEANT, id=str(n)) for n in range(12)]
    rows += [row("language model", MEANT, task="MT", id=str(n)) for n in range(12)]
    found = direction_views.below_ceiling(rows)
    assert found.value < 0
