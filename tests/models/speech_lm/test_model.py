"""Layout, teacher forcing and search of a speech language model."""

from dataclasses import replace

import pytest
import torch

from lib.data.batch import IGNORED
from lib.decoding import Search, decode
from lib.models.protocol import TranslationModel, part_names
from lib.models.speech_lm.model import SpeechLm, check_padding
from lib.models.tokenizer import text_ids
from lib.tasks import MT

KINDS = ("causal", "bidirectional", "t5")
STEPS = 7


@pytest.fixture(scope="module", params=KINDS)
def each(request, build):
    """A model of each kind, which tests must not change."""
    return build(request.param)


def text_of(spoken):
    """The same utterances as text."""
    return [replace(e, task=MT, source_text=e.target_text, audio=None, seconds=0.0) for e in spoken]


def test_it_is_a_translation_model_with_named_parts(each):
    assert isinstance(each, TranslationModel)
    assert set(each.parts) == {"speech_encoder", "bridge", "language_model", "tags"}
    names = [name for part in each.parts for name in part_names(each, part)]
    assert sorted(names) == sorted(each.state_dict())


# ---- layout ----


@pytest.mark.parametrize("kind", ["causal", "t5"])
@pytest.mark.parametrize("max_tokens", [128, 4])
def test_the_labels_are_the_target_and_end_with_the_end_token(build, spoken, kind, max_tokens):
    model = build(kind)
    target = text_ids(model.tokenizer, spoken[0].target_text)
    layout = model.layout(spoken[0], max_tokens)
    wanted = [label for label in layout.labels if label != IGNORED]
    assert wanted == [*target[: max_tokens - 1], model.tokenizer.eos_token_id]
    assert len(layout.labels) == len(layout.prefix)
    assert layout.truncated is (max_tokens == 4)


def test_a_causal_prefix_is_the_prompt_and_the_target(build, spoken):
    model = build()
    tokenizer = model.tokenizer
    layout = model.layout(spoken[1], 128)
    prompt, target = (text_ids(tokenizer, t) for t in (spoken[1].prompt, spoken[1].target_text))
    assert layout.prefix == [*prompt, *target]
    assert layout.prompt_length == len(prompt)
    assert layout.labels[: len(prompt)] == [IGNORED] * (len(prompt) - 1) + target[:1]
    assert tokenizer.convert_ids_to_tokens(prompt[:2]) == ["<|es|>", "<|translate|>"]


def test_a_decoder_starts_after_the_start_token_and_the_prompt_is_the_encoders(build, spoken):
    model = build("t5")
    layout = model.layout(spoken[1], 128)
    target = text_ids(model.tokenizer, spoken[1].target_text)
    assert layout.prefix == [model.pad_token_id, *target]
    assert layout.labels == [*target, model.tokenizer.eos_token_id]
    assert layout.source == text_ids(model.tokenizer, spoken[1].prompt)


def test_source_text_is_before_the_prompt_unless_there_is_speech(build, spoken):
    model, (text, *_) = build(), text_of(spoken)
    source, prompt = (text_ids(model.tokenizer, t) for t in (text.source_text, text.prompt))
    assert model.layout(text, 128).prefix[: len(source + prompt)] == source + prompt
    heard = replace(spoken[0], source_text="not read")
    assert model.layout(heard, 128) == model.layout(spoken[0], 128)


@pytest.mark.parametrize("max_tokens", [2, 5])
def test_a_long_source_is_cut_and_named(build, spoken, max_tokens):
    model, (text, *_) = build(), text_of(spoken)
    layout = model.layout(text, max_tokens)
    assert layout.truncated
    prompt = len(text_ids(model.tokenizer, text.prompt))
    assert layout.prompt_length == max_tokens + prompt


def test_a_causal_model_refuses_an_empty_prompt(build, spoken):
    with pytest.raises(ValueError, match="needs a prompt; it is empty"):
        build().layout(replace(spoken[0], prompt=""), 128)


def test_an_empty_target_is_the_end_token(build, spoken):
    model = build()
    layout = model.layout(replace(spoken[0], target_text=""), 128)
    assert [label for label in layout.labels if label != IGNORED] == [model.tokenizer.eos_token_id]


@pytest.mark.parametrize("padding", ["<|endoftext|>", None])
def test_padding_that_is_the_end_token_is_refused(build_text, padding):
    tokenizer = build_text().tokenizer
    tokenizer.pad_token = padding
    with pytest.raises(ValueError, match="the model would never stop|would never stop"):
        check_padding(tokenizer)
    with pytest.raises(ValueError, match="the padding token is"):
        SpeechLm(None, None, build_text().language_model, tokenizer)


