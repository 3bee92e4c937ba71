"""Parts sum to the whole, ratios are of pairs, memory and largest batches are what was measured."""

import multiprocessing

import pytest
import torch

from lib.systems.speed import grid, systems
from lib.systems.speed.measure import PARTS, Stopwatch, Timing
from lib.systems.speed.sizes import PRESETS
from tests.systems.speed.conftest import SIZES


def timing(system, repetition, seconds):
    parts = dict.fromkeys(PARTS, seconds / len(PARTS))
    return Timing(
        system=system,
        clip_seconds=10.0,
        batch=4,
        repetition=repetition,
        parts=parts,
        tokens=20,
        to_first_token=0.1,
        to_translation=0.2,
        positions=90,
    )


def test_parts_sum_to_the_whole(built, monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(Stopwatch, "_now", lambda self: float(next(clock)))
    watch = Stopwatch("cpu")
    with torch.no_grad():
        built[systems.PUBLISHED].run(grid.noise(1.0, 1), watch)
    assert sum(watch.parts.values()) == next(clock) - 1
    assert watch.parts["prefill"] == 1 and watch.tokens_at[0] == 4


def test_both_models_of_a_cascade_are_timed(built, monkeypatch):
    clock = iter(range(10_000))
    monkeypatch.setattr(Stopwatch, "_now", lambda self: float(next(clock)))
    found = grid.time_once("cascade", built[systems.CASCADE], grid.noise(1.0, 1))
    assert found.parts["prefill"] == 2
    # features, encoder, both tokens of the transcript, its end, the first token of the translation
    assert (found.to_first_token, found.to_translation) == (3, 6)


def test_systems_take_turns(built):
    found = grid.time_all(built, SIZES)
    assert [t.system for t in found[: len(built)]] == list(built)
    assert {t.repetition for t in found} == {0}


def test_every_cell_has_every_system(timings, built):
    cells = {(t.system, t.clip_seconds, t.batch, t.repetition) for t in timings}
    assert len(cells) == len(timings) == len(built) * 3 * len(SIZES.batches) * 2


def test_rates():
    found = timing("a", 0, 2.0)
    assert found.seconds == pytest.approx(2.0)
    assert found.audio_per_second == pytest.approx(4 * 10 / 2)
    assert found.tokens_per_second == pytest.approx(4 * 20 / 2)


def test_a_ratio_is_the_median_of_pairs_and_their_range():
    fast = [timing("fast", i, s) for i, s in enumerate((1.0, 2.0, 1.0))]
    slow = [timing("slow", i, s) for i, s in enumerate((2.0, 3.0, 5.0))]
    found = grid.ratio(slow + fast, "fast", "slow", (10.0, 4))
    assert (found.value, found.low, found.high, found.pairs) == pytest.approx((2.0, 1.5, 5.0, 3))


def test_a_ratio_of_unequal_repetitions_is_refused():
    with pytest.raises(ValueError, match="no equal repetitions"):
        grid.ratio([timing("a", 0, 1.0), timing("b", 1, 1.0)], "a", "b", (10.0, 4))


@pytest.mark.parametrize(
    "peaks, budget, limit, batch",
    [
        ({1: 30.0, 4: 60.0}, 100.0, 64, 8),
        ({1: 30.0, 4: 60.0}, 100.0, 6, 6),
        ({1: 30.0, 4: 60.0}, 15.0, 64, 0),
        ({1: 30.0, 4: 30.0}, 40.0, 64, 64),
    ],
)
def test_largest_batch_under_a_budget(peaks, budget, limit, batch):
    assert grid.largest_batch(peaks, budget, limit) == batch


def test_batches_are_doubled_until_the_gpu_is_full():
    tried = []

    def attempt(batch):
        tried.append(batch)
        if batch > 5:
            raise torch.cuda.OutOfMemoryError

    assert grid.doubled(attempt, 64) == 4
    assert tried == [1, 2, 4, 8]


def test_nothing_beyond_the_limit_is_tried():
    assert grid.doubled(lambda batch: None, 20) == 16


@pytest.mark.slow
def test_memory_grows_with_the_batch_and_holds_the_weights():
    with multiprocessing.get_context("forkserver").Pool(1) as pool:
        given = (systems.PUBLISHED, PRESETS["smoke"], (1, 8))
        weights, peaks = pool.apply(grid.peaks_in_process, given)
    assert peaks[8] > peaks[1] + 7 * 0.5 and peaks[1] > weights > 1


@pytest.mark.slow
def test_every_system_has_its_memory_measured(built):
    names = [systems.TRUE_LENGTH, systems.WHISPER]
    found = grid.measure_memory({name: built[name] for name in names}, PRESETS["smoke"])
    assert [memory.system for memory in found] == names
    assert all(memory.largest_batch > 0 for memory in found)


def test_the_path_of_a_gpu(built, parts, monkeypatch):
    """With counters in place of a GPU's, since none is here."""
    full = {"now": 5.0}

    def run_out(name, system, clips, repetition=0):
        if len(clips) > 2:
            raise torch.cuda.OutOfMemoryError
        full["now"] = 5.0 + len(clips)

    monkeypatch.setattr(grid, "time_once", run_out)
    monkeypatch.setattr(grid, "used_mb", lambda device: 5.0)
    monkeypatch.setattr(grid, "peak_mb", lambda device: full["now"])
    monkeypatch.setattr(grid, "reset_peak", lambda device: None)
    monkeypatch.setattr(parts, "device", "cuda")
    [found] = grid.measure_memory({"whisper": built[systems.WHISPER]}, SIZES)
    assert found.largest_batch == 2 and found.clip_mb == pytest.approx(1.0)
    assert found.peaks_mb[1] == pytest.approx(found.weights_mb + 1)
