import os

import psutil
import pytest

from lib import cgroup


@pytest.fixture
def limits(tmp_path, monkeypatch):
    """Write a container's limits."""
    monkeypatch.setattr(cgroup, "CGROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)))

    def write(**files):
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text + "\n")

    return write


@pytest.mark.parametrize(
    "quota, cores",
    [("200000 100000", 2), ("max 100000", 8), ("50000 100000", 1), ("1600000 100000", 8)],
)
def test_cores_are_within_the_quota(limits, quota, cores):
    limits(cpu_max=quota)
    assert cgroup.usable_cores() == cores


def test_without_a_container_all_cores_are_usable(limits):
    assert cgroup.usable_cores() == 8


def test_memory_is_within_the_limit(limits):
    limits(memory_max=str(300 * 2**20), memory_current=str(100 * 2**20))
    assert cgroup.available_mb() == 200


def test_memory_without_a_limit_is_the_machines(limits):
    limits(memory_max="max", memory_current="1")
    available = psutil.virtual_memory().available / 2**20
    assert cgroup.available_mb() == pytest.approx(available, rel=0.2)
