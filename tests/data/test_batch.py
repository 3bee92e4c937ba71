import pytest
import torch

from lib.data.batch import IGNORED, Batch, lengths_mask, pad
from lib.tasks import ST, examples


@pytest.fixture
def batch(collate, corpus):
    """Two clips of unequal length with their transcripts."""
    chosen = examples(corpus.split("train", "est"), ST, "eng", transcripts=True)
    chosen = sorted(chosen, key=lambda example: example.seconds)
    return collate([chosen[0], chosen[-1]])


def test_pad():
    rows = pad([torch.tensor([1, 2, 3]), torch.tensor([4])], -1)
    assert rows.tolist() == [[1, 2, 3], [4, -1, -1]]


def test_lengths_mask():
    assert lengths_mask([1, 3, 0]).tolist() == [[1, 0, 0], [1, 1, 1], [0, 0, 0]]


def test_mask_of_speech(batch):
    assert torch.equal(batch.mask, batch.speech_mask)


def test_mask_of_text_in_the_prompt():
    labels = torch.tensor([[IGNORED, IGNORED, 5, 6], [IGNORED, 7, IGNORED, IGNORED]])
    batch = Batch(examples=[], prefix=labels, labels=labels, prompt_lengths=[3, 2])
    assert batch.mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]


def test_without_speech_the_transcripts_are_the_input(batch):
    text = batch.without_speech()
    assert text.speech is None
    assert torch.equal(text.mask, batch.text_mask)
    assert torch.equal(text.labels, batch.labels)


def test_without_speech_needs_transcripts(collate, corpus):
    batch = collate(examples(corpus.split("train", "est"), ST, "eng")[:2])
    with pytest.raises(ValueError, match="transcripts=True"):
        batch.without_speech()


def test_speech_seconds(batch):
    assert batch.speech_seconds == sum(example.seconds for example in batch.examples)


def test_moving_keeps_every_field(batch):
    moved = batch.to("cpu")
    assert vars(moved).keys() == vars(batch).keys()
    assert torch.equal(moved.text, batch.text)
    assert moved.examples == batch.examples
