"""LLM-SRT's language model: its texts and their wordings, trained at smoke and loaded."""

from collections import Counter
from dataclasses import replace

import pytest

from lib.corpora.phrasebook import split_of
from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.systems.backbones import TrainedBackbone, backbone_recipe, get_backbone
from lib.systems.llm_srt.language_model import PRESETS, WORDINGS, prompted
from lib.systems.llm_srt.prompts import has_tag
from lib.systems.whisper_backbone import LANGUAGES
from lib.systems.wordings import INSTRUCTION, TAGS
from lib.tasks import text_examples

SENTENCE = {"eng": "2 days", "deu": "2 Tage"}


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("srt_qwen")


@pytest.fixture(scope="module")
def smoke(cache):
    return get_backbone("srt_qwen", "smoke", cache)


@pytest.fixture(scope="module")
def texts():
    return replace(PRESETS["smoke"], contents=400).text_examples()


def asked(wording, source="eng", target="deu"):
    return prompted(text_examples([SENTENCE], [(source, target)])[0], wording).prompt


@pytest.mark.parametrize(
    "wording, translating, copying",
    [
        ("named", "\nGerman:\n", "\nEnglish:\n"),
        (TAGS, "<|eng|><|deu|>", "<|eng|>"),
        (
            INSTRUCTION,
            "\nTranslate it from English into German:\n",
            "\nTranscribe the speech in English:\n",
        ),
    ],
)
def test_prompts(wording, translating, copying):
    assert asked(wording) == translating
    assert asked(wording, target="eng") == copying


def test_every_direction_is_asked_for_in_every_wording(texts):
    found = {(e.source, e.target, e.prompt) for e in texts}
    assert {(s, t) for s, t, _ in found} == {(s, t) for s in LANGUAGES for t in LANGUAGES}
    assert len(found) == len(LANGUAGES) ** 2 * len(WORDINGS)


def test_each_wording_has_a_third_of_the_texts(texts):
    count = Counter("tags" if has_tag([e.prompt]) else e.prompt[:6] for e in texts)
    assert count["tags"] / len(texts) == pytest.approx(1 / 3, abs=0.05)


def test_each_content_is_drawn_in_four_directions_with_names_of_their_own(texts):
    assert len(texts) == 4 * 400
    assert len({example.id for example in texts}) == len(texts)


def test_it_writes_no_answer_with_tags_and_reads_none(texts):
    """A text with transcript and translation is what the third stage has to teach."""
    assert not has_tag(text for e in texts for text in (e.source_text, e.target_text))


def test_its_texts_are_training_contents():
    book = PRESETS["tiny"].phrasebook
    assert {split_of(content) for content in book.contents("train", 300)} == {"train"}
    assert book.spoken == ()


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_texts_are_drawn_from_the_seed(seed, same):
    smoke = PRESETS["smoke"]
    assert (replace(smoke, seed=seed).text_examples() == smoke.text_examples()) is same


def test_its_languages_are_those_of_the_whisper():
    assert {preset.seen for preset in PRESETS.values() if preset.phrasebook} == {LANGUAGES}


def test_the_published_checkpoint():
    full = PRESETS["full"]
    assert full.hub == "Qwen/Qwen2.5-3B"
    assert (full.size, full.phrasebook, full.text) == (None, None, None)


def test_it_is_found_by_its_kind():
    assert backbone_recipe("srt_qwen", "tiny") is PRESETS["tiny"]


def test_smoke_trains_and_translates_text(smoke):
    assert [(stage.stage, stage.updates) for stage in smoke.stages] == [("text", 3)]
    model = smoke.load()
    given = [prompted(e, TAGS) for e in text_examples([SENTENCE], [("eng", "deu")])]
    (found,) = decode(model, given, Collator(model), Search(beams=2, max_new_tokens=5))
    assert found.tokens > 0


def test_it_is_found_again_and_not_trained_twice(smoke, cache):
    calls = []
    assert get_backbone("srt_qwen", "smoke", cache, callback=calls.append) == smoke
    assert not calls


def test_a_checkpoint_in_the_published_layout_is_loaded(smoke):
    """A folder of transformers alone."""
    model = smoke.load()
    folder = f"{smoke.path}/language_model"
    backbone = TrainedBackbone(recipe=PRESETS["full"], path=folder, stages=[], corpus=None)
    loaded = backbone.load()
    assert loaded.tokenizer.get_vocab() == model.tokenizer.get_vocab()
    assert loaded.state_dict().keys() == model.state_dict().keys()
