"""The language model alone, transcripts as translations, shifted layers, other backbones."""

import pytest
import torch

from lib.systems.zero_resource.decodings import (
    READING,
    WRITING,
    ceiling,
    shifted,
    transcribed,
)

pytestmark = pytest.mark.slow  # it trains


def test_the_language_model_reads_and_copies_every_language(zero_resource):
    rows = ceiling(zero_resource)
    read = {(r.source, r.target) for r in rows if r.strategy == READING}
    copied = {(r.source, r.target) for r in rows if r.strategy == WRITING}
    assert len(read) == 9 and {target for _, target in read} == {"eng"}
    assert len(copied) == 10 and all(source == target for source, target in copied)


def test_transcripts_as_translations_are_a_baseline(zero_resource, zero_outputs):
    rows = zero_outputs("multi-task")
    said = {(r.source, r.id): r.hypothesis for r in rows if r.task == "ASR"}
    found = transcribed(zero_resource, rows)
    assert len(found) == sum(r.task == "ST" for r in rows)
    assert all(r.hypothesis == said[r.source, r.id] for r in found)
    assert {r.system for r in found} == {"baseline"}
    assert all(r.target == "eng" for r in found)


def test_layers_are_shifted_and_put_back(zero_resource, zero_trained):
    system = zero_trained("multi-task")
    before = system.model.bridge.logits.detach().clone()
    rows = shifted(zero_resource, system, 1)
    assert torch.equal(system.model.bridge.logits, before)
    assert {row.strategy for row in rows} == {"multi-task, layers shifted by +1"}


def test_shifted_outputs_are_not_those_of_the_system(zero_resource, zero_trained):
    """They lie in a folder of their own, so that neither is taken for the other."""
    system = zero_trained("multi-task")
    shifted(zero_resource, system, 1)
    assert (system.folder / "shifted-1" / "outputs").is_dir()
