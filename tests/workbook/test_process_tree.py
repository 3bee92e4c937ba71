import os
import subprocess

from lib.workbook.process_tree import memory_mb


def test_memory_of_a_process_that_has_ended_is_zero():
    process = subprocess.Popen(["true"])
    process.wait()
    assert memory_mb(process.pid) == 0.0


def test_memory_of_a_process_is_measured():
    assert memory_mb(os.getpid()) > 10
