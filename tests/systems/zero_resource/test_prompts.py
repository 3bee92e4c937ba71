"""Prompts: one at test, several in training, and one for all tasks."""

from collections import Counter
from dataclasses import replace

import pytest

from lib.systems.zero_resource.prompts import (
    FIXED,
    FOR_ALL_TASKS,
    PARAPHRASED,
    TRANSCRIBE,
    TRANSLATE,
    UNIVERSAL,
    WORDINGS,
    with_prompt,
)
from lib.tasks import ASR, MT, ST, Example

ASKED = Example(id="1", task=ST, source="cat", target="eng", target_text="a cat", prompt="old")
SPOKEN = Example(id="1", task=ASR, source="cat", target="cat", target_text="un gat")


def prompts(example, wording, count=400, **options):
    found = [with_prompt(replace(example, id=f"{n}"), wording, **options) for n in range(count)]
    return [example.prompt for example in found]


@pytest.mark.parametrize("wording", [PARAPHRASED, FIXED])
@pytest.mark.parametrize(
    "example, prompt", [(ASKED, "\nTranslate into English:"), (SPOKEN, "\nTranscribe in Catalan:")]
)
def test_the_prompt_at_test_is_always_the_same(example, prompt, wording):
    assert set(prompts(example, wording, training=False)) == {prompt}


@pytest.mark.parametrize("example, known", [(ASKED, TRANSLATE), (SPOKEN, TRANSCRIBE)])
def test_training_prompts_vary_evenly(example, known):
    counted = Counter(prompts(example, PARAPHRASED))
    name = {"eng": "English", "cat": "Catalan"}[example.target]
    assert counted.keys() == {f"\n{text.format(target=name)}" for text in known}
    assert min(counted.values()) > 0.15 * 400


def test_a_training_prompt_depends_on_the_id_alone():
    other = replace(ASKED, source="spa", target_text="two cats", seconds=3.0)
    assert prompts(other, PARAPHRASED) == prompts(ASKED, PARAPHRASED)


def test_a_fixed_prompt_is_that_of_test_in_training_too():
    assert set(prompts(ASKED, FIXED)) == set(prompts(ASKED, FIXED, training=False))


@pytest.mark.parametrize("training", [True, False])
def test_the_universal_prompt_is_the_same_for_all_tasks(training):
    found = prompts(ASKED, UNIVERSAL, training=training)
    found += prompts(replace(SPOKEN, target="eng"), UNIVERSAL, training=training)
    assert set(found) == {"\nWrite it in English:"}


def test_another_task_may_be_asked_for():
    """Text is copied where a transcript is asked for."""
    text = replace(ASKED, task=MT, source="eng")
    asked = with_prompt(text, FIXED, ASR)
    assert asked.prompt == "\nTranscribe in English:"
    assert asked.task == MT
    assert with_prompt(text, FIXED).prompt == "\nTranslate into English:"


def test_nothing_but_the_prompt_changes():
    assert replace(with_prompt(ASKED, PARAPHRASED), prompt="old") == ASKED


def test_every_wording_names_the_language_of_the_output():
    known = (*TRANSCRIBE, *TRANSLATE, FOR_ALL_TASKS)
    assert all("{target}" in text for text in known)
    assert len(set(known)) == len(known)


@pytest.mark.parametrize("training", [True, False])
def test_an_unknown_wording_is_refused_with_those_that_there_are(training):
    message = "unknown wording 'polite'; use paraphrased, fixed, universal"
    with pytest.raises(ValueError, match=message):
        with_prompt(ASKED, "polite", training=training)
    assert WORDINGS == (PARAPHRASED, FIXED, UNIVERSAL)
