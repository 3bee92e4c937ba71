"""Pages of notebook 40: what they show before a run, and that foreign text stays text."""

from dataclasses import replace

import pytest

from lib.systems.zero_resource import views
from lib.systems.zero_resource.prompts import FOR_ALL_TASKS, TRANSCRIBE, TRANSLATE
from tests.systems.zero_resource.test_transfer import row

HOSTILE = "<script>alert(1)</script>"


def test_published_sizes_are_shown():
    body = views.sizes().body
    assert all(figure in body for figure in ("18.88", "62.92", "9.44", "18.87", ">72<"))


def test_every_prompt_is_shown_with_the_language_and_where_it_is_used():
    body = views.prompt_table("deu").body
    wordings = (*TRANSCRIBE, *TRANSLATE, FOR_ALL_TASKS)
    assert all(wording.format(target="German") in body for wording in wordings)
    assert body.count("<td>training, test</td>") == 2  # the first of each task
    assert body.count("<td>ablation</td>") == 1


@pytest.mark.slow
def test_names_of_sources_are_escaped(zero_resource):
    corpus = zero_resource.corpus
    named = [replace(u, source=HOSTILE) for u in corpus.utterances]
    body = views.holdings(zero_resource.with_corpus(replace(corpus, utterances=named))).body
    assert "<script" not in body and "&lt;script&gt;" in body


@pytest.mark.slow
def test_nothing_is_trained_on_of_a_held_out_language(zero_resource):
    lines = views.holdings(zero_resource).body.split("<tr>")
    held = [line for line in lines if "<td>yes</td>" in line]
    assert len(held) == 2
    assert all(any(name in line for name in ("Catalan", "Dutch")) for line in held)
    assert all(">0 of 0<" in line for line in held)


def test_names_of_strategies_are_escaped():
    assert "<script" not in views.summary([row("deu", strategy=HOSTILE)], ("cat",)).body


def test_outputs_are_identified_and_never_shown():
    body = views.output_languages([row("deu", hypothesis=HOSTILE, reference=HOSTILE)]).body
    assert "alert" not in body
