import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

from lib.files import DiskFull, atomic_path, content_hash, lock, read_json, write_json


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    write_json(tmp_path / "a.json", 1)
    with pytest.raises(RuntimeError), atomic_path(tmp_path / "a.json") as new:
        new.write_text("half")
        raise RuntimeError
    assert read_json(tmp_path / "a.json") == 1 and [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_a_folder_appears_in_one_step(tmp_path):
    for content in ("one", "two"):
        with atomic_path(tmp_path / "f") as new:
            new.mkdir()
            (new / "x").write_text(content)
    assert (tmp_path / "f" / "x").read_text() == "two" and len(list(tmp_path.iterdir())) == 1


def test_weights_are_as_readable_as_any_other_file(tmp_path):
    (tmp_path / "any").touch()
    with atomic_path(tmp_path / "w.safetensors") as new:
        save_file({"x": torch.zeros(1)}, new)
    with atomic_path(tmp_path / "model") as folder:
        folder.mkdir()
        save_file({"x": torch.zeros(1)}, folder / "w.safetensors")
    modes = {path.stat().st_mode for path in (tmp_path / "any", tmp_path / "w.safetensors", tmp_path / "model" / "w.safetensors")}
    assert len(modes) == 1


def test_broken_json_names_its_file(tmp_path):
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(ValueError, match="m.json is not readable as JSON"):
        read_json(tmp_path / "m.json")


def test_full_disk_says_what_is_free_and_what_to_do(tmp_path):
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", tmp_path], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"cannot make a small disk here: {done.stderr.strip()}")
    try:
        with pytest.raises(DiskFull, match="no room to write .*big.json: .* MB free; delete old runs"):
            write_json(tmp_path / "big.json", "x" * 1_000_000)
        assert not list(tmp_path.iterdir())
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_lock_dies_with_its_owner_and_names_it_while_it_lives(tmp_path):
    code = "import sys, time\nfrom lib.files import lock\nwith lock(sys.argv[1], 'run 10'):\n print('held', flush=True); time.sleep(60)"
    owner = subprocess.Popen([sys.executable, "-c", code, tmp_path / "l"], stdout=subprocess.PIPE, text=True)
    assert owner.stdout.readline() == "held\n"
    told: list[str] = []
    with (
        pytest.raises(RuntimeError, match=f"run 10 is being made by process {owner.pid}"),
        lock(tmp_path / "l", "run 10", patience=0.3, waits=told.append),
    ):
        pass
    assert set(told) == {"waiting for run 10, which another process is making"}
    owner.kill()
    with lock(tmp_path / "l", "run 10", patience=5):
        assert (tmp_path / "l").read_text() == str(os.getpid())
    owner.wait()


def test_hash_depends_on_content_alone():
    assert content_hash({"a": 1, "b": "é"}) == content_hash({"b": "é", "a": 1}) != content_hash({"a": 2, "b": "é"})
