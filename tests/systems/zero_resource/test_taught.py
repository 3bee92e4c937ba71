"""What CTC hears of each language, and what every scale's language model may know."""

from dataclasses import replace

import pytest

from lib.systems import best_rq_backbone as encoders
from lib.systems import mt5_backbone as language_models
from lib.systems.backbones import get_backbone
from lib.systems.zero_resource.languages import LANGUAGES
from lib.systems.zero_resource.prompts import FOR_ALL_TASKS, TRANSCRIBE, TRANSLATE


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"best_rq": None}], ids=["", "CTC only"])
def test_ctc_hears_no_unpaired_language(zero_resource, monkeypatch, changes):
    heard, train = [], encoders.train_ctc

    def seen(model, stage, seed, job):
        heard.append({u.language for u in job.corpus.utterances})
        return train(model, stage, seed, job)

    monkeypatch.setattr(encoders, "train_ctc", seen)
    unpaired = ("cat", "est", "ind")  # of no other test, so that it is trained here
    get_backbone("best_rq", "smoke", zero_resource.cache, unpaired=unpaired, **changes)
    assert heard == [set(LANGUAGES) - set(unpaired)]


@pytest.mark.slow
def test_masked_prediction_hears_every_language_and_no_text(zero_resource, monkeypatch):
    given, fit = [], encoders.fit

    def seen(objective, stage, examples, *arguments, **options):
        given.extend(examples)
        return fit(objective, stage, examples, *arguments, **options)

    monkeypatch.setattr(encoders, "fit", seen)
    get_backbone("best_rq", "smoke", zero_resource.cache, seed=3, unpaired=("cat",))
    assert {e.source for e in given} == set(LANGUAGES)
    assert {(e.target_text, e.source_text, e.prompt) for e in given} == {("", "", "")}


def test_only_the_last_stage_of_an_encoder_depends_on_what_is_unpaired():
    for scale in ("smoke", "tiny", "lab"):
        own = encoders.PRESETS[scale]
        assert own.ctc and own.best_rq and own.unpaired == ()
        begun = [replace(own, ctc=None, unpaired=codes).identity() for codes in ((), ("cat",))]
        assert begun[0] == begun[1]


def test_texts_are_asked_for_in_the_prompts_of_the_system():
    texts = replace(language_models.PRESETS["smoke"], contents=300).text_examples()
    names = {"eng": "English"}
    for translates, wordings in ((True, TRANSLATE), (False, TRANSCRIBE)):
        own = {e.prompt for e in texts if e.target == "eng" and (e.source != "eng") == translates}
        wanted = {w.format(target=names["eng"]) for w in (*wordings, FOR_ALL_TASKS)}
        assert own == {f"\n{prompt}" for prompt in wanted}


def test_every_language_is_read_and_written_unless_unread():
    own = replace(language_models.PRESETS["smoke"], contents=200)
    assert own.seen == LANGUAGES
    assert {e.source for e in own.text_examples()} == set(LANGUAGES)
    assert replace(own, unread=("cat",)).identity() != own.identity()