# ---- teacher forcing: what may not change a logit ----


def close(one, other, atol=2e-5):
    return torch.allclose(one, other, atol=atol)


@torch.no_grad()
@pytest.mark.parametrize("text", [False, True], ids=["speech", "text"])
@pytest.mark.parametrize("reverse", [False, True])
def test_logits_do_not_depend_on_other_rows(each, collate_for, spoken, text, reverse):
    given, collate = (text_of(spoken) if text else spoken)[:: -1 if reverse else 1], None
    collate = collate_for(each)
    together = each.logits(collate(given))
    assert together.shape[:2] == collate(given).labels.shape
    for row, example in zip(together, given, strict=True):
        alone = each.logits(collate([example]))[0]
        assert close(row[: len(alone)], alone)


@torch.no_grad()
def test_logits_do_not_depend_on_padding(each, collate_for, spoken):
    batch = collate_for(each)(spoken)
    plain = each.logits(batch)
    far = replace(
        batch,
        speech=torch.nn.functional.pad(batch.speech, (0, 0, 0, 11), value=7.0),
        speech_mask=torch.nn.functional.pad(batch.speech_mask, (0, 11)),
        prefix=torch.nn.functional.pad(batch.prefix, (0, 5), value=each.pad_token_id),
        labels=torch.nn.functional.pad(batch.labels, (0, 5), value=IGNORED),
    )
    found = each.logits(far)[:, : plain.shape[1]]
    real = batch.prefix_mask.bool()
    assert close(found[real], plain[real])


@torch.no_grad()
def test_what_padded_frames_and_tokens_hold_does_not_matter(each, collate_for, spoken):
    batch = collate_for(each)(spoken)
    plain, real = each.logits(batch), batch.prefix_mask.bool()
    noisy = batch.speech.masked_fill(~batch.speech_mask.bool().unsqueeze(-1), 3.0)
    other = replace(batch, speech=noisy, prefix=batch.prefix.masked_fill(~real, 9))
    assert close(each.logits(other)[real], plain[real])


