"""Does a stage fit a GPU, how long does it take there, and what would make it fit?"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lib.progress import Progress, no_progress
from lib.systems.footprints.stages import (
    SYSTEMS,
    USUAL_SECONDS,
    Clips,
    PlannedStage,
    planned_stages,
    smaller,
)
from lib.training.footprint import Footprint
from lib.training.gpus import A100, GIB, H200, Gpu
from lib.training.stages import Stage

MIB = 2**20
LARGE_SCALES = ("lab", "full")  # for GPUs
SHARDS = 8


GPUS = (A100, H200)


@dataclass(frozen=True, kw_only=True)
class StagePlan:
    """A stage with what its costliest and its usual batch take."""

    planned: PlannedStage
    clips: Clips  # the costliest batch
    peak: Footprint
    usual_clips: Clips
    usual: Footprint

    @property
    def stage(self) -> Stage:
        return self.planned.stage

    def fits(self, gpu: Gpu) -> bool:
        return self.peak.bytes <= gpu.usable_bytes

    @property
    def update_operations(self) -> float:
        """Of an update with usual batches."""
        return self.usual.operations * self.stage.accumulate

    def hours(self, gpu: Gpu, mfu: float, gpus: int = 1) -> float:
        """Of all updates, decoding of the development set left out.

        Args:
            mfu: share of the peak arithmetic that the training reaches.
        """
        per_second = gpu.teraflops[self.stage.precision] * 1e12 * mfu * gpus
        return self.update_operations * self.stage.updates / per_second / 3600

    def energy_kwh(self, gpu: Gpu, mfu: float) -> float:
        """As if the GPU took its full power all the time."""
        return self.hours(gpu, mfu) * gpu.watts / 1000

    @cached_property
    def remedy(self) -> str:
        """The first change with which the costliest batch fits an A100; empty where it does."""
        if self.fits(A100):
            return ""
        words, found = "the stage as it is", self.peak
        for words, stage in _variants(self.stage):
            found = self.planned.footprint(self.planned.clips(self.planned.longest, stage), stage)
            if found.bytes <= A100.usable_bytes:
                return f"{words} ({found.bytes / GIB:.0f} GiB)"
        # the last has the least activations, which sharding leaves as they are
        if found.sharded(SHARDS) <= A100.usable_bytes:
            return f"{words}, and shard=True over {SHARDS} GPUs"
        return "a smaller model, or LoRA in place of all weights"


def _variants(stage: Stage) -> Iterator[tuple[str, Stage]]:
    """Changes that leave an update as it is, the cheapest first."""
    items = stage.batch_max_items
    while items > 1:
        items = max(1, items // 2)
        other = smaller(stage, items)
        words = f"batch_max_items={items}, batch_seconds={other.batch_seconds:g}"
        yield f"{words}, accumulate={other.accumulate}", other
    if not stage.recompute:
        yield "recompute=True", replace(stage, recompute=True)
        other = replace(smaller(stage, 1), recompute=True)
        yield f"batches of 1, accumulate={other.accumulate}, recompute=True", other


def plan_stage(planned: PlannedStage) -> StagePlan:
    """Run a stage's costliest and usual batch on shapes alone; seconds."""
    scale = planned.experiment.scale
    clips = planned.clips(planned.longest)
    usual_clips = planned.clips(min(USUAL_SECONDS[scale], planned.longest))
    return StagePlan(
        planned=planned,
        clips=clips,
        peak=planned.footprint(clips),
        usual_clips=usual_clips,
        usual=planned.footprint(usual_clips),
    )


def plan(
    scale: str, systems: Collection[str] = tuple(SYSTEMS), progress: Progress = no_progress
) -> list[StagePlan]:
    """Every stage of these systems at a scale; seconds a stage."""
    count, found = sum(len(SYSTEMS[name][-1]) for name in systems), []
    for done, planned in enumerate(planned_stages(scale, systems)):
        progress(planned.name, done, count)
        found.append(plan_stage(planned))
    return found


def memory_row(plan: StagePlan) -> dict[str, Any]:
    """What a stage's costliest batch needs: a row of a table, in GiB, below `lab` in MiB."""
    peak, stage, clips = plan.peak, plan.stage, plan.clips
    large = plan.planned.experiment.scale in LARGE_SCALES
    unit, name = (GIB, "GiB") if large else (MIB, "MiB")
    row: dict[str, Any] = {
        "stage": plan.planned.name,
        "parameters, M": peak.parameters / 1e6,
        "trained, M": peak.trained / 1e6,
        "batch": f"{clips.items} x {clips.seconds:g} s, {stage.precision}",
        f"weights, {name}": peak.weights_bytes / unit,
        "gradients and optimizer": (peak.gradients_bytes + peak.optimizer_bytes) / unit,
        "activations": peak.activations_bytes / unit,
        "peak": peak.bytes / unit,
        "disk": peak.checkpoint_bytes / unit,
    }
    for gpu in GPUS if large else ():
        row[gpu.name] = "fits" if plan.fits(gpu) else "no"
    return row


def time_row(plan: StagePlan, mfu: float) -> dict[str, Any]:
    """How long a stage takes on GPUs: a row of a table."""
    stage, clips = plan.stage, plan.usual_clips
    row: dict[str, Any] = {
        "stage": plan.planned.name,
        "batch": f"{clips.items} x {clips.seconds:g} s x {stage.accumulate}",
        "TFLOP an update": plan.update_operations / 1e12,
        "updates": stage.updates,
    }
    for gpu in GPUS:
        row |= {f"1 {gpu.name}, h": plan.hours(gpu, mfu)}
        row |= {f"8 {gpu.name}, h": plan.hours(gpu, mfu, 8)}
    return row | {f"{A100.name}, kWh": plan.energy_kwh(A100, mfu)}
