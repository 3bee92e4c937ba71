"""Seamless saved, loaded, and read by plain transformers."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoProcessor, SeamlessM4TProcessor, SeamlessM4Tv2ForSpeechToText

from lib.corpora.audio import read_audio
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import Search, decode
from lib.models.seamless import load_seamless
from lib.tasks import ST, examples, text_examples
from tests.models.published import as_published
from tests.models.seamless import tables


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("test", "est"), ST, "eng")[:3]


@pytest.fixture(scope="module")
def text():
    return text_examples([{"est": "üks päev", "eng": "one day"}], [("est", "eng")])


@pytest.fixture(scope="module")
def untied_folder(untied, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seamless") / "untied"
    untied.save(folder)
    return folder


def test_saved_weights_are_safetensors(model, tmp_path):
    model.save(tmp_path / "m")
    assert [path.name for path in (tmp_path / "m").glob("*.safetensors")] == ["model.safetensors"]
    assert not list((tmp_path / "m").glob("*.bin"))


def test_a_saved_model_comes_back(model, collate, chosen, text, tmp_path):
    added = model.add_language("que")
    model.save(tmp_path / "m")
    loaded = load_seamless(tmp_path / "m").eval()
    for batch in (collate(chosen), collate(text)):
        assert torch.allclose(loaded.logits(batch), model.logits(batch), atol=1e-5)
    assert loaded.add_language("que") == added


def test_loading_without_text_encoder(model, tmp_path):
    model.save(tmp_path / "m")
    loaded = load_seamless(tmp_path / "m", text=False)
    assert loaded.text_encoder is None
    assert "text_encoder" not in loaded.parts


def test_the_published_class_finds_every_weight(model, tmp_path):
    model.save(tmp_path / "m")
    _, info = SeamlessM4Tv2ForSpeechToText.from_pretrained(
        tmp_path / "m", output_loading_info=True
    )
    assert not info["missing_keys"]
    assert not info["mismatched_keys"]


def test_a_tied_checkpoint_has_one_table(model, tmp_path):
    model.save(tmp_path / "m")
    names = load_file(tmp_path / "m" / "model.safetensors")
    assert [n for n in names if n.endswith(("shared.weight", "embed_tokens.weight"))] == [
        "shared.weight"
    ]
    assert "lm_head.weight" not in names


@torch.no_grad()
def test_plain_transformers_has_the_logits_of_an_untied_model(untied, untied_folder, chosen):
    batch = Collator(untied, FbankExtractor(4))(chosen)
    plain = SeamlessM4Tv2ForSpeechToText.from_pretrained(untied_folder).eval()
    for row in range(len(chosen)):  # one by one: plain transformers does not mask the padding
        length = int(batch.mask[row].sum())
        logits = plain(
            input_features=batch.speech[row : row + 1, :length],
            attention_mask=batch.mask[row : row + 1, :length],
            decoder_input_ids=batch.prefix[row : row + 1],
        ).logits
        assert torch.allclose(logits[0], untied.logits(batch)[row], atol=1e-4)


def test_the_configuration_says_that_the_head_is_untied(untied_folder):
    config = json.loads((untied_folder / "config.json").read_text())
    assert config["tie_word_embeddings"] is False


@pytest.mark.parametrize("with_text", [False, True])
def test_an_untied_model_comes_back(untied, untied_folder, chosen, text, with_text):
    loaded = load_seamless(untied_folder, text=with_text).eval()
    given = [chosen, text] if with_text else [chosen]
    for batch in map(Collator(untied, FbankExtractor(4)), given):
        assert torch.allclose(loaded.logits(batch), untied.logits(batch), atol=1e-5)
    assert loaded.untied


def test_a_loaded_untied_model_has_two_tables(untied_folder):
    assert len({id(table) for table in tables(load_seamless(untied_folder))}) == 2


@pytest.mark.parametrize("cls", [AutoProcessor, SeamlessM4TProcessor])
def test_the_processor_has_our_features(untied, untied_folder, chosen, cls):
    processor = cls.from_pretrained(untied_folder)
    samples = read_audio(chosen[0].audio)
    inputs = processor(audio=samples, sampling_rate=16_000, return_tensors="pt")
    features = FbankExtractor(untied.stack).compute(samples)
    assert torch.allclose(inputs["input_features"][0, : len(features)], features, atol=1e-3)


@torch.no_grad()
def test_plain_generate_gives_our_hypothesis(untied, untied_folder, chosen):
    processor = AutoProcessor.from_pretrained(untied_folder)
    plain = SeamlessM4Tv2ForSpeechToText.from_pretrained(untied_folder).eval()
    samples = read_audio(chosen[0].audio)
    inputs = processor(audio=samples, sampling_rate=16_000, return_tensors="pt")
    tokens = plain.generate(**inputs, tgt_lang="eng", num_beams=2, max_new_tokens=10)
    search = Search(beams=2, max_new_tokens=10)
    (ours,) = decode(untied, chosen[:1], Collator(untied, FbankExtractor(4)), search)
    assert processor.decode(tokens[0], skip_special_tokens=True) == ours.text


def test_separate_text_embeddings_cannot_be_saved(model, tmp_path):
    model.separate_text_embeddings()
    with torch.no_grad():
        model.speech.shared.weight.add_(1)
    with pytest.raises(ValueError, match="one table of embeddings"):
        model.save(tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.fixture
def saved(model, tmp_path):
    """A folder, its weights, and the name of one of them."""
    model.save(tmp_path / "m")
    state = load_file(as_published(tmp_path / "m") / "model.safetensors")
    name = next(name for name in state if "text_decoder.layers.0.ffn.fc1" in name)
    return tmp_path / "m", state, name


def rewrite(folder, state):
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})


def test_a_missing_weight_is_refused(saved):
    folder, state, name = saved
    rewrite(folder, {key: tensor for key, tensor in state.items() if key != name})
    with pytest.raises(ValueError, match=f"lacks 1 weights of SeamlessM4Tv2.*: {name}"):
        load_seamless(folder)


def test_a_weight_of_another_shape_is_refused(saved):
    folder, state, name = saved
    rewrite(folder, state | {name: state[name][:-1].clone()})
    message = f"has in another shape 1 weights of SeamlessM4Tv2ForSpeechToText: {name}"
    with pytest.raises(ValueError, match=message):
        load_seamless(folder)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="no Seamless checkpoint at .*nothing"):
        load_seamless(tmp_path / "nothing")
