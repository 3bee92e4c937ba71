import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoProcessor,
    SeamlessM4TProcessor,
    SeamlessM4Tv2Config,
    SeamlessM4Tv2ForSpeechToText,
    SeamlessM4Tv2ForTextToText,
)

from lib.corpora.audio import read_audio
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import Search, decode
from lib.models.seamless import Seamless, build_seamless, load_seamless
from lib.tasks import ST, examples, text_examples
from lib.training.stages import freeze
from tests.conftest import SMALL_SIZE
from tests.models.published import as_published

LANGUAGES = ["est", "eng", "spa"]


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("test", "est"), ST, "eng")[:3]


@pytest.fixture(scope="module")
def text():
    return text_examples([{"est": "üks päev", "eng": "one day"}], [("est", "eng")])


def build(tokenizer, seed):
    return build_seamless(SMALL_SIZE, tokenizer, LANGUAGES, seed).eval()


def move_head(model):
    """Untie the head and give it other weights than the embeddings."""
    model.untie_head()
    with torch.no_grad():
        noise = torch.Generator().manual_seed(0)
        model.speech.lm_head.weight.add_(torch.randn(32, generator=noise))
    return model


@pytest.fixture(scope="module")
def untied(tokenizer):
    return move_head(build(tokenizer, seed=3))


@pytest.fixture(scope="module")
def untied_folder(untied, tmp_path_factory):
    folder = tmp_path_factory.mktemp("seamless") / "untied"
    untied.save(folder)
    return folder


# ---- parameters at full size; figures from GMU's logs, in millions ----


def full_size(tokenizer, text):
    with torch.device("meta"):
        speech = SeamlessM4Tv2ForSpeechToText(SeamlessM4Tv2Config())
        text_model = SeamlessM4Tv2ForTextToText(SeamlessM4Tv2Config()) if text else None
        return Seamless(speech, text_model, tokenizer)


def millions(model, trainable_only=False):
    counted = [p for p in model.parameters() if p.requires_grad or not trainable_only]
    return sum(parameter.numel() for parameter in counted) / 1e6


def test_parameters_of_speech_translation(tokenizer):
    assert millions(full_size(tokenizer, text=False)) == pytest.approx(1501.84, abs=0.01)


def test_parameters_with_an_untied_head(tokenizer):
    model = full_size(tokenizer, text=False)
    with torch.device("meta"):
        model.untie_head()
    assert millions(model) == pytest.approx(1764.09, abs=0.01)


def test_parameters_of_multi_task_training(tokenizer):
    model = full_size(tokenizer, text=True)
    with torch.device("meta"):
        model.untie_head()
        model.separate_text_embeddings()
    freeze(model, ("text_encoder",))
    assert millions(model) == pytest.approx(2530.08, abs=0.01)
    assert millions(model, trainable_only=True) == pytest.approx(1764.09, abs=0.01)


def test_parameters_of_text_translation(tokenizer):
    model = full_size(tokenizer, text=True)
    freeze(model, ("speech_encoder",))
    assert millions(model, trainable_only=True) == pytest.approx(1370.53, abs=0.01)


def test_parameters_of_hugging_faces_text_model():
    with torch.device("meta"):
        model = SeamlessM4Tv2ForTextToText(SeamlessM4Tv2Config())
    assert millions(model) == pytest.approx(1370.53, abs=0.01)


# ---- shared weights ----


def tables(model):
    speech = model.speech
    modules = [speech.shared, speech.text_decoder.embed_tokens, speech.lm_head]
    return [*(module.weight for module in modules), model.text_encoder.embed_tokens.weight]


def test_text_and_speech_share_one_decoder(model):
    assert model.text_model.text_decoder is model.speech.text_decoder


def test_embeddings_and_head_are_one_table(model):
    assert len({id(table) for table in tables(model)}) == 1


def test_only_the_encoders_embeddings_are_scaled(model):
    assert model.text_encoder.embed_tokens.embed_scale == pytest.approx(32**0.5)
    assert not hasattr(model.speech.shared, "embed_scale")


