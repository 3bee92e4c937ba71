import pytest

from lib.display import study_views
from tests.display.outputs import EST_ENG, QUE_SPA, output_rows, study_of

DIRECTIONS = [EST_ENG, QUE_SPA]


def is_seen(code):
    return code == "est"


@pytest.fixture(scope="module")
def study():
    rows = []
    for seed in (1, 2, 3):
        rows += output_rows("direct", 0.1, seed=seed) + output_rows("cascade", 0.3, seed=seed)
        rows += output_rows("direct", 0.3, seed=seed, direction=QUE_SPA)
        rows += output_rows("asr_init", 0.1, seed=seed, direction=QUE_SPA)
    return study_of(rows + output_rows("asr", 0.2, task="ASR"))


@pytest.fixture(scope="module")
def two_systems():
    return study_of(
        output_rows("direct", 0.1)
        + output_rows("cascade", 0.3)
        + output_rows("direct", 0.2, system="it_ist")
        + output_rows("cascade", 0.4, system="it_ist")
    )


def test_the_interval_of_two_seeds_is_left_out():
    study = study_of(output_rows("direct", 0.3) + output_rows("direct", 0.3, seed=2))
    mean = study.score(EST_ENG, "direct", "BLEU")
    assert study_views.format_seed_mean(mean) == f"{mean.value:.1f} (two seeds)"


def test_nothing_measured_is_empty():
    assert study_views.format_seed_mean(None) == ""


@pytest.fixture(scope="module")
def strategies(study):
    names = ["direct", "asr_init", "cascade"]
    return study_views.strategies(study, DIRECTIONS, names, "direct", is_seen).body


def test_a_row_per_direction_and_measured_strategy(strategies):
    assert strategies.count("<tr>") == 1 + 4


def test_strategies_of_unseen_languages_say_so(strategies):
    assert strategies.count("<td>unseen</td>") == 2


def test_strategies_have_their_gain_over_the_reference(strategies, study):
    gain = study.gain(QUE_SPA, "asr_init", "direct")
    assert study_views.format_seed_mean(gain, "+") in strategies


def test_strategies_show_each_seed(strategies, study):
    values = study.score(EST_ENG, "direct", "BLEU").values
    assert ", ".join(f"{value:.1f}" for value in values) in strategies


def test_equal_strategies_of_two_systems_are_two_rows(two_systems):
    page = study_views.strategies(two_systems, [EST_ENG], ["direct"], "direct", is_seen)
    assert page.body.count("<td>direct</td>") == 2


def test_an_empty_study_has_no_rows():
    page = study_views.strategies(study_of([]), DIRECTIONS, ["direct"], "direct", is_seen)
    assert "no rows" in page.body


def test_selected_scores_are_columns(study):
    columns = {"WER": {"strategy": "asr", "metric": "WER", "task": "ASR", "profile": "gmu"}}
    wer = study.score(EST_ENG, "asr", "WER", "ASR", "gmu")
    body = study_views.scores(study, DIRECTIONS, columns).body
    assert f"<td>est→eng</td><td>{study_views.format_seed_mean(wer)}</td>" in body


def test_a_panel_per_direction(study):
    figure = study_views.difference_chart(study, DIRECTIONS, ["cascade", "asr_init"], "direct")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["est→eng", "que→spa"]


def test_panels_of_several_systems_name_them(two_systems):
    figure = study_views.difference_chart(two_systems, [EST_ENG], ["cascade"], "direct")
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["gmu est→eng", "it_ist est→eng"]


def test_an_empty_study_is_drawn():
    figure = study_views.difference_chart(study_of([]), DIRECTIONS, ["cascade"], "direct")
    assert figure.axes[0].get_title(loc="left") == "no results yet"


def test_the_best_strategy_of_each_direction(study):
    best = study_views.best_strategies(study, DIRECTIONS, ["direct", "cascade", "asr_init"])
    assert best == {"gmu est→eng": "direct", "gmu que→spa": "asr_init"}


def test_no_conflicts(study):
    assert "No conflicts" in study_views.conflicts(study).body


def test_conflicts_name_the_system():
    study = study_of(output_rows("direct", 0.3) + output_rows("direct", 0.5))
    assert "direct est→eng seed 1" in study_views.conflicts(study).body
