"""All of Whisper: layout, teacher forcing and search, the same for a clip in any batch."""

import copy
from dataclasses import replace

import pytest
import torch

from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.decoding import Search, decode
from lib.models.protocol import TranslationModel, part_names
from lib.models.tokenizer import text_ids
from lib.tasks import ASR, examples

STEPS = 8
PROMPT = ["<|startoftranscript|>", "<|en|>", "<|transcribe|>", "<|notimestamps|>"]


@pytest.fixture(scope="module", params=[False, True], ids=["true length", "window"])
def each(request, whisper):
    """A model of each kind, which tests must not change."""
    return whisper(request.param)


@pytest.fixture(scope="module")
def clipped(whisper):
    """The one whose batches have padding."""
    return whisper()


@pytest.fixture(scope="module")
def chosen(corpus):
    """Clips of unequal length, with an odd number of frames among them."""
    made = sorted(examples(corpus.split("train", "eng"), ASR), key=lambda e: e.seconds)
    return made[::5][:4]


def collate_for(model):
    return Collator(model, model.feature_extractor(30.0))


def close(one, other, atol=2e-5):
    return torch.allclose(one, other, atol=atol)


def test_it_is_a_translation_model_with_named_parts(each):
    assert isinstance(each, TranslationModel)
    names = {name for part in each.parts for name in part_names(each, part)}
    assert names == set(each.state_dict())


def test_the_encoder_is_no_second_set_of_weights(whisper):
    model = whisper()
    assert {id(p) for p in model.encoder.parameters()} < {id(p) for p in model.parameters()}
    assert len(list(model.parameters())) == len(list(model.model.parameters()))


def test_a_copy_has_an_encoder_of_its_own(whisper):
    """As weights are averaged."""
    model = whisper()
    copied = copy.deepcopy(model)
    own, others = (list(m.encoder.parameters())[0] for m in (copied, model))
    assert own is next(copied.frame_encoder.parameters()) is not others
    assert own is dict(copied.named_parameters())["model.model.encoder.conv1.weight"]


# ---- layout ----


def test_the_prompt_is_the_published_one(clipped, chosen):
    layout = clipped.layout(chosen[0], 128)
    tokens = clipped.tokenizer.convert_ids_to_tokens(layout.prefix)
    assert tokens[: layout.prompt_length] == PROMPT
    assert layout.prefix[4:] == text_ids(clipped.tokenizer, chosen[0].target_text)


def test_the_labels_of_the_prompt_are_ignored_and_the_end_is_learnt(clipped, chosen):
    layout = clipped.layout(chosen[0], 128)
    target = text_ids(clipped.tokenizer, chosen[0].target_text)
    end = clipped.tokenizer.convert_tokens_to_ids("<|endoftext|>")
    assert layout.labels == [IGNORED] * 3 + [*target, end]
    assert len(layout.labels) == len(layout.prefix)


def test_the_end_is_learnt_although_it_is_the_padding_token(clipped, chosen):
    batch = collate_for(clipped)(chosen)
    end = clipped.tokenizer.eos_token_id
    assert end == clipped.pad_token_id
    assert (batch.labels == end).sum(1).tolist() == [1] * len(chosen)


@pytest.mark.parametrize("spare, truncated", [(0, False), (-1, True), (3, False)])
def test_a_text_too_long_is_cut_and_named(clipped, chosen, spare, truncated):
    target = text_ids(clipped.tokenizer, chosen[0].target_text)
    layout = clipped.layout(chosen[0], len(PROMPT) + len(target) + 1 + spare)
    kept = target[: len(target) + min(spare, 0)]
    assert layout.labels[3:] == [*kept, clipped.tokenizer.eos_token_id]
    assert layout.truncated is truncated


def test_the_language_of_the_prompt_is_that_of_the_speech(clipped, chosen):
    layout = clipped.layout(replace(chosen[0], source="est", target="est"), 128)
    assert clipped.tokenizer.convert_ids_to_tokens(layout.prefix[1]) == "<|et|>"


@pytest.mark.parametrize("code, name", [("que", "Quechua"), ("bem", "Bemba"), ("fra", "French")])
def test_a_language_that_it_lacks_is_refused_by_name(clipped, code, name):
    """Whisper knows no Quechua and no Bemba; the one trained here no French."""
    with pytest.raises(ValueError, match=rf"no token for {name} \({code}\)"):
        clipped.add_language(code)


def test_text_is_no_input(clipped):
    with pytest.raises(TypeError, match="speech only"):
        clipped.encode_text(torch.ones(1, 3).long(), torch.ones(1, 3).long())


# ---- teacher forcing ----


