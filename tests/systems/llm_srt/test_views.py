"""Pages and figures of notebook 30: drawn, and safe whatever corpus and model write."""

from dataclasses import replace

import numpy as np
import pytest

from lib.files import read_json, write_json
from lib.systems.llm_srt import decodings, views
from lib.systems.llm_srt.prompts import FORMS
from tests.systems.llm_srt.cases import with_recipe

HOSTILE = "<script>alert(1)</script>"
ESCAPED = "&lt;script&gt;alert(1)&lt;/script&gt;"


@pytest.fixture(scope="module")
def hostile(llm_srt):
    """The experiment with texts that would run in a page."""
    texts = [
        replace(u, texts={code: HOSTILE + text for code, text in u.texts.items()})
        for u in llm_srt.corpus.utterances
    ]
    return llm_srt.with_corpus(replace(llm_srt.corpus, utterances=texts))


@pytest.fixture
def writing(llm_srt, srt_trained, tmp_path):
    """`writing(experiment, answer)`: a system that wrote `answer(example)` for each example."""

    def writing(experiment, answer):
        system = replace(srt_trained("srt"), folder=tmp_path)
        test = experiment.test_examples(system)
        experiment.decode(system, test)
        (path,) = (tmp_path / "outputs").iterdir()
        found = read_json(path)
        for example, row in zip(test, found["hypotheses"], strict=True):
            row["written"] = answer(example)
        write_json(path, found)
        return system

    return writing


# ---- before a run ----


def test_published_sizes_are_shown():
    body = views.sizes().body
    assert all(figure in body for figure in ("73.70", "80.50", "84.50", "1.84", "2.52", "8.39"))
    assert "Qwen-Research" in body and "Apache-2.0" in body


def test_prompts_and_answers_of_the_first_clip(llm_srt):
    body = views.prompt_table(llm_srt).body
    text = llm_srt.corpus.split("test", "eng")[0].texts
    assert "<td>&lt;|eng|&gt;</td>" in body
    assert f"{text['eng']}&lt;|eng|&gt;&lt;|deu|&gt;" in body
    assert f"&lt;|eng|&gt;&lt;|deu|&gt;{text['deu']}</td>" in body
    assert body.count("<tr>") == 1 + 3


def test_texts_of_a_corpus_are_escaped(hostile):
    body = views.prompt_table(hostile).body
    assert "<script" not in body
    assert ESCAPED in body


# ---- after a run ----


@pytest.mark.slow
def test_gates_are_shown_whether_passed_or_not(llm_srt, srt_trained):
    systems = [srt_trained(name) for name in ("asr", "smt")]
    assert views.gates(llm_srt, systems).body.count("<td>passed") == 2
    assert views.gates(with_recipe(llm_srt, gate=90.0), systems).body.count("<td>not passed") == 2


@pytest.mark.slow
def test_signals_are_drawn_by_update(srt_trained):
    figure = views.curriculum_curves([srt_trained(name) for name in ("asr", "smt", "srt")])
    drawn = [[list(line.get_xdata()) for line in axes.lines] for axes in figure.axes]
    assert [[updates for updates in panel if updates] for panel in drawn] == [
        [[1, 2], [1, 2]],  # errors of asr and srt
        [[1, 2]],  # forms of srt
    ]


@pytest.mark.slow
def test_attention_of_every_query_is_drawn(llm_srt, srt_trained):
    system, example = srt_trained("srt"), llm_srt.test_examples(srt_trained("srt"))[0]
    figure = views.attention_map(system, example)
    config = llm_srt.recipe.bridges["q_former"]
    assert figure.axes
    for axes in figure.axes:
        (image,) = axes.images
        weights = np.asarray(image.get_array())
        assert len(weights) == config.queries
        assert weights.sum(1) == pytest.approx(np.ones(config.queries), abs=1e-5)
        assert image.get_extent()[1] == example.seconds


@pytest.mark.slow
def test_drawing_leaves_no_hook_behind(llm_srt, srt_trained):
    system = srt_trained("srt")
    before = [len(m._forward_hooks) for m in system.model.modules()]
    views.attention_map(system, llm_srt.test_examples(system)[0])
    assert [len(m._forward_hooks) for m in system.model.modules()] == before


@pytest.mark.slow
def test_a_bridge_without_queries_has_no_attention_to_draw(llm_srt, srt_trained):
    system = srt_trained("asr, frame stacking")
    with pytest.raises(TypeError, match="asr, frame stacking has no Q-Former"):
        views.attention_map(system, llm_srt.test_examples(system)[0])


def test_forms_are_shares_of_a_directions_answers():
    counts = {("eng", "deu"): {"right": 3, "no tag": 1}, ("deu", "eng"): {"broken tag": 2}}
    body = views.form_table(counts).body
    assert "eng→deu" in body and "deu→eng" in body
    assert all(form in body for form in FORMS)
    assert body.count(">75.00<") == body.count(">25.00<") == 1
    assert body.count(">100.00<") == 1


@pytest.mark.slow
def test_forms_of_a_trained_system_have_a_row_each(llm_srt, srt_trained):
    page = views.form_table(decodings.forms(llm_srt, srt_trained("srt")))
    assert page.body.count("<tr>") == 1 + 12


@pytest.mark.slow
def test_what_was_written_is_escaped(hostile, writing):
    system = writing(hostile, lambda e: f"{HOSTILE}<|{e.source}|><|{e.target}|>{HOSTILE}")
    page = views.written(hostile, system, 4)
    html = page.to_html()
    assert len(page.rows) == 4
    assert "<script" not in html
    assert html.count(ESCAPED) >= 4 * 4  # transcript, translation, and both in the answer
    assert "&lt;|eng|&gt;&lt;|deu|&gt;" in html


@pytest.mark.slow
def test_wrong_answers_are_shown_alone(llm_srt, writing):
    def answer(example):
        tags = f"<|{example.source}|><|{example.target}|>"
        return "no tags" if example.source == "deu" else f"a{tags}b"

    system = writing(llm_srt, answer)
    wrong = views.written(llm_srt, system, 4, wrong=True)
    assert {row["written"] for row in wrong.rows} == {"no tags"}
    assert {row["form"] for row in wrong.rows} == {"no tag"}
    assert wrong.caption.startswith("4 of 18 answers of a wrong form")
    assert views.written(llm_srt, system, 4).caption.startswith("4 of 72 answers")


@pytest.mark.slow
def test_a_system_without_wrong_answers_shows_none(llm_srt, writing):
    system = writing(llm_srt, lambda e: f"a<|{e.source}|><|{e.target}|>b")
    found = views.written(llm_srt, system, 4, wrong=True)
    assert (found.rows, found.audio) == ([], [])
    assert "0 of 0 answers" in found.to_html()


# ---- exercises ----


def test_a_right_guess_of_a_form():
    given = ("Will it rain?<|eng|><|fra|>Va-t-il pleuvoir ?", "eng", "deu")
    assert "Right: its form is: wrong tag" in views.check_form("wrong tag", *given).body
    assert "Not quite" in views.check_form("right", *given).body


def test_an_open_exercise_is_a_question_and_escaped_once():
    body = views.check_form(None, f"a<|eng|>{HOSTILE}", "eng", "deu").body
    assert "<script" not in body
    assert f"a&lt;|eng|&gt;{ESCAPED}" in body
    assert "no tag, broken tag" in body