def test_untied_and_separate_tables(model):
    model.untie_head()
    model.separate_text_embeddings()
    shared, decoder, head, text = tables(model)
    assert decoder is shared
    assert len({id(table) for table in (shared, head, text)}) == 3


def test_untied_weights_are_equal_at_first(model, collate, chosen):
    batch = collate(chosen)
    before = model.logits(batch)
    model.untie_head()
    model.separate_text_embeddings()
    assert torch.equal(model.logits(batch), before)


def test_untied(model):
    assert not model.untied
    model.untie_head()
    assert model.untied


# ---- random weights ----


def randomized(tokenizer, seed):
    model = build(tokenizer, seed=3)
    model.randomize(seed)
    return model


def trained_weights(model):
    """Weights of the speech model that do not begin as zeros or ones, whatever the seed."""
    named = model.speech.named_parameters()
    return {name: p for name, p in named if p.unique().numel() > 1}


def test_randomizing_draws_every_weight_anew(tokenizer, model):
    before, after = trained_weights(model), trained_weights(randomized(tokenizer, 5))
    assert before.keys() == after.keys()
    assert [name for name in before if torch.equal(before[name], after[name])] == []


def test_randomizing_undoes_training_of_every_weight(tokenizer):
    """Also of those that begin as zeros or ones."""
    fresh, trained = randomized(tokenizer, 5), build(tokenizer, seed=3)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.add_(1.0)
    trained.randomize(5)
    expected = fresh.speech.state_dict()
    found = trained.speech.state_dict()
    assert [name for name in found if not torch.equal(found[name], expected[name])] == []


@pytest.mark.parametrize("seed, same", [(5, True), (6, False)])
def test_random_weights_depend_on_the_seed(tokenizer, seed, same):
    one, other = (trained_weights(randomized(tokenizer, s)) for s in (5, seed))
    assert {torch.equal(one[name], other[name]) for name in one} == {same}


def test_randomizing_leaves_the_random_generator_as_it_was(model):
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    model.randomize(5)
    assert torch.equal(torch.rand(3), expected)


def test_random_embeddings_are_shared(model):
    model.randomize(5)
    shared = model.speech.shared.weight
    assert model.speech.lm_head.weight is shared
    assert model.speech.text_decoder.embed_tokens.weight is shared
    assert model.text_encoder.embed_tokens.weight is shared


def test_a_randomized_model_keeps_its_languages(model, collate, chosen):
    before = [model.add_language(code) for code in LANGUAGES]
    model.randomize(5)
    assert [model.add_language(code) for code in LANGUAGES] == before
    assert torch.isfinite(model.logits(collate(chosen))).all()


def test_parts_cover_all_parameters(model):
    prefixes = tuple(f"{prefix}." for part in model.parts.values() for prefix in part)
    assert [name for name in model.state_dict() if not name.startswith(prefixes)] == []


def test_a_model_without_text_encoder_refuses_text(tokenizer, collate, text):
    speech = build(tokenizer, seed=3).speech
    with pytest.raises(ValueError, match="text=True"):
        Seamless(speech, None, tokenizer).logits(collate(text))


# ---- dropout ----


def dropout_rates(model):
    adaptor = model.speech.speech_encoder.adapter.layers[0]
    return {
        "decoder feed-forward": model.speech.text_decoder.layers[0].ffn_dropout.p,
        "adaptor attention": adaptor.self_attn.dropout.p,
        "adaptor feed-forward, inner": adaptor.ffn.intermediate_dropout.p,
        "adaptor feed-forward, output": adaptor.ffn.output_dropout.p,
    }


def test_hugging_faces_dropout(model):
    assert list(dropout_rates(model).values()) == [0.0, 0.0, 0.1, 0.1]


def test_official_dropout(model):
    """GMU, appendix A."""
    model.apply_official_dropout()
    assert list(dropout_rates(model).values()) == [0.1, 0.1, 0.0, 0.1]


# ---- independence of the batch ----


