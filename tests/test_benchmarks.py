"""Benchmarks are not run here, since they take minutes; but each can be started."""

from importlib import import_module

import pytest

from benchmarks.__main__ import BENCHMARKS


@pytest.mark.parametrize("target", BENCHMARKS.values(), ids=BENCHMARKS)
def test_every_benchmark_is_there(target):
    module, _, function = target.partition(":")
    assert callable(getattr(import_module(module), function))
