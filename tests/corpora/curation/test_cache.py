"""The cache of curation: what is read again, what is made again, and who waits for whom."""

import os
import re
import time

import pytest

from lib.corpora import catalogue
from lib.corpora.curation.curate import curate
from lib.disk import DiskFull
from lib.locks import lock
from tests.corpora.curation.corpora import ANY_LANGUAGE, NO_AUDIO, curated, steps, utterance
from tests.corpora.curation.planted import voice
from tests.damage import change_a_bit
from tests.disks import mounted, read_only


@pytest.fixture
def two_clips(tmp_path):
    for name in "ab":
        voice(tmp_path / f"{name}.wav", 2.0, 150.0, seed=ord(name))
    return [utterance(tmp_path, "a"), utterance(tmp_path, "b")]


def check(folder, listed):
    return curated(folder, listed, ANY_LANGUAGE)


def replace_by_other_sound(path, time):
    """Of the same size; `rsync -t` and `cp -p` set the time of what they copy."""
    size = path.stat().st_size
    voice(path, 2.0, 250.0, seed=7)
    assert path.stat().st_size == size
    os.utime(path, ns=(time, time))


@pytest.mark.parametrize("older_seconds", [0, 1000])
def test_audio_that_was_replaced_is_another_corpus(tmp_path, two_clips, older_seconds):
    path = tmp_path / "b.wav"
    before = check(tmp_path, two_clips)
    replace_by_other_sound(path, path.stat().st_mtime_ns - older_seconds * 10**9)
    after = check(tmp_path, two_clips)
    assert after.folder != before.folder
    assert catalogue.to_corpus(after).hash != catalogue.to_corpus(before).hash


def test_audio_that_was_touched_or_copied_is_the_same_corpus(tmp_path, two_clips):
    before = check(tmp_path, two_clips)
    content = (tmp_path / "b.wav").read_bytes()
    (tmp_path / "b.wav").unlink()
    (tmp_path / "b.wav").write_bytes(content)
    os.utime(tmp_path / "a.wav")
    after = check(tmp_path, two_clips)
    assert after.folder == before.folder
    assert catalogue.to_corpus(after).hash == catalogue.to_corpus(before).hash


@pytest.mark.parametrize("name", ["kept/rows.jsonl", "listed/starts.npy", "findings.tsv"])
def test_a_damaged_result_is_named_and_made_again(tmp_path, two_clips, capsys, name):
    before = check(tmp_path, two_clips)
    whole = (before.folder / name).read_bytes()
    change_a_bit(before.folder / name)
    after = check(tmp_path, two_clips)
    assert (after.folder / name).read_bytes() == whole
    assert steps(after) == {}
    said = rf"{name} was changed after it was written.*; it is made again"
    assert len(re.findall(said, capsys.readouterr().err)) == 1


def test_corpora_of_two_users_do_not_wait_for_each_other(tmp_path):
    """All corpora of users have the name "own"."""
    first = curated(tmp_path, [utterance(tmp_path, "a")])
    begun = time.monotonic()
    with lock(first.folder.with_name(f".{first.folder.name}.lock"), "the curation of own"):
        curated(tmp_path, [utterance(tmp_path, "b")])
        curated(tmp_path, [utterance(tmp_path, "a")])  # finished, so it is only read
    assert time.monotonic() - begun < 60
    assert len(list(first.folder.parent.glob(".own*.lock"))) == 2


def test_a_finished_curation_is_read_where_nobody_can_write(tmp_path, two_clips):
    before = check(tmp_path, two_clips)
    with read_only(tmp_path / "cache"):
        assert check(tmp_path, two_clips).folder == before.folder
        with pytest.raises(PermissionError, match="cannot write to .*Read-only"):
            check(tmp_path, two_clips[:1])


def test_a_full_disk(tmp_path):
    (tmp_path / "cache").mkdir()
    with mounted(tmp_path / "cache", "64k"):
        listed = [utterance(tmp_path, f"{number}", "x" * 1000) for number in range(200)]
        with pytest.raises(DiskFull, match="no space left to write"):
            curate("own", tmp_path, listed, NO_AUDIO, tmp_path / "cache")
        left = [path.name for path in (tmp_path / "cache" / "curation").iterdir()]
        assert not [name for name in left if name.endswith(".part") or name.startswith("tmp")]