@torch.no_grad()
def test_states_and_logits_do_not_depend_on_the_batch(model, collate, corpus):
    """Hugging Face's length adaptor lets padding in, so it is masked here."""
    given = sorted(examples(corpus.split("train", "est"), ST, "eng"), key=lambda e: e.seconds)
    given = [given[0], given[len(given) // 2], given[-1]]
    batch = collate(given)
    states, mask = model.encode_speech(batch.speech, batch.mask)
    logits = model.decode(states, mask, batch.prefix)
    for row, example in enumerate(given):
        single = collate([example])
        alone, alone_mask = model.encode_speech(single.speech, single.mask)
        real = int(alone_mask.sum())
        assert mask[row].sum() == real
        assert torch.allclose(states[row, :real], alone[0, :real], atol=1e-4)
        alone_logits = model.decode(alone, alone_mask, single.prefix)[0]
        assert torch.allclose(logits[row, : len(alone_logits)], alone_logits, atol=1e-4)


# ---- languages ----


def test_a_new_language_takes_a_spare_row(model):
    known = len(model.tokenizer)
    token_id = model.add_language("que")
    assert known <= token_id < model.config.vocab_size
    assert model.speech.shared.num_embeddings == model.config.vocab_size
    assert model.tokenizer.encode("__que__ tak", add_special_tokens=False)[0] == token_id


def test_generate_knows_a_new_language(model):
    token_id = model.add_language("que")
    assert model.speech.generation_config.text_decoder_lang_to_code_id["que"] == token_id


def test_a_known_language_keeps_its_id(model):
    assert model.add_language("est") < len(model.tokenizer)
    assert model.add_language("est") == model.tokenizer.convert_tokens_to_ids("__est__")


# ---- initialisation from trained parts ----


def equal_parameters(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture(scope="module")
def source(tokenizer):
    """A model with other weights than the fixture `model`."""
    return build(tokenizer, seed=4)


def test_start_from_an_encoder(model, source):
    model.start_from(encoder=source)
    assert equal_parameters(model.speech.speech_encoder, source.speech.speech_encoder)
    assert not equal_parameters(model.speech.text_decoder, source.speech.text_decoder)


def test_start_from_a_decoder(model, source):
    model.start_from(decoder=source)
    assert equal_parameters(model.speech.text_decoder, source.speech.text_decoder)
    assert equal_parameters(model.text_encoder, source.text_encoder)
    assert torch.equal(model.speech.lm_head.weight, source.speech.lm_head.weight)
    assert not equal_parameters(model.speech.speech_encoder, source.speech.speech_encoder)


def test_start_from_a_model_without_text_encoder(model, source, tokenizer):
    before = model.text_encoder.layers[0].ffn.fc1.weight.clone()
    model.start_from(decoder=Seamless(source.speech, None, tokenizer))
    assert equal_parameters(model.speech.text_decoder, source.speech.text_decoder)
    assert torch.equal(model.text_encoder.layers[0].ffn.fc1.weight, before)


def test_a_tied_target_takes_the_embeddings_and_not_the_untied_head(model, untied):
    model.start_from(decoder=untied)
    assert not model.untied
    assert torch.equal(model.speech.shared.weight, untied.speech.shared.weight)
    assert torch.equal(model.speech.lm_head.weight, untied.speech.shared.weight)


def test_an_untied_target_takes_the_trained_head(model, untied):
    model.untie_head()
    model.start_from(decoder=untied)
    assert torch.equal(model.speech.lm_head.weight, untied.speech.lm_head.weight)
    assert torch.equal(model.speech.shared.weight, untied.speech.shared.weight)


def test_an_untied_target_of_a_tied_source_has_its_embeddings_as_head(model, source):
    move_head(model)
    model.start_from(decoder=source)
    assert model.untied
    assert torch.equal(model.speech.lm_head.weight, source.speech.shared.weight)


def test_starting_keeps_the_tables_apart(model, untied):
    model.untie_head()
    model.separate_text_embeddings()
    model.start_from(decoder=untied)
    assert len({id(table) for table in tables(model)}) == 3


# ---- saving and loading ----


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
