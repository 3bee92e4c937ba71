import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from lib.files import DiskFull, atomic_path, content_hash, file_hash, lock, read_json, write_json

HOLDER = """
import sys, time
from lib.files import lock
with lock(sys.argv[1], "run 10"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def after_failure(tmp_path):
    """A folder in which a second write of a file failed."""
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "a.json") as new:
        new.write_text("half")
        raise RuntimeError
    return tmp_path


def test_a_failed_write_keeps_the_old_content(after_failure):
    assert read_json(after_failure / "a.json") == 1


def test_a_failed_write_leaves_no_other_file(after_failure):
    assert [path.name for path in after_failure.iterdir()] == ["a.json"]


@pytest.fixture
def twice_written(tmp_path):
    for content in ("one", "two"):
        with atomic_path(tmp_path / "f") as new:
            new.mkdir()
            (new / "x").write_text(content)
    return tmp_path


def test_a_folder_is_replaced(twice_written):
    assert (twice_written / "f" / "x").read_text() == "two"


def test_a_replaced_folder_leaves_no_other_file(twice_written):
    assert [path.name for path in twice_written.iterdir()] == ["f"]


@pytest.mark.parametrize("name", ["w.safetensors", "model/w.safetensors"])
def test_weights_have_the_permissions_of_other_files(tmp_path, name):
    (tmp_path / "other").touch()
    with atomic_path(tmp_path / name.split("/")[0]) as new:
        if "/" in name:
            new.mkdir()
        save_file({"x": torch.zeros(1)}, new / "w.safetensors" if "/" in name else new)
    assert (tmp_path / name).stat().st_mode == (tmp_path / "other").stat().st_mode


def test_invalid_json_names_its_file(tmp_path):
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(ValueError, match="m.json is not valid JSON"):
        read_json(tmp_path / "m.json")


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "m.json", float("nan"))


@pytest.fixture
def small_disk(tmp_path):
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"cannot mount a small disk: {done.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_full_disk_is_reported_with_a_remedy(small_disk):
    with pytest.raises(DiskFull, match="no space left to write .*big.json: .* MB free; delete old"):
        write_json(small_disk / "big.json", "x" * 1_000_000)


def test_a_full_disk_leaves_no_file(small_disk):
    with pytest.raises(DiskFull):
        write_json(small_disk / "big.json", "x" * 1_000_000)
    assert not list(small_disk.iterdir())


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock "l" in `tmp_path`."""
    command = [sys.executable, "-c", HOLDER, tmp_path / "l"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_held_lock_names_its_holder(holder, tmp_path):
    error = pytest.raises(RuntimeError, match=f"run 10 is in progress in process {holder.pid}")
    with error, lock(tmp_path / "l", "run 10", timeout_seconds=0.1):
        pass


def test_waiting_for_a_lock_is_reported(holder, tmp_path):
    lines = []
    wait = lock(tmp_path / "l", "run 10", timeout_seconds=0.3, on_wait=lines.append)
    with pytest.raises(RuntimeError), wait:
        pass
    assert set(lines) == {"waiting for run 10, in progress in another process"}


def test_a_lock_is_freed_when_its_holder_is_killed(holder, tmp_path):
    holder.kill()
    with lock(tmp_path / "l", "run 10", timeout_seconds=5):
        assert (tmp_path / "l").read_text() == str(os.getpid())


def test_the_order_of_keys_does_not_change_the_hash():
    assert content_hash({"a": 1, "b": "é"}) == content_hash({"b": "é", "a": 1})


def test_a_value_changes_the_hash():
    assert content_hash({"a": 1}) != content_hash({"a": 2})


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == "ba7816bf8f01"  # SHA-256, FIPS 180-2