@torch.no_grad()
def test_logits_of_windows_are_hugging_faces(whisper, chosen):
    model = whisper(pad_to_window=True)
    batch = collate_for(model)(chosen[:2])
    expected = model.model(
        input_features=batch.speech.transpose(1, 2), decoder_input_ids=batch.prefix
    ).logits
    assert close(model.logits(batch), expected)


@torch.no_grad()
@pytest.mark.parametrize("reverse", [False, True])
def test_logits_do_not_depend_on_other_rows(each, chosen, reverse):
    given, collate = chosen[:: -1 if reverse else 1], collate_for(each)
    for row, example in zip(each.logits(collate(given)), given, strict=True):
        alone = each.logits(collate([example]))[0]
        assert close(row[: len(alone)], alone)


@torch.no_grad()
@pytest.mark.parametrize("more", [1, 12])
def test_what_padded_frames_hold_and_how_many_there_are_does_not_matter(clipped, chosen, more):
    batch = collate_for(clipped)(chosen)
    plain, real = clipped.logits(batch), batch.prefix_mask.bool()
    pad = torch.nn.functional.pad
    mask = pad(batch.speech_mask, (0, more))
    speech = pad(batch.speech, (0, 0, 0, more)).masked_fill(~mask.bool().unsqueeze(-1), 4.0)
    found = clipped.logits(replace(batch, speech=speech, speech_mask=mask))
    assert not mask[:, -1].any()
    assert close(found[real], plain[real])


@torch.no_grad()
def test_the_speech_matters(clipped, chosen):
    batch = collate_for(clipped)(chosen)
    found = clipped.logits(replace(batch, speech=batch.speech.flip(1)))
    assert not close(found[0], clipped.logits(batch)[0], atol=1e-2)


@torch.no_grad()
def test_stored_states_give_the_same_logits(each, chosen):
    batch = collate_for(each)(chosen)
    states, mask = each.encode(batch)
    stored = replace(batch, speech=None, speech_mask=None, states=states, states_mask=mask)
    assert torch.equal(each.logits(stored), each.logits(batch))


# ---- search ----


@torch.no_grad()
def greedily(model, collate, example):
    """Token by token from teacher forcing: the text, and the mean log-probability."""
    batch, ids, total = collate([example]), [], 0.0
    start, end = batch.prefix[:, : len(PROMPT)], model.tokenizer.eos_token_id
    while len(ids) < STEPS and end not in ids:
        prefix = torch.cat([start, torch.tensor([ids], dtype=torch.long)], 1)
        row = model.logits(replace(batch, prefix=prefix, labels=prefix))[0, -1]
        ids.append(int(row.argmax()))
        total += row.log_softmax(-1)[ids[-1]].item()
    return model.tokenizer.decode(ids, skip_special_tokens=True), total / len(ids)


def test_greedy_search_is_the_argmax_of_teacher_forcing(each, chosen):
    collate = collate_for(each)
    found = decode(each, chosen, collate, Search(beams=1, max_new_tokens=STEPS))
    for hypothesis, example in zip(found, chosen, strict=True):
        text, score = greedily(each, collate, example)
        assert hypothesis.text == text.strip()
        assert hypothesis.score == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_batch_gives_what_single_examples_give(clipped, chosen, beams):
    search = Search(beams=beams, n_best=beams, max_new_tokens=STEPS)
    collate = collate_for(clipped)
    together = decode(clipped, chosen, collate, search)
    alone = [decode(clipped, [example], collate, search)[0] for example in chosen]
    assert len({hypothesis.text for hypothesis in alone}) > 1  # else anything would pass
    for one, other in zip(together, alone, strict=True):
        assert [h.text for h in (one, *one.others)] == [h.text for h in (other, *other.others)]
        scores = [h.score for h in (other, *other.others)]
        assert [h.score for h in (one, *one.others)] == pytest.approx(scores, abs=1e-4)


def test_scores_do_not_depend_on_how_many_are_computed_at_once(clipped, chosen, monkeypatch):
    search, collate = Search(beams=2, n_best=2, max_new_tokens=5), collate_for(clipped)
    together = decode(clipped, chosen, collate, search)
    monkeypatch.setattr("lib.models.hypotheses.MAX_SCORED_LOGITS", 1)
    scores = [h.score for h in decode(clipped, chosen, collate, search)]
    assert [h.score for h in together] == pytest.approx(scores, abs=1e-5)


@torch.no_grad()
def test_search_in_padding_leaves_no_hook_behind(clipped, chosen):
    batch = collate_for(clipped)(chosen)
    assert not batch.speech_mask.all()
    clipped.generate(batch, Search(beams=2, max_new_tokens=2))
    layers = clipped.model.model.decoder.layers
    assert [layer for layer in layers if layer.encoder_attn._forward_pre_hooks] == []
