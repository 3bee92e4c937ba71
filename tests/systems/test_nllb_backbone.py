import dataclasses
import shutil
from pathlib import Path

import pytest
import torch

from lib.corpora.phrasebook import split_of
from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.languages import language
from lib.models.nllb import load_nllb
from lib.scales import SCALES, scaled_fields
from lib.systems import nllb_backbone as nllb
from lib.tasks import text_examples


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("nllb")


@pytest.fixture(scope="module")
def smoke(cache):
    return nllb.nllb_backbone("smoke", cache)


def test_scales_differ_in_declared_fields_only():
    assert tuple(nllb.PRESETS) == SCALES
    kept = [field.name for field in dataclasses.fields(nllb.NllbBackbone) if field.name not in scaled_fields(nllb.NllbBackbone)]
    assert kept == ["seed"] and len({recipe.seed for recipe in nllb.PRESETS.values()}) == 1


def test_smoke_from_its_recipe_to_a_translation(smoke):
    assert [(stage.stage, stage.updates) for stage in smoke.stages] == [("read", 3)]
    assert smoke.seen == ("est", "eng", "spa", "fra", "que", "mlt")
    model = load_nllb(smoke.path)
    chosen = text_examples([{"que": "2 punchawpi", "spa": "dentro de 2 días"}], [("que", "spa")])
    (said,) = decode(model, chosen, Collator(model), Search(2, longest=5))
    assert said.tokens > 0
    assert all(model.tokenizer.convert_tokens_to_ids(language(code).nllb) == model.language_id(code) for code in smoke.seen)


def test_it_is_found_again_and_not_trained_twice(smoke, cache, monkeypatch):
    ticks = []
    again = nllb.nllb_backbone("smoke", cache, watch=ticks.append)
    assert again == smoke and not ticks
    other = dataclasses.replace(nllb.PRESETS["smoke"], sentences=31)
    monkeypatch.setitem(nllb.PRESETS, "smoke", other)
    assert nllb.nllb_backbone("smoke", cache).path != smoke.path  # another recipe, another folder


def test_what_was_trained_before_a_kill_is_kept(cache):
    first = nllb.nllb_backbone("smoke", cache)
    weights = load_nllb(first.path).state_dict()
    shutil.rmtree(first.path)
    Path(first.path).with_name("stages.json").unlink()
    ticks = []
    again = load_nllb(nllb.nllb_backbone("smoke", cache, watch=ticks.append).path).state_dict()
    assert not ticks and all(torch.equal(weights[name], again[name]) for name in weights)


def test_the_same_recipe_gives_the_same_weights(smoke, tmp_path):
    again = load_nllb(nllb.nllb_backbone("smoke", tmp_path).path).state_dict()
    first = load_nllb(smoke.path).state_dict()
    assert first.keys() == again.keys() and all(torch.equal(first[name], again[name]) for name in first)


def test_full_names_the_published_checkpoint(cache):
    trained = nllb.nllb_backbone("full", cache)
    assert trained.path == "facebook/nllb-200-distilled-1.3B" and not trained.stages
    assert set("aeb bem fon gle bho est mlt mar que eng fra hin spa".split()) <= set(trained.seen)  # GMU's pairs
    assert "mdw" not in trained.seen


def test_what_it_reads_is_training_material_in_every_direction():
    books = nllb.PRESETS["tiny"].phrasebooks
    assert not any(book.spoken for book in books)
    assert all(split_of(content) == "train" for book in books for content in book.contents("train", 300))
    read = nllb.reading([sentence for book in books for sentence in book.sentences(300)], seed=1)
    assert len(read) == 2 * 300 * 4
    seen = nllb.PRESETS["tiny"].seen
    assert {(e.source, e.target) for e in read} == {(s, t) for s in seen for t in seen}


def test_a_language_with_few_items_takes_none_from_the_others():
    """CLDR has hardly a unit or currency in Maltese."""
    many, few = nllb.PRESETS["tiny"].phrasebooks

    def keys(book):
        return {(item.kind, item.key) for content in book.contents("train", 2000) for item in content}

    assert ("unit", "length-kilometer") in keys(many) - keys(few)
    assert ("currency", "USD") in keys(many) - keys(few)
    assert set(few.codes) - set(many.codes) == {"mlt"}
