"""The model of zero resource: a w2v-BERT, an average over its layers, convolutions and an MT5."""

import json
from dataclasses import asdict, replace

import pytest
import torch
from transformers import T5TokenizerFast

from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.models.bridges.conv_adapter import ConvAdapterConfig
from lib.models.bridges.layer_average import LAST, LayerAverageConfig
from lib.models.lora import Lora
from lib.models.mt5 import MT5Size, build_mt5, train_mt5_tokenizer
from lib.models.protocol import part_names
from lib.models.speech_lm.loading import adapt_language_model, join_speech_lm, load_speech_lm
from lib.models.w2v_bert import W2vBertSize, build_w2v_bert
from lib.systems.zero_resource.prompts import FIXED, PARAPHRASED, with_prompt
from lib.tasks import ASR, ST, examples
from lib.training.encoder_states import EncoderStateCache
from lib.training.objectives import Seq2SeqObjective

SIZE = MT5Size(hidden=32, heads=2, layers=2, feed_forward=64, subwords=400)
ENCODER = W2vBertSize(hidden=32, heads=2, layers=3, feed_forward=64, stack=4)
BRIDGE = LayerAverageConfig(bridge=ConvAdapterConfig())
LORA = Lora(rank=4, alpha=8, dropout=0.0, targets=("q", "v"))
SEARCH = Search(beams=2, max_new_tokens=8)


