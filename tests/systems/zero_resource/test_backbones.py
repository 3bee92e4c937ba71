"""What encoder and language model are taught, and what they are not."""

from dataclasses import replace

import pytest
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, Wav2Vec2BertModel

from lib.systems import best_rq_backbone as encoders
from lib.systems import mt5_backbone as language_models
from lib.systems.backbones import backbone_recipe, get_backbone

SMOKE, TEXT = encoders.PRESETS["smoke"], language_models.PRESETS["smoke"]


def test_the_languages_whose_transcripts_are_used():
    own = replace(SMOKE, unpaired=("cat", "nld"))
    assert set(own.seen) - set(own.paired) == {"cat", "nld"}
    assert replace(own, ctc=None).paired == ()
    assert SMOKE.paired == SMOKE.seen


def test_an_encoder_of_audio_alone_is_the_same_whatever_is_unpaired():
    audio = replace(SMOKE, ctc=None)
    assert audio.identity() == replace(audio, unpaired=("cat",)).identity()
    assert SMOKE.identity() != replace(SMOKE, unpaired=("cat",)).identity()


def test_unread_languages_are_in_no_text():
    own = replace(TEXT, unread=("cat", "nld"))
    found = own.text_examples()
    codes = {code for e in found for code in (e.source, e.target)}
    assert codes == set(own.seen) == set(TEXT.seen) - {"cat", "nld"}
    assert not any("Catalan" in e.prompt or "Dutch" in e.prompt for e in found)


def test_texts_are_copied_and_translated_into_english():
    found = TEXT.text_examples()
    assert {e.target for e in found if e.source != e.target} == {"eng"}
    assert all(e.target_text == e.source_text for e in found if e.source == e.target)
    assert all(e.prompt for e in found)


@pytest.mark.slow
def test_masked_prediction_is_shared_by_every_choice_of_unpaired_languages(zero_resource):
    cache = zero_resource.cache
    before = sorted(cache.glob("best_rq-*"))
    found = get_backbone("best_rq", "smoke", cache, unpaired=("est",))
    added = set(cache.glob("best_rq-*")) - set(before)
    assert [path.name for path in added] == [found.name]
    assert [stage.stage for stage in found.stages] == ["best_rq", "ctc"]


@pytest.mark.slow
def test_plain_transformers_loads_both(zero_resource):
    Wav2Vec2BertModel.from_pretrained(zero_resource.backbone.path)
    inside = f"{zero_resource.system.language_model.path}/language_model"
    AutoModelForSeq2SeqLM.from_pretrained(inside)
    assert AutoTokenizer.from_pretrained(inside).eos_token_id == 1


@pytest.mark.slow
def test_the_recipes_of_full_load_small_models_in_their_layout(zero_resource):
    """As checkpoints of the hub: the same classes and files, of another size."""
    inside = f"{zero_resource.system.language_model.path}/language_model"
    text = backbone_recipe("mt5", "full").load(inside, text=True)
    assert text.writes_with_decoder
    speech = backbone_recipe("best_rq", "full").load(zero_resource.backbone.path, text=False)
    assert speech.shape.layers == 2
