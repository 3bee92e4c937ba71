"""The planned memory of every stage, held against what a real update of it allocates."""

from dataclasses import replace

import pytest
import torch

from lib.systems.footprints.models import untrained_backbone
from lib.systems.footprints.plan import A100, memory_row, plan, plan_stage, time_row
from lib.systems.footprints.stages import (
    SYSTEMS,
    planned_batch,
    planned_stages,
    smaller,
)
from lib.training.stages import freeze, train_mode
from lib.training.step import batch_loss

SECONDS = 2.5


def allocated(planned, clips):
    """Most bytes that live at once, of those that forward and backward allocate, by the profiler.
    """
    objective = planned.objective()
    freeze(objective, planned.stage.frozen)
    train_mode(objective)
    objective.state_cache = None  # a plan has none
    for parameter in objective.parameters():
        if parameter.requires_grad:
            parameter.grad = torch.zeros_like(parameter)
    batch = planned_batch(objective, planned, clips)
    with torch.profiler.profile(
        activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True
    ) as profile:
        total, _ = batch_loss(objective, batch, planned.stage, torch.device("cpu"))
        total.backward()
    events = profile.profiler.kineto_results.events()
    found = sorted((e.start_ns(), e.nbytes()) for e in events if e.name() == "[memory]")
    alive = peak = 0
    for _, change in found:
        alive += change
        peak = max(peak, alive)
    return peak


@pytest.mark.parametrize("system", SYSTEMS)
def test_planned_memory_is_what_a_real_update_takes(system):
    for planned in planned_stages("tiny", [system]):
        clips = planned.clips(SECONDS)
        found = planned.footprint(clips)
        assert found.activations_bytes == pytest.approx(allocated(planned, clips), rel=0.1)


@pytest.fixture(scope="module")
def direct():
    return next(p for p in planned_stages("full", ["gmu"]) if p.strategy.name == "direct")


@pytest.fixture(scope="module")
def planned_direct(direct):
    return plan_stage(direct)


def test_published_memory_of_gmu(planned_direct):
    """By its logs, speech translation took 51 to 69 GB of an A100."""
    assert 51e9 < planned_direct.peak.bytes < 69e9
    assert round(planned_direct.peak.parameters / 1e6, 2) == 1501.84
    assert planned_direct.fits(A100) and planned_direct.remedy == ""


def test_a_stage_that_does_not_fit_is_told_the_first_change_that_helps(direct):
    large = replace(direct.stage, batch_max_items=8, batch_seconds=240.0)
    found = plan_stage(replace(direct, stage=large))
    assert not found.fits(A100)
    assert found.remedy.startswith("batch_max_items=4, batch_seconds=120, accumulate=60 (")


def test_sharding_is_named_where_no_batch_is_small_enough(direct, monkeypatch):
    small = replace(A100, memory_gib=25.0)  # less than weights, gradients and optimizer
    monkeypatch.setattr("lib.systems.footprints.plan.A100", small)
    few = replace(direct.stage, batch_max_items=2, batch_seconds=60.0)
    assert plan_stage(replace(direct, stage=few)).remedy.endswith("and shard=True over 8 GPUs")


def test_building_a_model_leaves_the_next_ones_tokenizer_as_it_is():
    backbone = untrained_backbone("qwen", "tiny")
    first = backbone.load().tokenizer
    first.add_tokens(["<a new tag>"])
    assert len(backbone.load().tokenizer) == len(first) - 1


def test_smaller_batches_leave_an_update_as_large(direct):
    made = smaller(direct.stage, 1)
    before = direct.stage.batch_max_items * direct.stage.accumulate
    assert (made.batch_max_items, made.accumulate) == (1, before)


def test_hours_fall_with_gpus_and_rise_with_less_of_the_peak(planned_direct):
    one = planned_direct.hours(A100, 0.35)
    assert planned_direct.hours(A100, 0.35, 8) == pytest.approx(one / 8)
    assert planned_direct.hours(A100, 0.175) == pytest.approx(2 * one)


def test_rows_of_every_stage_at_smoke():
    plans = plan("smoke")
    assert len(plans) == sum(len(strategies) for *_, strategies in SYSTEMS.values())
    rows = [memory_row(entry) | time_row(entry, 0.35) for entry in plans]
    assert all(row["peak"] > row["weights, MiB"] > 0 for row in rows)
    assert all(0 < row["trained, M"] <= row["parameters, M"] for row in rows)
