"""The Whisper backbone: trained at smoke, loaded, and named at full."""

from dataclasses import replace

import pytest
import torch
from transformers import WhisperForConditionalGeneration

from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.languages import language
from lib.models.speech_encoder import load_speech_encoder
from lib.models.whisper import load_whisper
from lib.models.whisper_encoder import WhisperSpeechEncoder
from lib.systems.backbones import TrainedBackbone, get_backbone
from lib.systems.whisper_backbone import LANGUAGES, PRESETS
from lib.tasks import ASR, examples


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("whisper")


@pytest.fixture(scope="module")
def smoke(cache):
    return get_backbone("whisper", "smoke", cache)


@pytest.fixture(scope="module")
def model(smoke):
    return smoke.load()


def test_its_two_stages(smoke):
    assert [(stage.stage, stage.updates) for stage in smoke.stages] == [("ctc", 3), ("asr", 3)]


def test_its_languages_have_whispers_tokens(smoke, model):
    assert smoke.seen == LANGUAGES
    ids = [model.add_language(code) for code in smoke.seen]
    tokens = [f"<|{language(code).whisper}|>" for code in smoke.seen]
    assert model.tokenizer.convert_ids_to_tokens(ids) == tokens


@pytest.mark.parametrize("code", LANGUAGES)
def test_it_transcribes_every_language(smoke, model, code):
    given = examples(smoke.corpus.split("test", code)[:2], ASR)
    collate = Collator(model, model.feature_extractor(30.0))
    found = decode(model, given, collate, Search(beams=1, max_new_tokens=5))
    assert [hypothesis.tokens > 0 for hypothesis in found] == [True, True]
    assert not collate.truncated_texts and not collate.dropped


def test_both_stages_change_the_encoder(smoke, cache):
    folder = smoke.recipe.folder(smoke.corpus, cache)
    assert (folder / "ctc").is_dir() and (folder / "asr").is_dir()


def test_its_encoder_is_loaded_alone(smoke, model):
    encoder = load_speech_encoder(smoke.path, smoke.recipe.pad_to_window)
    assert isinstance(encoder, WhisperSpeechEncoder)
    assert not encoder.pad_to_window
    own = encoder.state_dict()
    wanted = model.encoder.state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in wanted.items())


def test_plain_transformers_loads_it(smoke, model):
    plain = WhisperForConditionalGeneration.from_pretrained(smoke.path)
    assert torch.equal(plain.proj_out.weight, model.model.proj_out.weight)


def test_it_is_found_again_and_not_trained_twice(smoke, cache):
    calls = []
    assert get_backbone("whisper", "smoke", cache, callback=calls.append).path == smoke.path
    assert not calls


def test_the_same_recipe_gives_the_same_weights(smoke, model, tmp_path):
    again = get_backbone("whisper", "smoke", tmp_path).load().state_dict()
    assert all(torch.equal(again[name], tensor) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("change", [{"seed": 2}, {"pad_to_window": True}])
def test_another_recipe_has_another_folder(smoke, cache, change):
    other = replace(smoke.recipe, **change)
    assert other.folder(smoke.corpus, cache) != smoke.recipe.folder(smoke.corpus, cache)


def test_the_published_checkpoint():
    full = PRESETS["full"]
    assert full.hub == "openai/whisper-large-v3"
    assert (full.size, full.phrasebook, full.ctc, full.asr) == (None, None, None, None)


def test_only_the_published_one_hears_windows():
    padded = {scale: preset.pad_to_window for scale, preset in PRESETS.items()}
    assert padded == {"smoke": False, "tiny": False, "lab": False, "full": True}


def test_a_checkpoint_in_the_published_layout_is_loaded(model, tmp_path):
    folder = tmp_path / "whisper-large-v3"
    model.save(folder)
    backbone = TrainedBackbone(recipe=PRESETS["full"], path=str(folder), stages=[], corpus=None)
    loaded = backbone.load()
    assert loaded.encoder.pad_to_window
    own = load_whisper(folder).state_dict()
    assert all(torch.equal(own[name], tensor) for name, tensor in loaded.state_dict().items())
