"""Opening an experiment: its refusals, its variants, and recordings of several corpora."""

import pytest

from lib.systems.zero_resource.experiment import open_experiment


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"processes": 0}, "processes is 0"),
        ({"encoder": "better"}, "unknown encoder 'better'; use '', 'audio only', 'CTC only'"),
        ({"languages": "eng deu", "held_out": "cat"}, "held_out names cat, which is not in"),
        ({"languages": "eng deu", "held_out": "eng"}, "eng cannot be held out"),
        ({"languages": "eng deu", "held_out": "deu"}, "no language but English is left"),
        ({"languages": "eng xyz"}, "unknown language 'xyz'"),
        ({"scale": "full", "corpora": "phrasebook"}, "covost2=FOLDER europarl_st=FOLDER"),
        ({"scale": "full", "unread": True}, "need models that are trained here, not full"),
        ({"scale": "full", "encoder": "CTC only"}, "need models that are trained here, not full"),
    ],
    ids=str,
)
def test_refusals(tmp_path, changes, message):
    given = {"scale": "smoke", **changes}
    with pytest.raises(ValueError, match=message):
        open_experiment(given.pop("scale"), 1, tmp_path, **given)


@pytest.mark.slow
def test_a_language_that_the_models_do_not_know(zero_resource):
    with pytest.raises(ValueError, match="swa: the models of this scale know eng, deu"):
        open_experiment("smoke", 1, zero_resource.cache, languages="eng deu swa", held_out="")


def test_all_languages_go_into_english(zero_resource):
    assert {target for _, target in zero_resource.directions} == {"eng"}
    assert len(zero_resource.directions) == 10


@pytest.mark.slow
def test_nothing_need_be_held_out(zero_resource):
    found = open_experiment("smoke", 1, zero_resource.cache, held_out="")
    assert found.system.held_out == ()
    assert found.backbone.path != zero_resource.backbone.path  # it was taught all transcripts


@pytest.mark.slow
def test_variants_have_other_backbones(zero_resource):
    unread = open_experiment("smoke", 1, zero_resource.cache, unread=True)
    audio = open_experiment("smoke", 1, zero_resource.cache, encoder="audio only")
    own = zero_resource.system.language_model
    assert unread.system.language_model.path != own.path
    assert unread.backbone.path == zero_resource.backbone.path
    assert audio.backbone.path != zero_resource.backbone.path
    assert audio.system.language_model.path == own.path
