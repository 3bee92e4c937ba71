from dataclasses import replace

import pytest
import torch
from transformers.modeling_outputs import BaseModelOutput

from lib.decoding import Search, decode
from lib.models.tokenizer import text_ids
from lib.tasks import MT, ST, examples


@pytest.fixture(scope="module")
def chosen(corpus):
    return examples(corpus.split("test", "est"), ST, "eng")


@torch.no_grad()
def hugging_face_score(model, batch, beams, penalty, max_new_tokens):
    """The score of the best hypothesis by Hugging Face's beam search."""
    states, _ = model.encode_speech(batch.speech, batch.mask)
    found = model.speech.generate(
        batch.speech,
        encoder_outputs=BaseModelOutput(last_hidden_state=states),
        attention_mask=batch.mask,
        decoder_input_ids=batch.prefix[:, :2],
        num_beams=beams,
        length_penalty=penalty,
        max_new_tokens=max_new_tokens,
        do_sample=False,
        suppress_tokens=list(range(len(model.tokenizer), model.config.vocab_size)),
        return_dict_in_generate=True,
        output_scores=True,
    )
    return found.sequences_scores.item()


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_scores_are_those_of_hugging_faces_beam_search(model, collate, chosen, penalty):
    reference = hugging_face_score(model, collate(chosen[:1]), 3, penalty, 9)
    search = Search(beams=3, length_penalty=penalty, max_new_tokens=9)
    (hypothesis,) = decode(model, chosen[:1], collate, search)
    assert hypothesis.score == pytest.approx(reference, abs=1e-4)


@torch.no_grad()
def test_the_score_holds_the_end_token(model, collate, chosen):
    """An output that ends at once: its score is the log-probability of the end token."""
    end = model.tokenizer.eos_token_id
    batch = collate(chosen[:1])
    sequences = torch.tensor([[end, model.add_language("eng"), end, 0, 0]])
    (score,) = model._scores(*model.encode(batch), sequences, length_penalty=1.0)
    logits = model.decode(*model.encode(batch), sequences[:, :2])
    assert score == pytest.approx(logits[0, -1].log_softmax(-1)[end].item(), abs=1e-5)


def test_scores_do_not_depend_on_how_many_are_computed_at_once(model, collate, chosen, monkeypatch):
    search = Search(beams=2, max_new_tokens=8)
    together = decode(model, chosen, collate, search)
    monkeypatch.setattr("lib.models.hypotheses.MAX_SCORED_LOGITS", 1)
    one_by_one = decode(model, chosen, collate, search)
    scores = [hypothesis.score for hypothesis in one_by_one]
    assert [hypothesis.score for hypothesis in together] == pytest.approx(scores, abs=1e-5)


def test_min_new_tokens(model, collate, chosen):
    search = Search(beams=1, max_new_tokens=12, min_new_tokens=7)
    assert min(hypothesis.tokens for hypothesis in decode(model, chosen, collate, search)) >= 7


def repeats(model, hypotheses):
    ids = [text_ids(model.tokenizer, hypothesis.text) for hypothesis in hypotheses]
    return [len(row) - len(set(row)) for row in ids]


@pytest.mark.parametrize("changes", [{"no_repeat_ngram_size": 1}, {"repetition_penalty": 50.0}])
def test_repetition_can_be_prevented(model, collate, chosen, changes):
    search = Search(beams=1, max_new_tokens=30)
    plain = decode(model, chosen, collate, search)
    without = decode(model, chosen, collate, replace(search, **changes))
    assert max(repeats(model, plain)) > 5  # an untrained model repeats itself
    # the text may be tokenized into other subwords than were generated
    assert max(repeats(model, without)) <= 1


def test_unused_embedding_rows_are_never_generated(model, collate, chosen):
    known, row = len(model.tokenizer), 100 * torch.linspace(-1, 1, 32)
    with torch.no_grad():  # of two opposite rows one has by far the highest logit
        model.speech.lm_head.weight[known : known + 2] = torch.stack([row, -row])
    batch = collate(chosen)
    assert model.logits(batch)[:, -1].argmax(-1).min() >= known
    # the tokenizer cannot decode an id that it lacks
    assert len(decode(model, chosen, collate, Search(beams=1, max_new_tokens=5))) == len(chosen)


def test_cached_states_replace_the_encoder(model, collate, chosen):
    batch = collate(chosen[:2])
    states, mask = model.encode_speech(batch.speech, batch.mask)
    cached = replace(batch, states=2 * states, states_mask=mask)
    reference = model.decode(2 * states, mask, batch.prefix)
    assert torch.equal(model.logits(cached), reference)


def test_text_input_is_encoded_by_the_text_encoder(model, collate, corpus):
    batch = collate(examples(corpus.split("test", "est"), MT, "eng")[:2])
    reference = model.decode(*model.encode_text(batch.text, batch.mask), batch.prefix)
    assert torch.equal(model.logits(batch), reference)


def test_layout_of_a_language_that_is_new(model, chosen):
    example = replace(chosen[0], target="que")
    known = len(model.tokenizer)
    assert model.layout(example, 128).prefix[1] == known


@pytest.mark.parametrize("max_tokens, truncated", [(128, False), (5, True)])
def test_layout_cuts_the_text(model, chosen, max_tokens, truncated):
    layout = model.layout(chosen[0], max_tokens)
    assert layout.truncated is truncated
    assert len(layout.prefix) == len(layout.labels) < max_tokens
    assert layout.labels[-1] == model.tokenizer.eos_token_id


def test_speech_has_no_source_unless_it_has_a_transcript(model, chosen):
    assert model.layout(chosen[0], 128).source is None
    assert model.layout(replace(chosen[0], source_text="üks"), 128).source is not None
