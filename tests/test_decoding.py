import pytest
import torch

from lib.decoding import GREEDY, Search, decode, silenced
from lib.models.tokenizer import text_ids
from lib.tasks import Task, examples


@pytest.mark.parametrize("search", [GREEDY, Search(beams=3, longest=12)], ids=["greedy", "beam"])
def test_a_batch_gives_what_one_gives(model, collate, corpus, search):
    search = Search(search.beams, longest=12)
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")[:7]
    together = decode(model, chosen, collate, search)
    alone = [decode(model, [example], collate, search)[0] for example in chosen]
    assert [h.text for h in together] == [h.text for h in alone]
    assert [h.id for h in together] == [e.id for e in chosen]  # in the order asked for
    if search.beams > 1:
        assert [h.score for h in together] == pytest.approx([h.score for h in alone], abs=1e-3)


def test_each_example_is_answered_in_its_own_language_and_task(model, collate, corpus):
    utterances = corpus.split("test", "est")[:2]
    mixed = [e for t in ("eng", "spa") for e in examples(utterances, Task.ST, t)] + examples(utterances, Task.MT, "eng")
    said = decode(model, mixed, collate, Search(1, longest=6))
    assert [h.id for h in said] == [e.id for e in mixed]
    one_by_one = [decode(model, [example], collate, Search(1, longest=6))[0].text for example in mixed]
    assert [h.text for h in said] == one_by_one


def test_on_silence_all_hypotheses_of_one_length_are_the_same(model, collate, corpus):
    example = examples(corpus.split("test", "est"), Task.ST, "eng")[0]
    heard = decode(model, [example, example], collate, Search(1, longest=8), change=silenced)
    batch = silenced(collate([example]))
    assert not batch.speech.any() and heard[0].text == heard[1].text


def test_what_cannot_be_heard_is_answered_with_nothing_and_named(model, collate, corpus, tmp_path):
    from dataclasses import replace

    (tmp_path / "bad.wav").write_bytes(b"")
    good = examples(corpus.split("test", "est"), Task.ST, "eng")[0]
    said = decode(model, [replace(good, id="bad", audio=tmp_path / "bad.wav"), good], collate, Search(1, longest=6))
    assert said[0].text == "" and said[1].tokens > 0 and "bad.wav" in collate.dropped["bad"].reason


def test_an_output_that_was_stopped_says_so(model, collate, corpus):
    chosen = examples(corpus.split("test", "est"), Task.ST, "eng")[:3]
    assert any(h.ending == "longest" and h.tokens == 3 for h in decode(model, chosen, collate, Search(1, longest=3)))


@pytest.mark.parametrize("penalty", [0.0, 1.0, 2.0])
def test_scores_are_those_of_hugging_faces_beam_search(model, collate, corpus, penalty):
    from transformers.modeling_outputs import BaseModelOutput

    (example,) = examples(corpus.split("train", "est")[:1], Task.ST, "eng")
    batch = collate([example])
    with torch.no_grad():
        out = model.speech.generate(
            batch.speech, encoder_outputs=BaseModelOutput(last_hidden_state=model.encode_speech(batch.speech, batch.mask)[0]),
            attention_mask=batch.mask, decoder_input_ids=batch.prefix[:, :2], num_beams=3, length_penalty=penalty,
            max_new_tokens=9, do_sample=False, suppress_tokens=list(range(len(model.tokenizer), model.config.vocab_size)),
            return_dict_in_generate=True, output_scores=True,
        )  # fmt: skip
    ours = decode(model, [example], collate, Search(3, penalty, longest=9))[0]
    assert ours.score == pytest.approx(out.sequences_scores.item(), abs=1e-4)


def test_a_greedy_output_has_a_score_and_a_sharper_one_a_higher(model, collate, corpus):
    chosen = examples(corpus.split("test", "est"), Task.ST, "eng")[:3]
    before = decode(model, chosen, collate, Search(1, longest=5))
    with torch.no_grad():
        model.speech.lm_head.weight.mul_(3)
    after = decode(model, chosen, collate, Search(1, longest=5))
    assert all(b.score < a.score < 0 for b, a in zip(before, after, strict=True))


def test_no_repeat_and_shortest_do_what_they_say(model, collate, corpus):
    chosen = examples(corpus.split("test", "est"), Task.ST, "eng")[:4]
    assert all(h.tokens >= 7 for h in decode(model, chosen, collate, Search(1, longest=12, shortest=7)))

    def repeats(search):
        said = [text_ids(model.tokenizer, h.text) for h in decode(model, chosen, collate, search)]
        return [len(ids) - len(set(ids)) for ids in said]

    assert max(repeats(Search(1, longest=30))) > 5  # an untrained model repeats itself
    assert max(repeats(Search(1, longest=30, no_repeat=1))) <= 1  # the text may be cut into other pieces than were said


def test_unheard_audio_has_its_own_ending(model, collate, corpus, tmp_path):
    from dataclasses import replace

    good = examples(corpus.split("test", "est"), Task.ST, "eng")[0]
    (said,) = decode(model, [replace(good, audio=tmp_path / "none.wav")], collate, Search(1, longest=3))
    assert (said.ending, said.text, said.score) == ("unheard", "", None)


def test_the_next_best_come_after_the_best_in_order_and_are_those_of_a_single_clip(model, collate, corpus):
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng")[:4]
    search = Search(beams=4, longest=10, n_best=3)
    together = decode(model, chosen, collate, search)
    plain = decode(model, chosen, collate, Search(beams=4, longest=10))
    for example, one, best in zip(chosen, together, plain, strict=True):
        (alone,) = decode(model, [example], collate, search)
        assert [h.text for h in (one, *one.others)] == [h.text for h in (alone, *alone.others)]
        assert one.text == best.text and not best.others and len(one.others) == 2
        scores = [h.score for h in (one, *one.others)]
        assert scores == sorted(scores, reverse=True)
        assert len({h.text for h in (one, *one.others)}) > 1


def test_more_hypotheses_than_beams_are_refused():
    with pytest.raises(ValueError, match="5 hypotheses cannot be kept of 2 beams"):
        Search(beams=2, n_best=5)
