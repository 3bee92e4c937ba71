"""Lines, tables and parallel files: what is read, and which defects are reported."""

import gzip
import os

import pytest

from lib.corpora.sources import reading
from lib.corpora.sources.reading import (
    YAML_FORM,
    Lines,
    NotObtained,
    Table,
    not_obtained,
    parallel_lines,
    parallel_segments,
    parse_start_end,
    parse_yaml,
    unknown_language,
)
from lib.utterance import Finding
from tests.corpora.sources.trees import summaries


def lines(folder, content, name="a.txt"):
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return Lines(folder / name, folder)


def test_lines_are_numbered_from_1(tmp_path):
    assert list(lines(tmp_path, "one\n\nthree")) == [(1, "one"), (2, ""), (3, "three")]


def test_gzip_is_decompressed(tmp_path):
    assert list(lines(tmp_path, gzip.compress(b"one\n"), "a.gz")) == [(1, "one")]


def test_truncated_gzip_is_damaged(tmp_path):
    damaged = lines(tmp_path, gzip.compress(b"one\n" * 100)[:-20], "a.gz")
    with pytest.raises(NotObtained, match="a.gz is damaged .*; copy or download it again"):
        list(damaged)


def test_damaged_gzip_is_damaged(tmp_path):
    content = bytearray(gzip.compress(os.urandom(1000)))
    content[11:30] = bytes(19)
    with pytest.raises(NotObtained, match="a.gz is damaged"):
        list(lines(tmp_path, bytes(content), "a.gz"))


def test_a_pipe_is_no_list(tmp_path):
    os.mkfifo(tmp_path / "a.txt")
    with pytest.raises(NotObtained, match="a.txt is not there .a named pipe, not a file"):
        list(Lines(tmp_path / "a.txt", tmp_path))


@pytest.mark.parametrize("name", ["a.txt", "a.gz"])
def test_a_line_that_is_too_long_is_dropped(tmp_path, name, monkeypatch):
    monkeypatch.setattr(reading, "MAX_LINE_BYTES", 2**20)
    content = b"one\n" + bytes(3 * 2**20) + b"\nthree\n"
    read = lines(tmp_path, gzip.compress(content) if name == "a.gz" else content, name)
    assert list(read) == [(1, "one"), (3, "three")]
    assert summaries(read.findings) == [("line", f"{name}:2", "dropped")]
    assert read.findings[0].problem == "is longer than 1 MB"


def test_missing_file_points_to_the_card(tmp_path):
    with pytest.raises(NotObtained, match=r"a.txt is not there \(No such file.*data card"):
        list(Lines(tmp_path / "a.txt", tmp_path))


def test_byte_order_mark_and_crlf_are_repaired(tmp_path):
    read = lines(tmp_path, b"\xef\xbb\xbfone\r\ntwo\nthree\r\n")
    assert [line for _, line in read] == ["one", "two", "three"]
    assert summaries(read.findings) == [
        ("byte order mark", "a.txt:1", "repaired"),
        ("line ends", "a.txt:1", "repaired"),
    ]
    assert read.findings[1].problem == "ends in CRLF, as do others up to line 3"


def test_line_that_is_not_utf8_is_dropped(tmp_path):
    read = lines(tmp_path, b"one\n\xff\nthree\n")
    assert list(read) == [(1, "one"), (3, "three")]
    assert summaries(read.findings) == [("encoding", "a.txt:2", "dropped")]


def test_findings_of_an_earlier_iteration_are_cleared(tmp_path):
    read = lines(tmp_path, b"one\r\n")
    list(read)
    list(read)
    assert len(read.findings) == 1


def table(folder, content, *args, **options):
    lines(folder, content)
    return Table(folder / "a.txt", folder, *args, **options)


def test_table_gives_stripped_values_by_column(tmp_path):
    read = table(tmp_path, 'id\ttext\n1\t "quoted \n\n', ("id",))
    assert list(read) == [(2, {"id": "1", "text": '"quoted'})]


def test_table_with_a_given_header(tmp_path):
    assert list(table(tmp_path, "1\tx\n", header=("id", "text"))) == [(1, {"id": "1", "text": "x"})]


def test_row_with_too_many_fields_is_dropped(tmp_path):
    read = table(tmp_path, "id\n1\t2\n3\n")
    assert list(read) == [(3, {"id": "3"})]
    assert summaries(read.findings) == [("columns", "a.txt:2", "dropped")]


