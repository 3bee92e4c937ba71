"""Atomic writes, sealed JSON and hashes of folders."""

import os
import re
import shutil
import time
from pathlib import Path

import pytest

from lib.disk import DiskFull
from lib.files import (
    HASHES,
    Damaged,
    atomic_path,
    content_hash,
    file_hash,
    read_json,
    stamp,
    verify,
    write_json,
)
from tests.damage import change_a_bit, truncate
from tests.disks import mounted


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


def write_folder(path, content="one"):
    with atomic_path(path) as new:
        (new / "deep").mkdir(parents=True)
        (new / "x").write_text(content)
        (new / "deep" / "y").write_bytes(b"abc")
    return path


@pytest.fixture
def twice_written(tmp_path):
    for content in ("one", "two"):
        write_folder(tmp_path / "f", content)
    return tmp_path


def test_a_folder_is_replaced(twice_written):
    assert (twice_written / "f" / "x").read_text() == "two"


def test_a_replaced_folder_leaves_no_other_file(twice_written):
    assert [path.name for path in twice_written.iterdir()] == ["f"]


def test_a_link_to_a_folder_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "x").write_text("keep")
    (tmp_path / "f").symlink_to(tmp_path / "mine")
    write_folder(tmp_path / "f")
    assert (tmp_path / "mine" / "x").read_text() == "keep"
    assert (tmp_path / "f" / "x").read_text() == "one"


def test_nobody_else_can_enter_the_folder_of_what_is_being_written(tmp_path):
    """So that nobody can put a link where a file is about to be created."""
    with atomic_path(tmp_path / "a") as new:
        assert new.parent.stat().st_mode & 0o777 == 0o700
        assert new.parent.parent == tmp_path
        new.touch()


def test_two_writes_of_one_process_number_do_not_meet(tmp_path):
    """Processes of two containers may have the same number."""
    with atomic_path(tmp_path / "a") as one, atomic_path(tmp_path / "a") as other:
        one.write_text("one")
        other.write_text("other")
    assert (tmp_path / "a").read_text() == "one"  # the outer block ends last


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path):
    name = "é" * 127
    write_json(tmp_path / name, 1)
    assert read_json(tmp_path / name) == 1


@pytest.mark.parametrize("age_hours, left", [(25, 0), (1, 1)])
def test_what_a_killed_process_left_is_removed_after_a_day(tmp_path, age_hours, left):
    part = tmp_path / ".a.12345678.part"
    part.mkdir()
    (part / "a").write_text("half")
    os.utime(part, (0, time.time() - age_hours * 3600))
    write_json(tmp_path / "a", 1)
    assert len(list(tmp_path.glob(".a.*.part"))) == left


def test_temporary_folders_of_others_are_left(tmp_path):
    for name in (".b.12345678.part", "download.part"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    write_json(tmp_path / "a", 1)
    assert len(list(tmp_path.glob("*.part"))) == 2


@pytest.mark.parametrize("name", ["w.safetensors", "model/w.safetensors"])
def test_weights_have_the_permissions_of_other_files(tmp_path, name):
    (tmp_path / "other").touch()
    with atomic_path(tmp_path / name.split("/")[0]) as new:
        if "/" in name:
            new.mkdir()
        weights = new / "w.safetensors" if "/" in name else new
        weights.touch(mode=0o600)  # as safetensors does
    assert (tmp_path / name).stat().st_mode == (tmp_path / "other").stat().st_mode


def test_invalid_json_names_its_file(tmp_path):
    (tmp_path / "m.json").write_text("{")
    with pytest.raises(Damaged, match="m.json is not JSON .*; delete it and run again"):
        read_json(tmp_path / "m.json")


def test_nan_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "m.json", float("nan"))


VALUE = {"b": (1, 2.5, None), "a": "zwölf", "c": {"10": 1, "9": 2}}


def test_sealed_json_is_read_as_written(tmp_path):
    write_json(tmp_path / "s.json", VALUE, sealed=True)
    assert read_json(tmp_path / "s.json") == VALUE | {"b": [1, 2.5, None]}


def test_every_changed_digit_of_sealed_json_is_seen(tmp_path):
    path = write_json(tmp_path / "s.json", VALUE, sealed=True)
    text = path.read_text()
    for found in re.finditer(r"(?<!sha)(?<!sha2)(?<!sha25)\d", text):
        path.write_text(f"{text[: found.start()]}{9 - int(found[0])}{text[found.end() :]}")
        with pytest.raises(Damaged, match="s.json was changed after it was written"):
            read_json(path)


def test_a_folder_is_what_was_written(tmp_path):
    folder = write_folder(tmp_path / "f")
    assert read_json(folder / HASHES)["deep/y"] == [3, file_hash(folder / "deep" / "y", 64)]
    verify(folder)


@pytest.mark.parametrize("name", ["x", "deep/y", HASHES])
@pytest.mark.parametrize("damage", [change_a_bit, truncate, Path.unlink])
def test_a_damaged_file_is_named_with_a_remedy(tmp_path, name, damage):
    if (name, damage) == (HASHES, Path.unlink):
        pytest.skip("then it is a folder of an older version")
    folder = write_folder(tmp_path / "f")
    damage(folder / name)
    with pytest.raises(Damaged, match=rf"f/{name} [^\n]*; delete .* and run again"):
        verify(folder)


def test_a_folder_is_compared_once_in_a_process(tmp_path, monkeypatch):
    folder = write_folder(tmp_path / "f")
    verify(folder)
    monkeypatch.delattr("lib.files.file_hash")
    verify(folder)


def test_a_folder_that_has_changed_since_is_compared_again(tmp_path):
    """Also where it was restored from a copy, with its times."""
    folder = write_folder(tmp_path / "f")
    copy = shutil.copytree(folder, tmp_path / "copy")
    verify(folder)
    shutil.rmtree(folder)
    shutil.copytree(copy, folder)
    facts = (folder / "x").stat()
    change_a_bit(folder / "x")
    os.utime(folder / "x", ns=(facts.st_atime_ns, facts.st_mtime_ns))
    with pytest.raises(Damaged, match="f/x was changed"):
        verify(folder)


def test_a_folder_of_an_older_version_is_taken_as_it_is(tmp_path):
    folder = write_folder(tmp_path / "f")
    (folder / HASHES).unlink()
    (folder / "x").unlink()
    verify(folder)


@pytest.fixture
def small_disk(tmp_path):
    with mounted(tmp_path, "64k"):
        yield tmp_path


def test_a_full_disk_is_reported_with_a_remedy(small_disk):
    with pytest.raises(DiskFull, match="no space left to write .*big.json: .* MB free; delete old"):
        write_json(small_disk / "big.json", "x" * 1_000_000)


def test_a_full_disk_leaves_no_file(small_disk):
    with pytest.raises(DiskFull):
        write_json(small_disk / "big.json", "x" * 1_000_000)
    assert not list(small_disk.iterdir())


def test_the_order_of_keys_does_not_change_the_hash():
    assert content_hash({"a": 1, "b": "é"}) == content_hash({"b": "é", "a": 1})


def test_a_value_changes_the_hash():
    assert content_hash({"a": 1}) != content_hash({"a": 2})


def test_the_hash_of_a_file_is_that_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == "ba7816bf8f01"  # SHA-256, FIPS 180-2


def test_a_stamp_changes_with_each_change(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")
    before = stamp(tmp_path / "a")
    (tmp_path / "a").chmod(0o600)
    assert stamp(tmp_path / "a") != before
