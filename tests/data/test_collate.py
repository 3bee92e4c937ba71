from dataclasses import replace

import pytest
import torch

from lib.data.augment import Augment
from lib.data.batch import IGNORED
from lib.data.collate import AugmentKey, Collator
from lib.tasks import MT, ST, Example, examples, text_examples


@pytest.fixture(scope="module")
def chosen(corpus):
    """Speech translation examples, the shortest first."""
    return sorted(examples(corpus.split("train", "est"), ST, "eng"), key=lambda e: e.seconds)


@pytest.fixture(scope="module")
def with_transcripts(corpus):
    return examples(corpus.split("train", "est"), ST, "eng", transcripts=True)[:3]


def test_target_layout_is_hugging_faces(model, collate, chosen):
    batch = collate(chosen[:1])
    tokenizer, end = model.tokenizer, model.tokenizer.eos_token_id
    tokenizer.tgt_lang = "__eng__"
    reference = tokenizer(text_target=chosen[0].target_text, padding=False).input_ids
    reference = reference[: reference.index(end, 1) + 1]  # the tokenizer pads to an even length
    assert [*batch.prefix[0].tolist(), batch.labels[0, -1].item()] == reference


def test_target_starts_with_end_and_language(model, collate, chosen):
    batch = collate(chosen[:1])
    assert batch.prefix[0, 0] == model.tokenizer.eos_token_id
    assert batch.labels[0, 0] == model.add_language("eng")
    assert batch.prompt_lengths == [2]


def test_source_layout_is_hugging_faces(model, collate):
    model.tokenizer.src_lang = "__est__"
    reference = [i for i in model.tokenizer("üks").input_ids if i != model.tokenizer.pad_token_id]
    example = text_examples([{"est": "üks", "eng": "one"}], [("est", "eng")])
    assert collate(example).text[0].tolist() == reference


def test_speech_is_padded_with_zeros(collate, chosen):
    batch = collate([chosen[0], chosen[-1]])
    length = int(batch.speech_mask[0].sum())
    assert length < batch.speech.shape[1]
    assert batch.speech_mask[1].all()
    assert not batch.speech[0, length:].any()
    assert batch.speech[0, :length].any()


def test_labels_are_padded_with_ignored(collate, chosen):
    ends = [chosen[0], chosen[-1]]
    batch = collate(ends)
    lengths = [collate([example]).labels.shape[1] for example in ends]
    assert (batch.labels != IGNORED).sum(1).tolist() == lengths
    assert batch.labels.shape[1] == max(lengths)


@pytest.fixture
def unusable(chosen, tmp_path):
    (tmp_path / "bad.flac").write_bytes(b"no flac")
    return replace(chosen[0], id="bad", audio=tmp_path / "bad.flac")


def test_unusable_audio_is_left_out_and_named(collate, chosen, unusable):
    batch = collate([chosen[0], unusable])
    assert batch.examples == [chosen[0]]
    assert "bad.flac" in collate.dropped["bad"].reason


def test_a_batch_without_usable_audio_is_none(collate, unusable):
    assert collate([unusable]) is None


def test_a_long_target_is_cut_and_counted(model, collate, chosen):
    short = Collator(model, collate.extractor, max_tokens=4)
    assert short(chosen[-1:]).labels.shape[1] == 3
    assert short.truncated_texts == {chosen[-1].id}


def test_a_long_source_is_cut_and_counted(model):
    (example,) = text_examples([{"est": "üks kaks kolm neli viis", "eng": "a"}], [("est", "eng")])
    collate = Collator(model, max_tokens=5)
    assert collate([example]).text.shape[1] == 5
    assert collate.truncated_texts == {example.id}


def test_short_texts_are_not_counted(collate, chosen):
    collate(chosen[:2])
    assert not collate.truncated_texts


def test_speech_with_transcripts_holds_the_text_batch(collate, corpus, with_transcripts):
    batch = collate(with_transcripts)
    reference = collate(examples(corpus.split("train", "est"), MT, "eng")[:3])
    assert torch.equal(batch.text, reference.text)
    assert torch.equal(batch.text_mask, reference.text_mask)
    assert torch.equal(batch.prefix, reference.prefix)
    assert torch.equal(batch.labels, reference.labels)


def test_speech_without_transcripts_has_no_text(collate, chosen):
    assert collate(chosen[:3]).text is None


def test_no_text_where_one_transcript_is_missing(collate, with_transcripts):
    first, *rest = with_transcripts
    assert collate([replace(first, source_text=""), *rest]).text is None


def test_an_empty_text_is_valid_input_of_mt(collate):
    made = [
        Example(id=text, task=MT, source="est", target="eng", target_text="a", source_text=text)
        for text in ("", "kaks")
    ]
    lengths = collate(made).text_mask.sum(1).tolist()
    assert lengths[0] == 2  # language and end
    assert lengths[1] > 2


def test_cost_is_the_models(collate, chosen):
    assert collate.cost(chosen[0]) == chosen[0].seconds


@pytest.mark.parametrize(
    "augment", [Augment(noise_probability=1.0), Augment(mel_masks=1)], ids=["sound", "features"]
)
def test_augmentation_depends_on_the_epoch_alone(collate, chosen, augment):
    keys = [AugmentKey(augment, seed=1, epoch=epoch) for epoch in (0, 0, 1)]
    first, same, other = (collate(chosen[:2], key).speech for key in keys)
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_without_a_key_nothing_is_augmented(collate, chosen):
    plain = collate(chosen[:2]).speech
    collate(chosen[:2], AugmentKey(Augment(noise_probability=1.0), seed=1, epoch=0))
    assert torch.equal(collate(chosen[:2]).speech, plain)
