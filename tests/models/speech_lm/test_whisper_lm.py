"""A speech language model with a Whisper and each kind of bridge."""

from dataclasses import replace

import pytest
import torch
from transformers import AutoModelForCausalLM

from lib.decoding import Search, decode
from lib.models.bridges.frame_stacking import FrameStackingConfig
from lib.models.bridges.q_former import QFormerConfig
from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.lora import add_lora
from lib.models.protocol import TranslationModel, part_names
from lib.models.speech_lm.loading import load_speech_lm
from lib.systems.it_ist.recipe import FROZEN
from lib.training.encoder_states import encoder_state_cache
from lib.training.stages import Stage

Q_FORMER = QFormerConfig(queries=5, layers=2, width=16, heads=2, feed_forward=32)
BRIDGES = {
    "q_former": Q_FORMER,
    "windows": replace(Q_FORMER, window=17),
    "frame_stacking": FrameStackingConfig(hidden=16),
    "strided_conv": StridedConvConfig(),
    "before_encoder": StridedConvConfig(before_encoder=True),
}
ALIGN = Stage(
    name="align", updates=1, learning_rate=1e-3, warmup_updates=1, batch_seconds=9.0, frozen=FROZEN
)
LORA = {"rank": 4, "alpha": 8, "targets": ("q_proj", "v_proj")}
STEPS = 6


@pytest.fixture(scope="module", params=BRIDGES)
def each(request, build_whisper_lm):
    """A model with each kind of bridge, which tests must not change."""
    return build_whisper_lm(BRIDGES[request.param])


def close(one, other, atol=2e-5):
    return torch.allclose(one, other, atol=atol)


def adapt(model, std=0.3):
    """Add adapters that change outputs."""
    add_lora(model.language_model, **LORA)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=std, generator=torch.Generator().manual_seed(1))
    return model


def texts(model, collate, given, beams=2):
    found = decode(model, given, collate, Search(beams=beams, max_new_tokens=STEPS))
    return [(h.text, h.tokens, pytest.approx(h.score, abs=1e-4)) for h in found]


def test_it_is_a_translation_model_with_named_parts(each):
    assert isinstance(each, TranslationModel)
    names = [name for part in each.parts for name in part_names(each, part)]
    assert sorted(names) == sorted(each.state_dict())


# ---- a batch ----


@torch.no_grad()
@pytest.mark.parametrize("reverse", [False, True])
def test_logits_do_not_depend_on_other_rows(each, collate_for, spoken, reverse):
    given, collate = spoken[:: -1 if reverse else 1], collate_for(each)
    for row, example in zip(each.logits(collate(given)), given, strict=True):
        alone = each.logits(collate([example]))[0]
        assert close(row[: len(alone)], alone)


@torch.no_grad()
def test_what_padded_frames_hold_does_not_matter(each, collate_for, spoken):
    batch = collate_for(each)(spoken)
    plain, real = each.logits(batch), batch.prefix_mask.bool()
    noisy = batch.speech.masked_fill(~batch.speech_mask.bool().unsqueeze(-1), 3.0)
    assert not torch.equal(noisy, batch.speech)
    assert close(each.logits(replace(batch, speech=noisy))[real], plain[real])


@pytest.mark.parametrize("beams", [1, 3])
def test_a_batch_gives_what_single_examples_give(each, collate_for, spoken, beams):
    collate = collate_for(each)
    alone = [texts(each, collate, [example], beams)[0] for example in spoken]
    assert texts(each, collate, spoken, beams) == alone


@torch.no_grad()
def test_the_speech_matters(each, collate_for, spoken):
    batch = collate_for(each)(spoken[:1])
    other = replace(batch, speech=batch.speech.flip(1))
    assert not close(each.logits(other), each.logits(batch), atol=1e-3)


@torch.no_grad()
def test_bidirectional_attention_is_the_same_in_any_batch(build_whisper_lm, collate_for, spoken):
    model = build_whisper_lm(Q_FORMER, attention="bidirectional")
    collate = collate_for(model)
    for row, example in zip(model.logits(collate(spoken)), spoken, strict=True):
        alone = model.logits(collate([example]))[0]
        assert close(row[: len(alone)], alone)


@torch.no_grad()
@pytest.mark.parametrize("pad_to_window", [True, False])
def test_the_language_model_reads_as_many_positions_as_there_are_queries(
    build_whisper_lm, collate_for, spoken, pad_to_window
):
    model = build_whisper_lm(Q_FORMER, pad_to_window)
    speech, mask = model.speech_embeddings(collate_for(model)(spoken))
    assert speech.shape == (len(spoken), Q_FORMER.queries, model.width)
    assert mask.all()


