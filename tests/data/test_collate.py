from dataclasses import replace

import numpy as np
import pytest
import torch

from lib.data.buckets import Buckets
from lib.data.store import input_size
from lib.tasks import Task, examples, text_examples


def test_every_item_once_and_no_batch_over_budget():
    sizes = [1 + (i * 37 % 50) / 10 for i in range(300)]
    batches = Buckets(list(range(300)), np.array(sizes), budget=20, most=16, seed=1).epoch(0)
    assert sorted(i for batch in batches for i in batch) == list(range(300))
    assert all(max(sizes[i] for i in batch) * len(batch) <= 20 and len(batch) <= 16 for batch in batches)
    waste = 1 - sum(sizes) / sum(max(sizes[i] for i in batch) * len(batch) for batch in batches)
    assert waste < 0.15


def test_order_depends_on_seed_and_epoch_alone():
    def order(seed, epoch):
        return list(Buckets(list(range(100)), 1.0 + np.arange(100) % 7, 20, 8, seed).epoch(epoch))

    assert order(1, 0) == order(1, 0) != order(1, 1) and order(1, 0) != order(2, 0)


def test_kinds_do_not_mix():
    batches = Buckets(list(range(50)), np.ones(50), 8, 8, 1, kinds=np.arange(50) % 2).epoch(0)
    assert all(len({i % 2 for i in batch}) == 1 for batch in batches)


def test_an_item_over_the_budget_is_a_batch_of_its_own_and_nothing_is_refused():
    buckets = Buckets([1, 2, 99], np.array([1.0, 1.0, 99.0]), 50, 8, 1)
    assert sorted(buckets.epoch(0)) in ([[1, 2], [99]], [[2, 1], [99]]) and buckets.costliest() == [[99]]
    with pytest.raises(ValueError, match="nothing to batch"):
        Buckets([], np.array([]), 50, 8, 1)


def test_token_layout_is_hugging_faces(model, collate, corpus):
    example = examples(corpus.split("test", "est"), Task.ST, "eng")[0]
    batch = collate([example])
    model.tokenizer.tgt_lang = "__eng__"
    theirs = model.tokenizer(text_target=example.target_text, padding=False).input_ids
    theirs = theirs[: theirs.index(model.tokenizer.eos_token_id, 1) + 1]  # the tokenizer pads to an even length
    assert [*batch.prefix[0].tolist(), batch.labels[0, -1].item()] == theirs
    assert batch.labels[0, 0] == model.language_id("eng") and batch.prefix[0, 0] == model.tokenizer.eos_token_id

    (written,) = text_examples([{"est": "üks", "eng": "one"}], [("est", "eng")])
    model.tokenizer.src_lang = "__est__"
    theirs = model.tokenizer("üks").input_ids
    assert collate([written]).text[0].tolist() == [i for i in theirs if i != model.tokenizer.pad_token_id]


def test_padding_and_masks(collate, corpus):
    chosen = sorted(examples(corpus.split("train", "est"), Task.ST, "eng"), key=input_size)
    batch = collate([chosen[0], chosen[-1]])
    short = int(batch.mask[0].sum())
    assert short < batch.mask.shape[1] == batch.mask[1].sum()
    assert not batch.speech[0, short:].any() and batch.speech[0, :short].any()
    lengths = [len(collate([example]).labels[0]) for example in (chosen[0], chosen[-1])]
    assert (batch.labels != -100).sum(1).tolist() == lengths and batch.labels.shape[1] == max(lengths)
    assert 0 < batch.padding_share < 0.5


def test_bad_audio_is_left_out_and_named_and_long_text_cut_and_counted(collate, corpus, tmp_path):
    (tmp_path / "bad.flac").write_bytes(b"no flac")
    good = examples(corpus.split("test", "est"), Task.ST, "eng")[0]
    bad = replace(good, id="bad", audio=tmp_path / "bad.flac")
    batch = collate([good, bad])
    assert [e.id for e in batch.examples] == [good.id] and "bad.flac" in collate.dropped["bad"].reason
    assert collate([bad]) is None

    collate.longest_text = 4
    assert collate([good]).labels.shape[1] == 3 and collate.cut_texts == {good.id}


def test_tasks_say_what_they_need(corpus):
    with pytest.raises(ValueError, match="there are texts in"):
        examples(corpus.split("test"), Task.ST, "deu")
    assert all(e.target == e.source for e in examples(corpus.split("test"), Task.ASR))
    (example,) = examples(corpus.split("test", "est")[:1], Task.MT, "eng")
    assert example.input_text and example.audio is None


def test_heard_with_its_transcript_is_two_batches_of_the_same_targets(collate, corpus):
    chosen = examples(corpus.split("train", "est"), Task.ST, "eng", transcripts=True)[:3]
    batch, read = collate(chosen), collate(examples(corpus.split("train", "est"), Task.MT, "eng")[:3])
    assert batch.speech is not None and batch.text is None
    assert torch.equal(batch.reading.text, read.text) and torch.equal(batch.reading.mask, read.mask)
    assert torch.equal(batch.reading.labels, batch.labels) and torch.equal(batch.reading.prefix, batch.prefix)
    assert batch.to("cpu").reading is not None
    assert collate(examples(corpus.split("train", "est"), Task.ST, "eng")[:3]).reading is None


def test_an_empty_text_is_read_too(collate):
    from lib.tasks import Example

    batch = collate(
        [Example("nothing", Task.MT, "est", "eng", "one"), Example("something", Task.MT, "est", "eng", "two", "kaks")]
    )
    assert batch.mask.sum(1).tolist()[0] == 2  # language and end alone
