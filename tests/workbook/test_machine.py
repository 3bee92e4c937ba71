import os

import pytest

from lib.scales import THREADS
from lib.workbook import machine

GPUS = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aaaa-1)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-bbbb-2)
"""
MIG = """GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-aaaa-1)
  MIG 1g.10gb     Device  0: (UUID: MIG-cccc-3)
  MIG 1g.10gb     Device  1: (UUID: MIG-dddd-4)
GPU 1: NVIDIA H100 80GB HBM3 (UUID: GPU-bbbb-2)
"""


@pytest.mark.parametrize(
    ("listing", "names"),
    [
        ("", []),
        (GPUS, ["GPU-aaaa-1", "GPU-bbbb-2"]),
        (MIG, ["MIG-cccc-3", "MIG-dddd-4", "GPU-bbbb-2"]),
    ],
)
def test_gpus_are_listed_by_uuid(listing, names):
    assert machine.parse_gpu_list(listing) == names


@pytest.mark.parametrize(("value", "names"), [("", []), ("-1", []), ("2, 5", ["2", "5"])])
def test_the_users_choice_of_gpus_counts(monkeypatch, value, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert machine.gpus() == names


def test_without_a_driver_there_are_no_gpus(monkeypatch, tmp_path):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpus() == []


def test_one_job_a_gpu():
    assert machine.default_jobs("full", gpu_count=3) == 3


@pytest.mark.parametrize(("cores", "jobs"), [(2, 1), (4, 1), (9, 2)])
def test_as_many_jobs_as_cores_have_threads_for(monkeypatch, cores, jobs):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(cores)))
    assert machine.default_jobs("lab", gpu_count=0) == jobs


@pytest.mark.parametrize("name", machine.THREAD_VARIABLES)
def test_a_run_has_the_threads_of_its_scale(name):
    assert machine.run_environment("lab", [])[name] == str(THREADS["lab"])


def test_a_run_sees_its_own_gpus():
    assert machine.run_environment("lab", ["2", "3"])["CUDA_VISIBLE_DEVICES"] == "2,3"


def test_a_run_without_named_gpus_sees_what_the_runner_sees(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "7")
    assert machine.run_environment("lab", [])["CUDA_VISIBLE_DEVICES"] == "7"
