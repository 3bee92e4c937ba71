"""A trial changes the recipe as it says, and nothing where there is none."""

from dataclasses import fields, replace

import pytest

from lib.scales import TRIAL
from lib.systems.gmu.recipe import RECIPES as GMU
from lib.systems.it_ist.recipe import RECIPES as IT_IST
from lib.systems.llm_srt.recipe import RECIPES as LLM_SRT
from lib.systems.trial import trial_corpus, trial_recipe
from lib.systems.zero_resource.recipe import RECIPES as ZERO
from lib.training.stages import Stage
from lib.workbook.paths import begin_trial, outputs

RECIPES = [recipes["full"] for recipes in (GMU, IT_IST, LLM_SRT, ZERO)]


@pytest.mark.parametrize("recipe", RECIPES)
def test_in_earnest_nothing_changes(recipe, monkeypatch):
    monkeypatch.delenv(TRIAL, raising=False)
    assert trial_recipe(recipe) is recipe


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_stage_has_a_few_updates_of_one_batch_as_large(recipe, monkeypatch):
    monkeypatch.setenv(TRIAL, "3")
    found = trial_recipe(recipe)
    names = [e.name for e in fields(recipe) if isinstance(getattr(recipe, e.name), Stage)]
    assert len(names) >= 2
    for name in names:
        before, stage = getattr(recipe, name), getattr(found, name)
        assert (stage.updates, stage.accumulate, stage.evaluate_every) == (3, 1, 3)
        assert stage.batch_seconds == before.batch_seconds
        assert stage.batch_max_items == before.batch_max_items
    assert found.selection_utterances == 4


def test_every_task_keeps_a_few_test_clips(corpus, monkeypatch):
    clips = [u for u in corpus.utterances if u.language == "est"]
    train = replace(clips[0], split="train")
    plain = [replace(clips[0], id=f"a{n}", split="test", texts={"est": "a"}) for n in range(9)]
    translated = [replace(u, id=f"b{u.id}", texts={"est": "a", "eng": "b"}) for u in plain]
    asked = [replace(u, id=f"c{u.id}", question="which?") for u in plain]
    given = replace(corpus, utterances=[train, *plain, *translated, *asked])
    monkeypatch.delenv(TRIAL, raising=False)
    assert trial_corpus(given) is given
    monkeypatch.setenv(TRIAL, "2")
    kept = [u.id[0] for u in trial_corpus(given).utterances if u.split == "test"]
    assert [kept.count(kind) for kind in "abc"] == [4, 4, 4]
    assert train in trial_corpus(given).utterances


def test_outputs_of_a_trial_have_a_folder_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setenv("WORKBOOK_OUTPUTS", str(tmp_path))
    monkeypatch.setenv("WORKBOOK_CACHE", str(tmp_path / "shared"))
    monkeypatch.setenv(TRIAL, "")  # put back afterwards
    begin_trial(2)
    assert outputs() == tmp_path / "trial"
