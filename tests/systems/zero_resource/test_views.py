"""Pages of notebooks 40 and 41."""

from dataclasses import replace

import pytest
import torch

from lib.systems.zero_resource import views
from lib.systems.zero_resource.distances import Distance
from lib.systems.zero_resource.strategies import AMOUNTS
from tests.systems.zero_resource.test_transfer import row

HELD_OUT = ("cat",)


def test_seen_and_held_out_languages_are_apart():
    rows = [row("deu"), row("fra", hypothesis="no"), row("cat", hypothesis="five euros")]
    page = views.summary(rows, HELD_OUT).body
    assert "BLEU, seen" in page and "BLEU, held out" in page
    assert ">50.0" in page


def test_languages_of_outputs_are_counted_where_they_can_be_identified():
    english, german = "five euros and the day after tomorrow", "fünf Euro und übermorgen in Kiel"
    rows = [row("deu", hypothesis=english, reference=english)]
    rows += [row("deu", id="2", hypothesis=german, reference=english), row("deu", id="3")]
    page = views.output_languages(rows).body
    assert "German 1" in page
    assert ">66.67<" in page and ">100.00<" in page  # "five euros and six days" counts, too


def test_curves_have_a_line_for_seen_and_one_for_held_out_languages():
    name = AMOUNTS[0.5][-1].name
    rows = [row(code, strategy=s) for code in ("deu", "cat") for s in ("multi-task", name)]
    rows += [row("deu", strategy="adapter", task="ASR")]
    axes = views.data_curves(rows, HELD_OUT).axes
    assert [list(line.get_xdata()) for line in axes[0].lines] == [[0.5, 1.0]] * 2


@pytest.mark.slow
def test_the_weights_of_the_layers_by_update(zero_trained):
    figure = views.layer_weights([zero_trained("adapter"), zero_trained("multi-task")])
    texts = [float(text.get_text()) for text in figure.axes[0].texts]
    assert len(texts) == 2 * 2  # layers and evaluations
    assert sum(texts[::2]) == pytest.approx(1.0, abs=0.02)


@pytest.mark.slow
def test_what_is_trained_on(zero_resource):
    page = views.holdings(zero_resource).body
    assert page.count(">yes<") == 2


def test_a_table_of_transfer_escapes_what_it_shows():
    own = Distance(
        code="cat",
        phonetic=0.5,
        phonetic_nearest="<script>",
        lexical=None,
        lexical_nearest="",
    )
    page = views.transfer_table([own], {"BLEU": {"cat": 20.0}}).body
    assert "<script>" not in page and "Catalan" in page


def test_without_runs_the_table_says_how_to_get_them():
    assert "--study transfer" in views.transfer_table([], {}).body


STATES, LOGITS = torch.randn(3, 5, 4), torch.tensor([0.0, 1.0, 2.0])


@pytest.mark.parametrize(
    "averaged, answer",
    [
        (torch.einsum("ltw,l->tw", STATES, LOGITS.softmax(0)), "Right"),
        (STATES.mean(0), "Not quite"),
        (STATES, "Not quite"),
        (None, "Write"),
    ],
    ids=["right", "uniform", "not averaged", "nothing"],
)
def test_a_readers_average(averaged, answer):
    assert answer in views.check_average(averaged, STATES, LOGITS).body


def test_rows_of_other_strategies_are_in_lines_of_their_own():
    rows = [row("deu"), replace(row("deu"), strategy="st")]
    assert views.summary(rows, HELD_OUT).body.count("<tr") == 3
