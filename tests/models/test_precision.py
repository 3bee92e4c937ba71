"""The precision of matrix products, and of decoding."""

import pytest
import torch

from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import GREEDY, decode
from lib.models.precision import matmul_precision
from lib.tasks import ST, examples

CPU = torch.device("cpu")


def test_bf16_products_are_in_bf16():
    with matmul_precision("bf16", CPU):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.bfloat16


@pytest.mark.parametrize(("name", "torch_name"), [("tf32", "high"), ("fp32", "highest")])
def test_fp32_products_have_the_precision_of_the_stage(name, torch_name):
    with matmul_precision(name, CPU):
        assert torch.get_float32_matmul_precision() == torch_name


def test_precision_is_restored():
    before = torch.get_float32_matmul_precision()
    with matmul_precision("tf32", CPU):
        pass
    assert torch.get_float32_matmul_precision() == before


@pytest.mark.parametrize(
    ("name", "dtype"), [("bf16", torch.bfloat16), ("tf32", torch.float32), ("fp32", torch.float32)]
)
def test_decoding_has_the_precision_that_it_is_told(model, corpus, monkeypatch, name, dtype):
    seen = set()

    def see(_module, _given, logits):
        seen.add((logits.dtype, torch.get_float32_matmul_precision()))

    model.speech.lm_head.register_forward_hook(see)
    given = examples(corpus.split("test", "est")[:2], ST, "eng")
    collate = Collator(model, FbankExtractor(model.stack))
    found = decode(model, given, collate, GREEDY, precision=name)
    assert len(found) == 2
    assert seen == {(dtype, "high" if name == "tf32" else "highest")}
