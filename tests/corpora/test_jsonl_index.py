import pickle

import pytest

from lib.corpora.jsonl_index import JsonlIndex
from lib.files import Damaged, verify

ROWS = [{"text": "one"}, {"text": "zwölf"}, {"text": ""}]


def write(folder, rows=ROWS):
    JsonlIndex.write(folder, rows, dict, {"length": ("l", lambda row: len(row["text"]))})
    return JsonlIndex(folder)


@pytest.fixture
def index(tmp_path):
    return write(tmp_path / "rows")


def test_rows_are_read_in_order(index):
    assert list(index) == ROWS


def test_negative_indices_count_from_the_end(index):
    assert index[-2] == ROWS[1]


@pytest.mark.parametrize("position", [3, -4])
def test_an_index_out_of_range_is_refused(index, position):
    with pytest.raises(IndexError):
        index[position]


def test_columns_hold_a_value_of_each_row(index):
    assert index.columns["length"].tolist() == [3, 5, 0]


def test_the_hash_is_that_of_the_rows(index, tmp_path):
    assert write(tmp_path / "again").hash == index.hash


def test_other_rows_have_another_hash(index, tmp_path):
    assert write(tmp_path / "other", ROWS[1:]).hash != index.hash


def test_an_index_can_be_pickled(index):
    assert list(pickle.loads(pickle.dumps(index))) == ROWS


def test_a_truncated_file_is_refused(index):
    text = index.folder / "rows.jsonl"
    text.write_bytes(text.read_bytes()[:-1])
    with pytest.raises(ValueError, match="rows is damaged .*: it should hold 3 rows.; delete it"):
        JsonlIndex(index.folder)


@pytest.mark.parametrize("name", ["rows.json", "starts.npy", "length.npy"])
@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"{}", b"[]"])
def test_a_damaged_file_names_the_folder(index, name, content):
    (index.folder / name).write_bytes(content)
    with pytest.raises(Damaged, match="rows.* delete it and run again"):
        JsonlIndex(index.folder)


def test_a_damaged_row_names_the_folder(index):
    text = index.folder / "rows.jsonl"
    text.write_bytes(text.read_bytes().replace(b"{", b"[", 1))
    with pytest.raises(Damaged, match="rows is damaged"):
        JsonlIndex(index.folder)[0]


def test_changed_rows_are_not_what_was_written(index):
    text = index.folder / "rows.jsonl"
    text.write_bytes(text.read_bytes().replace(b"one", b"two"))
    with pytest.raises(Damaged, match="rows.jsonl was changed after it was written"):
        verify(index.folder)
