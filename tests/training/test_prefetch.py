"""Batches from worker processes: the same as without, in training, stopping and in errors."""

import multiprocessing
import subprocess
import sys
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest
import torch

from lib.data.augment import Augment
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.training.batches import draw_batches, make_buckets
from lib.training.prefetch import BatchMaker, default_workers, make_batches
from tests.training.cases import STAGE, Killed, equal, fit_speech, fresh, kill_after, losses

CPU = torch.device("cpu")
AUGMENT = Augment(speeds=(0.9, 1.0, 1.1), time_masks=1, mel_masks=1)


@pytest.fixture(scope="module")
def model(tokenizer):
    return fresh(tokenizer)


@pytest.fixture(scope="module")
def given(chosen, tmp_path_factory):
    """Examples with one file that is no audio, one that is cut, and one long text."""
    bad = tmp_path_factory.mktemp("bad") / "noise.wav"
    bad.write_bytes(b"not a sound")
    long = replace(chosen[2], target_text="five " * 200)
    return [replace(chosen[0], audio=bad), chosen[1], long, *chosen[3:]]


def made(model, given, workers, count=9, augment=None):
    """Batches, and the collator that noted what was wrong with them."""
    collate = Collator(model, FbankExtractor(4, max_seconds=1.5))
    stage = replace(STAGE, batch_seconds=6.0)
    draws = draw_batches(make_buckets(given, stage, collate, seed=1))
    maker = BatchMaker(collate=collate, augment=augment, seed=1)
    batches = make_batches(maker, draws, CPU, workers)
    found = list(islice(batches, count))
    batches.close()
    return found, collate


@pytest.mark.parametrize("augment", [None, AUGMENT])
def test_batches_are_the_same_with_any_number_of_workers(model, given, augment):
    alone, _ = made(model, given, 0, augment=augment)
    for workers in (1, 3):
        others, _ = made(model, given, workers, augment=augment)
        for own, other in zip(alone, others, strict=True):
            assert [e.id for e in own.examples] == [e.id for e in other.examples]
            assert torch.equal(own.speech, other.speech) and torch.equal(own.labels, other.labels)


def test_what_was_cut_and_left_out_is_noted_here(model, given):
    (_, alone), (_, others) = (made(model, given, workers) for workers in (0, 2))
    assert alone.dropped.keys() == {given[0].id} and alone.truncated_texts == {given[2].id}
    assert alone.extractor.truncated
    # workers are ahead, so they may have seen more
    assert others.dropped.keys() >= alone.dropped.keys()
    assert others.truncated_texts >= alone.truncated_texts
    assert others.extractor.truncated >= alone.extractor.truncated


def test_workers_end_with_their_loop(model, given):
    made(model, given, 2)
    assert not multiprocessing.active_children()


def test_the_dropout_of_training_is_drawn_as_without_workers(model, given):
    torch.manual_seed(5)
    made(model, given, 2)
    after = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(after, torch.rand(1))


def test_an_error_in_a_worker_ends_training(model, given):
    collate = Collator(model, FbankExtractor(4))
    wrong = [replace(example, target="xxx") for example in given[3:]]
    draws = draw_batches(make_buckets(wrong, STAGE, collate, seed=1))
    maker = BatchMaker(collate=collate, augment=None, seed=1)
    with pytest.raises(Exception, match="xxx"):
        list(islice(make_batches(maker, draws, CPU, 1), 2))


def test_there_are_no_workers_by_default_without_a_gpu():
    assert default_workers(CPU) == 0
    assert 1 <= default_workers(torch.device("cuda")) <= 8


@pytest.mark.slow
def test_training_with_workers_changes_no_bit(tokenizer, chosen, tmp_path):
    stage = replace(STAGE, augment=AUGMENT)
    alone, other = fresh(tokenizer), fresh(tokenizer)
    expected = fit_speech(alone, chosen, tmp_path / "alone", stage)
    with pytest.raises(Killed):
        fit_speech(other, chosen, tmp_path / "w", stage, callback=kill_after(3), workers=2)
    other = fresh(tokenizer)
    how = {"scores": range(2, 100), "workers": 2}
    found = fit_speech(other, chosen, tmp_path / "w", stage, **how)
    assert losses(found) == losses(expected) and equal(other, alone)
    assert not multiprocessing.active_children()
    assert all(0 <= row["data_wait_share"] <= 1 for row in found.history)


ENDLESS = """
import time
import torch
from itertools import repeat
from types import SimpleNamespace
from lib.training.prefetch import BatchMaker, make_batches

class Empty:
    __call__ = take_notes = add_notes = lambda self, *given: None

draws = repeat(SimpleNamespace(epoch=0, examples=[]))
make = BatchMaker(collate=Empty(), augment=None, seed=1)
batches = make_batches(make, draws, torch.device("cpu"), 2)
next(batches)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.slow
def test_workers_of_a_killed_training_end():
    command = [sys.executable, "-c", ENDLESS]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout.readline() == b"ready\n"
        listed = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text()
        workers = [Path("/proc") / pid for pid in listed.split()]
        assert len(workers) >= 2
        parent.kill()
    deadline = time.monotonic() + 30
    while any(worker.exists() for worker in workers):
        assert time.monotonic() < deadline
        time.sleep(0.2)
