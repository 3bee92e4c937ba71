"""NLLB saved and loaded, also from a folder in the published layout."""

import json

import pytest
import torch
from transformers import NllbTokenizerFast

from lib.data.collate import Collator
from lib.models.nllb import load_nllb
from lib.models.tokenizer import text_ids
from lib.tasks import text_examples
from tests.models.conftest import NLLB
from tests.models.published import as_published


def test_saved_weights_are_safetensors(nllb, tmp_path):
    nllb.save(tmp_path / "m")
    assert [path.name for path in (tmp_path / "m").glob("*.safetensors")] == ["model.safetensors"]
    assert not list((tmp_path / "m").glob("*.bin"))


def test_a_saved_model_comes_back(nllb, spec, tmp_path):
    chosen = text_examples(spec.sentences(4), [("est", "eng"), ("que", "spa")])
    added = nllb.add_language("mlt")
    nllb.save(tmp_path / "m")
    loaded = load_nllb(tmp_path / "m").eval()
    batch, again = Collator(nllb)(chosen), Collator(loaded)(chosen)
    for name in ("text", "prefix", "labels"):
        assert torch.equal(getattr(again, name), getattr(batch, name))
    assert torch.equal(loaded.logits(batch), nllb.logits(batch))
    assert loaded.add_language("mlt") == added
    assert len(loaded.tokenizer) == len(nllb.tokenizer)


@pytest.fixture
def published_layout(nllb, tmp_path):
    """A folder as the hub's: tokenizer.json has the ids, tokenizer_config.json does not."""
    nllb.save(tmp_path / "m")
    NllbTokenizerFast.from_pretrained(tmp_path / "m").save_pretrained(tmp_path / "m")
    path = as_published(tmp_path / "m") / "tokenizer_config.json"
    config = json.loads(path.read_text())
    del config["added_tokens_decoder"]
    path.write_text(json.dumps(config))
    (tmp_path / "m" / "added_tokens.json").unlink(missing_ok=True)
    return tmp_path / "m"


def test_a_folder_in_the_published_layout_has_the_same_ids(nllb, published_layout):
    tokenizer, text = load_nllb(published_layout).tokenizer, "üks päev, 12"
    assert tokenizer.get_vocab() == nllb.tokenizer.get_vocab()
    assert text_ids(tokenizer, text) == text_ids(nllb.tokenizer, text)


def test_a_tokenizer_without_the_ids_of_languages_is_refused(published_layout):
    (published_layout / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match="<mask> at the id of the first language"):
        load_nllb(published_layout)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="no NLLB checkpoint at .*nothing"):
        load_nllb(tmp_path / "nothing")


def test_a_tokenizer_with_more_tokens_than_rows_is_refused(nllb, tmp_path):
    nllb.tokenizer.add_tokens([f"word{number}" for number in range(NLLB.spare_rows + 1)])
    nllb.save(tmp_path / "m")
    with pytest.raises(ValueError, match=r"\d+ tokens of the tokenizer, \d+ embedding rows"):
        load_nllb(tmp_path / "m")