@pytest.fixture(scope="module")
def tokenizer_folder(spec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mt5") / "tokenizer"
    texts = [text for sentence in spec.sentences(200) for text in sentence.values()]
    train_mt5_tokenizer(texts, SIZE.subwords, folder)
    return folder


@pytest.fixture(scope="module")
def build_lm(tokenizer_folder):
    """`build_lm(bridge)`: in eval mode; a learned average's layers have unequal weights."""

    def build_lm(bridge=BRIDGE):
        tokenizer = T5TokenizerFast.from_pretrained(tokenizer_folder)
        encoder, language_model = build_w2v_bert(ENCODER, seed=3), build_mt5(SIZE, tokenizer, 2)
        model = join_speech_lm(encoder, language_model, tokenizer, bridge, seed=1)
        with torch.no_grad():
            for name, parameter in model.bridge.named_parameters():
                if name == "logits":
                    parameter.copy_(torch.tensor([0.5, 1.0, -0.5]))
                if name.endswith("bias"):  # biases of zero would hide errors of padding
                    parameter.normal_(std=0.4, generator=torch.Generator().manual_seed(1))
        return model.eval()

    return build_lm


@pytest.fixture(scope="module")
def plain(build_lm):
    """A model that tests must not change."""
    return build_lm()


@pytest.fixture(scope="module")
def given(corpus):
    """Clips of unequal length, to be transcribed and translated, with prompts of unequal length."""
    clips = sorted(corpus.split("train", "eng"), key=lambda clip: clip.seconds)[::5][:4]
    wanted = [with_prompt(example, PARAPHRASED) for example in examples(clips, ASR)]
    wanted[1::2] = [with_prompt(example, FIXED) for example in examples(clips, ST, "spa")[1::2]]
    assert len({round(e.seconds, 1) for e in wanted}) > 2
    return wanted


def collator(model):
    return Collator(model, model.feature_extractor(30.0))


def close(one, other, atol=2e-5):
    return torch.allclose(one, other, atol=atol)


# ---- a batch ----


@torch.no_grad()
@pytest.mark.parametrize("reverse", [False, True])
def test_logits_do_not_depend_on_other_rows(plain, given, reverse):
    given, collate = given[:: -1 if reverse else 1], collator(plain)
    for row, example in zip(plain.logits(collate(given)), given, strict=True):
        alone = plain.logits(collate([example]))[0]
        assert close(row[: len(alone)], alone)


@torch.no_grad()
def test_what_padded_frames_hold_does_not_matter(plain, given):
    batch = collator(plain)(given)
    noisy = batch.speech.masked_fill(~batch.speech_mask.bool().unsqueeze(-1), 3.0)
    assert not torch.equal(noisy, batch.speech)
    real = batch.prefix_mask.bool()
    found = plain.logits(replace(batch, speech=noisy))
    assert close(found[real], plain.logits(batch)[real])


@pytest.mark.parametrize("beams", [1, 3])
def test_a_batch_gives_what_single_examples_give(plain, given, beams):
    search, collate = replace(SEARCH, beams=beams), collator(plain)
    alone = [decode(plain, [example], collate, search)[0] for example in given]
    together = decode(plain, given, collate, search)
    assert [h.text for h in together] == [h.text for h in alone]
    assert [h.score for h in together] == pytest.approx([h.score for h in alone], abs=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("layers, changes", [("1", False), (LAST, True)])
def test_the_language_model_hears_the_layers_that_are_wanted(build_lm, given, layers, changes):
    """Nothing behind the first layer reaches it where only the first is heard."""
    model = build_lm(replace(BRIDGE, weights=layers))
    batch = collator(model)(given)
    before = model.logits(batch)
    for parameter in model.encoder.model.encoder.layers[-1].parameters():
        parameter.mul_(1.5)
    assert close(model.logits(batch), before, atol=1e-5) is (not changes)


# ---- files ----


@torch.no_grad()
def test_it_is_loaded_as_it_was_saved(plain, given, tmp_path):
    plain.save(tmp_path / "model")
    loaded = load_speech_lm(tmp_path / "model")
    own = loaded.state_dict()
    assert own.keys() == plain.state_dict().keys()
    assert all(torch.equal(own[name], tensor) for name, tensor in plain.state_dict().items())
    assert loaded.bridge.config == BRIDGE
    batch, again = collator(plain)(given), collator(loaded)(given)
    assert torch.equal(loaded.logits(again), plain.logits(batch))
    one, other = (decode(m, given, collator(m), SEARCH) for m in (plain, loaded))
    assert one == other


@torch.no_grad()
def test_adapters_are_saved_merged(build_lm, plain, given, tmp_path):
    model = build_lm()
    adapt_language_model(model, LORA, seed=1)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.3, generator=torch.Generator().manual_seed(1))
    model.save(tmp_path / "model")
    loaded, batch = load_speech_lm(tmp_path / "model"), collator(model)(given)
    assert close(loaded.logits(batch), model.logits(batch), atol=1e-4)
    assert not close(plain.logits(batch), model.logits(batch), atol=1e-2)
    assert loaded.state_dict().keys() == plain.state_dict().keys()


# ---- encoder states on disk ----


def loss(model, batch, cache=None):
    return float(Seq2SeqObjective(model, label_smoothing=0.0, state_cache=cache)(batch).total)


@torch.no_grad()
def test_stored_states_of_all_layers_give_the_same_loss(plain, given, tmp_path):
    collate = collator(plain)
    cache = EncoderStateCache(tmp_path, plain)
    cache(collate(given[:2]))  # in another batch
    assert loss(plain, collate(given), cache) == pytest.approx(loss(plain, collate(given)), 1e-5)
    filled = EncoderStateCache(tmp_path, plain)
    assert loss(plain, collate(given), filled) == loss(plain, collate(given), cache)
    assert (cache.computed, filled.computed) == (len(given), 0)


@torch.no_grad()
def test_states_of_all_layers_and_of_the_last_are_stored_apart(build_lm, plain, given, tmp_path):
    """The weights of the encoders are the same, and so may the folder be."""
    alone = build_lm(ConvAdapterConfig())
    batch = collator(plain)(given)
    widths = [
        EncoderStateCache(tmp_path, model)(batch).states.shape[-1] for model in (plain, alone)
    ]
    assert widths == [3 * ENCODER.hidden, ENCODER.hidden]
    names = sorted(path.stem for path in tmp_path.glob("*.bin"))
    assert names[1] == f"{names[0]}-layers"


# ---- adapters of the language model ----


@pytest.fixture
def adapted(build_lm):
    model = build_lm()
    adapt_language_model(model, LORA, seed=1)
    return model


def test_all_three_kinds_of_attention_get_adapters(adapted):
    found = {name.rpartition(".lora_A")[0] for name in adapted.parts["lora"] if "lora_A" in name}
    attentions = (
        "encoder.block.{}.layer.0.SelfAttention",
        "decoder.block.{}.layer.0.SelfAttention",
        "decoder.block.{}.layer.1.EncDecAttention",
    )
    names = [name.format(number) for name in attentions for number in range(SIZE.layers)]
    assert found == {f"language_model.{name}.{target}" for name in names for target in "qv"}


def test_adapters_have_two_matrices_for_each_target(adapted):
    """Rank x width and back, for 2 projections in 3 attentions of 2 layers."""
    names = [n for n in part_names(adapted, "lora") if n in dict(adapted.named_parameters())]
    count = sum(adapted.get_parameter(name).numel() for name in names)
    assert count == 2 * LORA.rank * SIZE.hidden * 2 * (3 * SIZE.layers)
    assert set(names) == {name for name, _ in adapted.named_parameters() if "lora_" in name}


@torch.no_grad()
def test_outputs_do_not_change_at_first(adapted, plain, given):
    batch = collator(plain)(given)
    assert torch.equal(adapted.logits(batch), plain.logits(batch))


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_adapters_are_drawn_from_the_seed(build_lm, adapted, seed, same):
    other, before = build_lm(), torch.get_rng_state()
    adapt_language_model(other, LORA, seed=seed)
    assert torch.equal(torch.get_rng_state(), before)
    name = "language_model.encoder.block.0.layer.0.SelfAttention.q.lora_A.default.weight"
    assert torch.equal(other.get_parameter(name), adapted.get_parameter(name)) is same


def test_neither_encoder_nor_bridge_gets_adapters(build_lm):
    """Though a layer of the encoder has a name that is wanted."""
    model = build_lm()
    assert any(name.endswith(".linear_q") for name, _ in model.encoder.named_modules())
    adapt_language_model(model, replace(LORA, targets=("q", "linear_q")), seed=1)
    assert all(name.startswith("language_model.") for name in model.parts["lora"])


def test_sizes_of_adapters_are_read_as_they_were_written():
    assert Lora.of(json.loads(json.dumps(asdict(LORA)))) == LORA
