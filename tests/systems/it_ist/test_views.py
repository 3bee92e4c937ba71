from dataclasses import replace

import pytest
import torch

from lib.data.batch import IGNORED
from lib.display.training_views import changed_parts
from lib.systems.it_ist import views
from lib.systems.it_ist.mixture import Mixture
from tests.systems.it_ist.test_claims import MEANT, SAID, row


@pytest.fixture
def spoken(it_ist):
    return it_ist._examples(it_ist.strategy("instruct"), "test")


def test_pairings_name_the_bound_and_the_bridge():
    page = views.pairings().body
    assert "50.4" in page
    assert page.count("above the paper&#x27;s bound") == 2
    assert "1500" in page.replace(",", "")


def test_attention_is_drawn_for_both_kinds():
    causal, bidirectional = (a.images[0].get_array() for a in views.what_is_seen(3, 1, 1).axes)
    assert causal.sum() == 5 * 6 / 2
    assert bidirectional.sum() == causal.sum() + 3  # speech sees the speech after it


def test_a_batch_shows_what_is_learnt(untrained, spoken):
    page = views.batch_page(untrained, [spoken[0], spoken[-1]]).body
    assert "&lt;|endoftext|&gt;" in page
    assert "&lt;|transcribe|&gt;" in page
    assert "&lt;|reply|&gt;" in page


def test_a_row_without_an_end_is_refused(untrained, spoken, monkeypatch):
    layout = untrained.layout

    def endless(example, max_tokens):
        found = layout(example, max_tokens)
        return replace(found, labels=[*found.labels[:-1], IGNORED])

    monkeypatch.setattr(untrained, "layout", endless)
    with pytest.raises(ValueError, match="end token is not among the labels"):
        views.batch_page(untrained, spoken[:1])


def test_hostile_text_is_escaped(untrained, spoken):
    hostile = replace(spoken[0], target_text="<script>alert(1)</script>")
    assert "<script>" not in views.batch_page(untrained, [hostile]).body


def test_mixtures_show_every_task(it_ist):
    page = views.mixtures(it_ist, ["instruct", "instruct, balanced"]).body
    assert all(task in page for task in ("ASR", "ST", "SQA"))
    assert page.count("33.3") >= 3


def test_caps_count_what_is_left_out(it_ist):
    long = [replace(u, seconds=100.0) for u in it_ist.corpus.split("train")]
    page = views.caps(long, 600.0).body
    count = len(long)
    assert f"over 90 s: {count} of {count} clips" in page
    assert f"over 120 s: 0 of {count} clips" in page
    assert f"over 2.7 s: {count} of {count} clips" in page


def test_signals_of_an_alignment(it_ist_trained):
    system = it_ist_trained("align")
    assert "error rate, %" in views.signals(system).body
    figure = views.alignment_curves([system])
    assert len(figure.axes) == len(views.PANELS)
    assert all(len(line.get_xdata()) for axes in figure.axes for line in axes.lines)


def test_alignment_changes_bridge_and_tags_alone(it_ist, it_ist_trained):
    system = it_ist_trained("align")
    page = changed_parts(it_ist.start(system.strategy), system.model).body
    lines = [line for line in page.split("<tr>") if "yes</td>" in line or "no</td>" in line]
    equal = {line.split("</td>")[0].split(">")[-1]: "yes</td>" in line for line in lines}
    assert equal == {
        "language model": True,
        "speech encoder": True,
        "bridge": False,
        "tags": False,
    }


def test_what_came_out_is_a_table_for_each_strategy():
    rows = [row("ASR", SAID), row("ST", SAID), row("ASR", SAID, "joint"), row("ST", MEANT, "joint")]
    page = views.behaviour_page(rows, ["instruct", "joint"]).body
    assert page.count("<table") == 2


def test_answers_stand_beside_their_questions(it_ist, it_ist_trained):
    rows = [r for r in it_ist.outputs(it_ist_trained("instruct")) if r.task == "SQA"]
    own = [r for r in rows if r.source == "eng"]
    asked = it_ist.corpus.split("test", "eng")
    shown = views.answer_clips(own, asked, 3).rows
    assert len(shown) == 3
    assert {clip["question"] for clip in shown} <= {u.question for u in asked}


def test_positions_of_the_exercise():
    assert "Right" in views.check_positions(382, 1525, 3, (2, 2)).body
    assert "Right" not in views.check_positions(381, 1525, 3, (2, 2)).body


def test_shares_of_the_exercise():
    sizes = {"ASR": 1600, "ST": 400}
    right = Mixture(temperature=2.0).shares(sizes)
    assert "Right" in views.check_shares(right, sizes, 2.0).body
    assert "Not quite" in views.check_shares({"ASR": 0.8, "ST": 0.2}, sizes, 2.0).body
    assert torch.tensor(list(right.values())).sum() == pytest.approx(1.0)
