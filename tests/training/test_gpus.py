"""Peak arithmetic by a GPU's name, and the share of it that a training logs."""

import pytest
import torch

from lib.training.gpus import A100, KNOWN, peak_operations
from tests.training.cases import fit_speech, fresh

CUDA = torch.device("cuda")


@pytest.mark.parametrize(
    "name, precision, teraflops",
    [
        ("NVIDIA A100-SXM4-80GB", "bf16", 312),
        ("NVIDIA H100 80GB HBM3", "tf32", 494),
        ("NVIDIA H200", "fp32", 67),
    ],
)
def test_known_gpus(monkeypatch, name, precision, teraflops):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: name)
    assert peak_operations(CUDA, precision) == teraflops * 1e12


def test_other_devices_have_none(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda _: "NVIDIA GeForce GT 710")
    assert peak_operations(CUDA, "bf16") is None
    assert peak_operations(torch.device("cpu"), "bf16") is None


def test_memory_for_tensors_is_less_than_all():
    assert all(0 < gpu.usable_bytes < gpu.memory_gib * 2**30 for gpu in KNOWN)
    assert A100.usable_bytes == pytest.approx(73.6 * 2**30)


@pytest.mark.slow
def test_share_of_the_peak_is_that_of_the_operations(tokenizer, chosen, tmp_path, monkeypatch):
    """As if this CPU had a peak of a billion operations a second."""
    monkeypatch.setattr("lib.training.fit.peak_operations", lambda *_: 1e9)
    history = fit_speech(fresh(tokenizer), chosen, tmp_path).history
    shares = [row["mfu"] for row in history]
    assert all(share > 0 for share in shares)
    # operations follow the seconds of speech, which updates have about as many of
    operations = [row["mfu"] * row["seconds"] for row in history]
    assert max(operations) < 2 * min(operations)


@pytest.mark.slow
def test_without_a_known_peak_there_is_no_share(tokenizer, chosen, tmp_path):
    history = fit_speech(fresh(tokenizer), chosen, tmp_path).history
    assert {row["mfu"] for row in history} == {None}