# ---- encoder states on disk ----


@torch.no_grad()
@pytest.mark.parametrize("pad_to_window", [True, False], ids=["window", "true length"])
@pytest.mark.parametrize("kind", ["q_former", "windows", "frame_stacking", "strided_conv"])
def test_stored_states_give_the_same_logits(
    build_whisper_lm, collate_for, spoken, tmp_path, kind, pad_to_window
):
    model = build_whisper_lm(BRIDGES[kind], pad_to_window)
    cache, collate = encoder_state_cache(model, ALIGN, tmp_path), collate_for(model)
    cache(collate(spoken[:2]))  # in another batch
    batch = collate(spoken)
    stored = cache(batch)
    assert cache.computed == len(spoken)
    real = batch.prefix_mask.bool()
    assert close(model.logits(stored)[real], model.logits(batch)[real])


@torch.no_grad()
def test_states_of_windows_and_of_true_lengths_are_stored_apart(
    build_whisper_lm, collate_for, spoken, tmp_path
):
    """The weights of the encoders are the same, and so may the folder be."""
    for pad_to_window in (True, False):
        model = build_whisper_lm(Q_FORMER, pad_to_window)
        batch = collate_for(model)(spoken)
        stored = encoder_state_cache(model, ALIGN, tmp_path)(batch)
        assert stored.states.shape[1] == -(-batch.speech.shape[1] // 2)


# ---- files ----


@torch.no_grad()
def test_it_is_loaded_as_it_was_saved(each, collate_for, spoken, tmp_path):
    each.save(tmp_path / "model")
    loaded = load_speech_lm(tmp_path / "model")
    own = loaded.state_dict()
    assert own.keys() == each.state_dict().keys()
    assert all(torch.equal(own[name], tensor) for name, tensor in each.state_dict().items())
    batch, again = collate_for(each)(spoken), collate_for(loaded)(spoken)
    assert torch.equal(loaded.logits(again), each.logits(batch))
    assert loaded.bridge.config == each.bridge.config


@pytest.mark.parametrize("pad_to_window", [True, False])
def test_windows_are_loaded_as_they_were_saved(build_whisper_lm, tmp_path, pad_to_window):
    build_whisper_lm(Q_FORMER, pad_to_window).save(tmp_path / "model")
    assert load_speech_lm(tmp_path / "model").encoder.pad_to_window is pad_to_window


@torch.no_grad()
@pytest.mark.parametrize("kind", BRIDGES)
def test_adapters_are_saved_merged(build_whisper_lm, collate_for, spoken, tmp_path, kind):
    plain, model = build_whisper_lm(BRIDGES[kind]), adapt(build_whisper_lm(BRIDGES[kind]))
    model.save(tmp_path / "model")
    loaded = load_speech_lm(tmp_path / "model")
    batch = collate_for(model)(spoken)
    logits = model.logits(batch)
    assert close(loaded.logits(batch), logits)
    assert not close(plain.logits(batch), logits, atol=1e-2)
    assert loaded.state_dict().keys() == plain.state_dict().keys()


def test_saving_leaves_the_adapters_in_the_model(build_whisper_lm, tmp_path):
    model = adapt(build_whisper_lm(Q_FORMER))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    model.save(tmp_path / "model")
    assert any("lora_" in name for name in before)
    assert model.state_dict().keys() == before.keys()
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def test_plain_transformers_loads_the_language_model_with_merged_adapters(
    build_whisper_lm, tmp_path
):
    adapt(build_whisper_lm(Q_FORMER)).save(tmp_path / "model")
    _, info = AutoModelForCausalLM.from_pretrained(
        tmp_path / "model" / "language_model", output_loading_info=True
    )
    assert not any(info[problem] for problem in ("missing_keys", "unexpected_keys"))
    assert not list((tmp_path / "model" / "language_model").glob("adapter_*"))


# ---- training ----


def test_bridge_and_tags_train_with_all_else_frozen(each, collate_for, spoken):
    batch = collate_for(each)(spoken)
    loss = each.logits(batch).log_softmax(-1)[batch.prefix_mask.bool()][:, 7].mean()
    names = [n for n, p in each.named_parameters() if n.startswith("bridge.") and p.requires_grad]
    found = torch.autograd.grad(loss, [each.get_parameter(name) for name in names])
    unused = [n for n, gradient in zip(names, found, strict=True) if not gradient.any()]
    assert [name for name in unused if not name.endswith("key.bias")] == []
