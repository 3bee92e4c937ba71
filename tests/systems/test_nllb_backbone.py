import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from lib.corpora.phrasebook import split_of
from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.languages import language
from lib.models.nllb import load_nllb
from lib.systems.backbones import get_backbone
from lib.systems.gmu.pairs import STUDY
from lib.systems.nllb_backbone import PRESETS, draw_directions
from lib.tasks import text_examples


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("nllb")


@pytest.fixture(scope="module")
def smoke(cache):
    return get_backbone("nllb", "smoke", cache)


@pytest.fixture(scope="module")
def model(smoke):
    return smoke.load()


def equal_weights(one, other):
    first, second = (load_nllb(path).state_dict() for path in (one, other))
    return [name for name in first if not torch.equal(first[name], second[name])] == []


def test_its_one_stage(smoke):
    assert [(stage.stage, stage.updates) for stage in smoke.stages] == [("text", 3)]


def test_its_languages(smoke):
    assert smoke.seen == ("est", "eng", "spa", "fra", "que", "mlt", "gle", "swa")


def test_its_language_tokens_are_nllbs(smoke, model):
    ids = [model.add_language(code) for code in smoke.seen]
    tokens = [language(code).nllb for code in smoke.seen]
    assert model.tokenizer.convert_ids_to_tokens(ids) == tokens


def test_it_translates(model):
    sentence = {"que": "2 punchawpi", "spa": "dentro de 2 días"}
    given = text_examples([sentence], [("que", "spa")])
    (found,) = decode(model, given, Collator(model), Search(beams=2, max_new_tokens=5))
    assert found.tokens > 0


def test_it_is_found_again_and_not_trained_twice(smoke, cache):
    calls = []
    assert get_backbone("nllb", "smoke", cache, callback=calls.append) == smoke
    assert not calls


def test_another_recipe_has_another_folder(smoke, cache):
    other = replace(PRESETS["smoke"], sentences=31)
    assert other.folder(None, cache) != Path(smoke.path).parent


def test_what_was_trained_before_a_kill_is_kept(smoke, cache, tmp_path):
    """Killed after the last stage, before the model was saved."""
    folder = Path(smoke.path).parent
    shutil.copytree(folder, tmp_path / folder.name)
    shutil.rmtree(tmp_path / folder.name / "model")
    (tmp_path / folder.name / "stages.json").unlink()
    calls = []
    again = get_backbone("nllb", "smoke", tmp_path, callback=calls.append)
    assert not calls
    assert equal_weights(again.path, smoke.path)


def test_the_same_recipe_gives_the_same_weights(smoke, tmp_path):
    assert equal_weights(get_backbone("nllb", "smoke", tmp_path).path, smoke.path)


def test_the_published_checkpoint():
    assert PRESETS["full"].hub == "facebook/nllb-200-distilled-1.3B"


def test_the_published_backbone_knows_gmus_languages():
    gmus = "aeb bem fon gle bho est mlt mar que eng fra hin spa".split()
    assert set(gmus) <= set(PRESETS["full"].seen)
    assert "mdw" not in PRESETS["full"].seen


BOOKS = PRESETS["tiny"].phrasebooks
SEPARATE = ("mlt", "gle", "swa")  # each with a phrasebook of its own


def test_nothing_of_its_texts_is_spoken():
    assert [book.spoken for book in BOOKS] == [()] * len(BOOKS)


@pytest.mark.parametrize("book", BOOKS, ids=["common", *SEPARATE])
def test_its_texts_are_training_contents(book):
    assert {split_of(content) for content in book.contents("train", 300)} == {"train"}


def test_each_sentence_is_drawn_in_four_directions():
    sentences = [sentence for book in BOOKS for sentence in book.sentences(300)]
    drawn, seen = draw_directions(sentences, seed=1), PRESETS["tiny"].seen
    assert len(drawn) == len(BOOKS) * 300 * 4
    common = set(seen) - set(SEPARATE)  # no sentence is in two of the separate ones
    together = [common | {code} for code in SEPARATE]
    assert {(e.source, e.target) for e in drawn} == {
        (s, t) for codes in together for s in codes for t in codes
    }


def items(book):
    return {(item.kind, item.key) for content in book.contents("train", 2000) for item in content}


@pytest.mark.parametrize("item", [("unit", "length-kilometer"), ("currency", "USD")])
def test_a_language_with_few_items_takes_none_from_the_others(item):
    """CLDR has hardly any units and currencies in Maltese."""
    common, with_maltese, *_ = BOOKS
    assert item in items(common)
    assert item not in items(with_maltese)


def test_each_further_phrasebook_adds_a_language():
    common, *further = BOOKS
    assert [set(book.codes) - set(common.codes) for book in further] == [{c} for c in SEPARATE]


def test_the_study_is_in_its_languages():
    languages = {code for pair in STUDY for code in pair}
    assert languages <= set(PRESETS["tiny"].seen)