@torch.no_grad()
def test_earlier_positions_do_not_see_a_later_target_token(each, collate_for, spoken):
    batch = collate_for(each)(spoken[:2])
    plain = each.logits(batch)
    for back in (1, 2, 3):
        prefix = batch.prefix.clone()
        at = int(batch.prefix_mask[0].sum()) - back
        prefix[0, at] = (prefix[0, at] + 5) % 200
        found = each.logits(replace(batch, prefix=prefix))
        assert close(found[0, :at], plain[0, :at], atol=1e-6)
        assert not close(found[0, at], plain[0, at], atol=1e-4)
        assert close(found[1], plain[1], atol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("kind, sees", [("causal", False), ("bidirectional", True)])
def test_the_first_position_of_speech_sees_the_last(
    build, collate_for, spoken, monkeypatch, kind, sees
):
    model, hidden = build(kind), []
    batch = collate_for(model)(spoken[:1])
    speech, mask = model.speech_embeddings(batch)
    model.language_model.get_decoder().register_forward_hook(
        lambda _module, _args, output: hidden.append(output.last_hidden_state[0])
    )
    for change in (0.0, 1.0):
        changed = speech.clone()
        changed[0, -1] += change
        monkeypatch.setattr(model, "speech_embeddings", lambda _, c=changed: (c, mask))
        model.logits(batch)
    plain, other = hidden
    last = speech.shape[1] - 1
    assert last > 3
    assert close(plain[:last], other[:last], atol=1e-6) is not sees
    assert close(plain[0], other[0], atol=1e-6) is not sees
    assert not close(plain[last:], other[last:], atol=1e-4)


# ---- search ----


@torch.no_grad()
def greedily(model, collate, example, steps=STEPS):
    """Token by token from teacher forcing: the text, how many tokens, and the mean log-prob."""
    batch = collate([example])
    start, ids, total = batch.prefix[:, : batch.prompt_lengths[0]], [], 0.0
    while len(ids) < steps and model.tokenizer.eos_token_id not in ids:
        prefix = torch.cat([start, torch.tensor([ids], dtype=torch.long)], 1)
        labels = torch.full_like(prefix, IGNORED)
        labels[:, -1] = 0
        row = model.logits(replace(batch, prefix=prefix, labels=labels))[0, -1]
        ids.append(int(row.argmax()))
        total += row.log_softmax(-1)[ids[-1]].item()
    text = model.tokenizer.decode(ids, skip_special_tokens=True)
    return text, len([i for i in ids if i != model.tokenizer.eos_token_id]), total / len(ids)


@pytest.mark.parametrize("text", [False, True], ids=["speech", "text"])
def test_greedy_search_is_the_argmax_of_teacher_forcing(each, collate_for, spoken, text):
    given, collate = text_of(spoken) if text else spoken, collate_for(each)
    found = decode(each, given, collate, Search(beams=1, max_new_tokens=STEPS))
    for hypothesis, example in zip(found, given, strict=True):
        wanted, tokens, score = greedily(each, collate, example)
        assert (hypothesis.text, hypothesis.tokens) == (wanted.strip(), tokens)
        assert hypothesis.score == pytest.approx(score, abs=1e-4)


@pytest.mark.parametrize("beams", [1, 3])
def test_a_batch_gives_what_single_examples_give(each, collate_for, spoken, beams):
    search, collate = Search(beams=beams, max_new_tokens=STEPS, n_best=beams), collate_for(each)
    together = decode(each, spoken, collate, search)
    alone = [decode(each, [example], collate, search)[0] for example in spoken]
    for one, other in zip(together, alone, strict=True):
        assert [h.text for h in (one, *one.others)] == [h.text for h in (other, *other.others)]
        assert one.score == pytest.approx(other.score, abs=1e-4)
    assert [len(h.others) for h in together] == [beams - 1] * len(spoken)
    assert [h.id for h in together] == [e.id for e in spoken]


@torch.no_grad()
@pytest.mark.parametrize("penalty", [0.0, 1.0])
def test_scores_are_the_log_probabilities_of_teacher_forcing(
    each, collate_for, spoken, monkeypatch, penalty
):
    name, seen = "lib.models.speech_lm.search.sequence_scores", []
    from lib.models.hypotheses import sequence_scores

    def spy(logits, output, end, length_penalty):
        seen.append(output)
        return sequence_scores(logits, output, end, length_penalty)

    monkeypatch.setattr(name, spy)
    search = Search(beams=3, n_best=3, max_new_tokens=STEPS, length_penalty=penalty)
    batch = collate_for(each)(spoken[:2])
    found = [h for own in each.generate(batch, search) for h in own]
    for index, (output, hypothesis) in enumerate(zip(seen[0].tolist(), found, strict=True)):
        alone = collate_for(each)([spoken[index // 3]])
        end = each.tokenizer.eos_token_id
        output = output[: output.index(end) + 1] if end in output else output
        start = alone.prefix[0, : alone.prompt_lengths[0]].tolist()
        prefix = torch.tensor([[*start, *output[:-1]]])
        labels = torch.tensor([[IGNORED] * (len(start) - 1) + output])
        logits = each.logits(replace(alone, prefix=prefix, labels=labels))[0, len(start) - 1 :]
        total = sum(row[i].item() for row, i in zip(logits.log_softmax(-1), output, strict=True))
        assert hypothesis.score == pytest.approx(total / len(output) ** penalty, abs=1e-4)
    for own in (found[:3], found[3:]):
        assert [h.score for h in own] == sorted((h.score for h in own), reverse=True)


def test_scores_do_not_depend_on_how_many_are_computed_at_once(
    each, collate_for, spoken, monkeypatch
):
    search, collate = Search(beams=2, n_best=2, max_new_tokens=5), collate_for(each)
    together = decode(each, spoken, collate, search)
    monkeypatch.setattr("lib.models.hypotheses.MAX_SCORED_LOGITS", 1)
    scores = [h.score for h in decode(each, spoken, collate, search)]
    assert [h.score for h in together] == pytest.approx(scores, abs=1e-5)


def test_a_model_of_another_attention_writes_something_else(build, collate_for, spoken):
    models = {kind: build(kind) for kind in ("causal", "bidirectional")}
    search = Search(beams=1, max_new_tokens=12)
    texts = {
        k: [h.score for h in decode(m, spoken, collate_for(m), search)] for k, m in models.items()
    }
    assert texts["causal"] != pytest.approx(texts["bidirectional"], abs=1e-3)


def test_search_leaves_no_hook_behind(build, collate_for, spoken):
    model = build("bidirectional")
    decode(model, spoken[:1], collate_for(model), Search(beams=2, max_new_tokens=2))
    assert not model.language_model.get_decoder()._forward_pre_hooks


def test_a_language_has_the_id_of_its_tag(build):
    model = build()
    assert model.add_language("es") == model.tokenizer.convert_tokens_to_ids("<|es|>")
    with pytest.raises(ValueError, match=r"no tag <\|que\|>; the model has <\|translate\|>"):
        model.add_language("que")