def test_missing_column_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="a.txt lacks the column text; it has id, name"):
        list(table(tmp_path, "id\tname\n", ("id", "text")))


def parallel(folder, listed, english):
    return list(parallel_lines(lines(folder, listed), {"eng": lines(folder, english, "b.txt")}))


def test_parallel_lines_are_joined(tmp_path):
    joined = [(1, "one", {"eng": "1"}), (2, "two", {"eng": "2"})]
    assert parallel(tmp_path, "one\ntwo\n", " 1\n2 \n") == joined


def test_blank_lines_at_the_end_do_not_count(tmp_path):
    assert len(parallel(tmp_path, "one\ntwo\n", "1\n2\n\n\n")) == 2


@pytest.mark.parametrize("english", ["1\n", "1\n2\n3\n"])
def test_files_of_different_length_are_dropped(tmp_path, english):
    findings = parallel(tmp_path, "one\ntwo\n", english)
    origins = ["a.txt:1", "a.txt:2"]
    assert summaries(findings) == [("parallel lines", o, "dropped") for o in origins]
    assert findings[0].problem == f"a.txt has 2 lines, b.txt {english.count(chr(10))}"


@pytest.mark.parametrize("last", [b"3\n", b"\xff\n"])
def test_line_that_is_not_utf8_loses_no_other_pair(tmp_path, last):
    *pairs, finding = parallel(tmp_path, "one\ntwo\nthree\n", b"1\n\xff\n" + last)
    expected = [1, 3] if last == b"3\n" else [1]
    assert [pair[0] for pair in pairs if not isinstance(pair, Finding)] == expected
    assert finding.step == "encoding"


def test_segments_with_times_in_yaml(tmp_path):
    listed = lines(tmp_path, "- {duration: 3.5, offset: 16.1, speaker_id: x, wav: t.wav}\n")
    texts = {"eng": lines(tmp_path, "yes\n", "b.txt")}
    (segment,) = parallel_segments(listed, texts, parse_yaml, YAML_FORM)
    assert (segment.audio, segment.start, segment.seconds) == ("t.wav", 16.1, 3.5)
    assert (segment.speaker, segment.texts, segment.origin) == ("x", {"eng": "yes"}, "a.txt:1")


@pytest.mark.parametrize(
    "line",
    [
        "- {wav: t.wav}",
        "- {duration: [}",
        "text",
        "- 1\n- 2",
        "- {}",
        "- {duration: .nan, offset: 1, wav: t.wav}",
        "- {duration: 1, offset: -1, wav: t.wav}",
        f"- {{duration: {'9' * 1000}, offset: 1, wav: t.wav}}",
        f"- {{duration: {'9' * 5000}, offset: 1, wav: t.wav}}",
        "- " * 900 + "x",
        "[" * 100_000,
    ],
)
def test_broken_yaml_line_is_dropped(tmp_path, line):
    listed = lines(tmp_path, f"{line}\n")
    texts = {"eng": lines(tmp_path, "yes\n" * (line.count("\n") + 1), "b.txt")}
    findings = list(parallel_segments(listed, texts, parse_yaml, YAML_FORM))
    assert {(finding.step, finding.outcome) for finding in findings} == {("cut", "dropped")}
    assert findings[0].remedy == f"a line must read {YAML_FORM}"


def test_segment_with_start_and_end():
    assert parse_start_end("a.wav 1.5 2.0") == ("a.wav", 1.5, 0.5, "")


@pytest.mark.parametrize("line", ["a.wav 1.5", "a.wav one 2.0"])
def test_segment_without_times_is_refused(line):
    with pytest.raises(ValueError):
        parse_start_end(line)


def test_error_names_an_archive_to_unpack(tmp_path):
    error = not_obtained("x is not there", [tmp_path / "a.zip"], "download it")
    assert str(error) == f"x is not there; unpack {tmp_path / 'a.zip'}"


def test_error_without_an_archive_gives_the_remedy():
    assert str(not_obtained("x is not there", [], "download it")) == "x is not there; download it"


def test_unknown_language_is_noted():
    assert summaries([unknown_language("xx", "data/xx")]) == [("language", "data/xx", "noted")]
