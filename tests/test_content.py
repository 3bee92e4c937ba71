"""Whether a file changed, by its content, and quickly where its times tell that it did not."""

import os
import shutil

import pytest

from lib import content
from lib.content import FILE, Contents, files_below
from tests.disks import mounted


@pytest.fixture
def path(tmp_path):
    """A file that was written long ago."""
    (tmp_path / "a.tsv").write_text("one")
    return tmp_path / "a.tsv"


@pytest.fixture
def hashed(monkeypatch):
    """The paths that are read."""
    read, real = [], content.file_hash
    monkeypatch.setattr(content, "file_hash", lambda p, n: (read.append(p), real(p, n))[1])
    monkeypatch.setattr(content, "SETTLED_SECONDS", 0.0)
    return read


def look(folder, path):
    with Contents(folder) as contents:
        return contents.hash(path)


def test_a_second_look_reads_nothing(tmp_path, path, hashed):
    assert look(tmp_path / "cache", path) == look(tmp_path / "cache", path)
    assert hashed == [path]


@pytest.mark.parametrize("keep_time", [True, False])
def test_a_file_that_was_replaced_is_read_again(tmp_path, path, hashed, keep_time):
    """By one of the same size and an older time, as `cp -p` and `rsync -t` leave it."""
    before, facts = look(tmp_path / "cache", path), path.stat()
    path.write_text("two")
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns) if keep_time else (0, 0))
    assert look(tmp_path / "cache", path) != before


def test_a_file_that_was_touched_has_the_same_hash(tmp_path, path, hashed):
    before = look(tmp_path / "cache", path)
    os.utime(path)
    assert look(tmp_path / "cache", path) == before
    assert len(hashed) == 2


def test_what_was_written_a_moment_ago_is_looked_at_again(tmp_path, path, hashed, monkeypatch):
    """A clock may give two changes the same time."""
    monkeypatch.setattr(content, "SETTLED_SECONDS", 60.0)
    look(tmp_path / "cache", path)
    look(tmp_path / "cache", path)
    assert len(hashed) == 2


@pytest.mark.parametrize("damage", [b"", b"not a database" * 100])
def test_a_damaged_file_of_hashes_is_made_again(tmp_path, path, hashed, damage):
    before = look(tmp_path, path)
    (tmp_path / FILE).write_bytes(damage)
    assert [look(tmp_path, path), look(tmp_path, path)] == [before, before]
    assert len(hashed) == 2


def test_hashes_are_made_where_none_can_be_kept(tmp_path, path):
    (tmp_path / "file").touch()
    assert look(tmp_path / "file" / "cache", path) == look(tmp_path / "cache", path)


def test_hashes_are_made_on_a_full_disk(tmp_path, path, hashed):
    small = tmp_path / "small"
    small.mkdir()
    with mounted(small, "16k"):
        (small / "rest").write_bytes(b"x" * 8192)
        assert look(small, path) == look(tmp_path / "cache", path)


def test_only_files_have_a_hash(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="named pipe"):
        look(tmp_path, tmp_path / "pipe")


def of_all(folder):
    with Contents(folder.parent / "cache") as contents:
        return contents.hash_of_all(files_below(folder), folder)


@pytest.fixture
def folder(tmp_path):
    """A folder with what a folder can hold, names that are no text among it."""
    folder = tmp_path / "corpus"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips" / "a.wav").write_bytes(b"a")
    (folder / "clips" / "loop").symlink_to("..")
    (folder / "gone").symlink_to("/nowhere")
    (folder / os.fsdecode(b"\xff.wav")).write_bytes(b"b")
    os.mkfifo(folder / "pipe")
    return folder


def test_a_copied_folder_has_the_same_hash(folder, tmp_path):
    before = of_all(folder)
    (folder / "pipe").unlink()
    without_pipe = of_all(folder)
    copy = shutil.copytree(folder, tmp_path / "copy", symlinks=True)
    assert of_all(copy) == without_pipe != before


@pytest.mark.parametrize(
    "change",
    [
        lambda f: (f / "clips" / "a.wav").write_bytes(b"c"),
        lambda f: (f / "clips" / "a.wav").rename(f / "clips" / "b.wav"),
        lambda f: (f / "clips" / "new.wav").touch(),
        lambda f: (f / "gone").unlink(),
    ],
    ids=["content", "name", "new", "gone"],
)
def test_another_folder_has_another_hash(folder, change):
    before = of_all(folder)
    change(folder)
    assert of_all(folder) != before
