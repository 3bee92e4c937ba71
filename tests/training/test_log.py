import json
from dataclasses import asdict, replace

import pytest

from lib.training.log import (
    COLUMNS,
    DevelopmentOutput,
    Log,
    read_listening,
    read_signals,
    read_training_log,
)
from tests.disks import mounted

ROW = dict.fromkeys(COLUMNS, 1.5) | {"epoch": 0, "score": None}


def output(update, hypothesis="hello"):
    return DevelopmentOutput(
        update=update,
        id="a",
        audio="a.wav",
        reference="hello",
        hypothesis=hypothesis,
    )


@pytest.fixture
def folder(tmp_path):
    """The log of three updates, each with one output."""
    with Log(tmp_path, 0) as log:
        for update in (1, 2, 3):
            log.add_update(ROW | {"update": update})
            log.add_outputs([output(update)])
    return tmp_path


def updates(folder):
    return [row["update"] for row in read_training_log(folder / "training.csv")]


def test_rows_are_read_as_written(folder):
    assert read_training_log(folder / "training.csv")[0] == ROW | {"update": 1}


def test_outputs_are_read_as_written(folder):
    assert read_listening(folder) == [output(update) for update in (1, 2, 3)]


def test_tensorboard_events_are_written(folder):
    assert list((folder / "tensorboard").glob("events*"))


def test_rows_after_the_checkpoint_are_removed(folder):
    Log(folder, 2).__exit__(None, None, None)
    assert updates(folder) == [1, 2]


def test_outputs_after_the_checkpoint_are_removed(folder):
    Log(folder, 2).__exit__(None, None, None)
    assert [found.update for found in read_listening(folder)] == [1, 2]


def test_an_incomplete_last_row_is_left_out(folder):
    with open(folder / "training.csv", "a") as file:
        file.write("4,0,1.2")
    assert updates(folder) == [1, 2, 3]


def test_an_incomplete_last_output_is_left_out(folder):
    with open(folder / "listening.jsonl", "a") as file:
        file.write('{"update": 4, "id"')
    assert len(read_listening(folder)) == 3


def test_a_hypothesis_may_hold_a_unicode_line_separator(folder):
    strange = output(4, "one\u2028two\x85three")
    with Log(folder, 3) as log:
        log.add_outputs([strange])
    assert read_listening(folder)[-1] == strange


@pytest.mark.parametrize("read", [read_listening, lambda f: read_training_log(f / "training.csv")])
def test_a_log_that_does_not_exist_is_empty(read, tmp_path):
    assert read(tmp_path) == []


def test_what_was_asked_for_is_read_as_written(folder):
    asked = replace(
        output(4),
        task="SQA",
        source="eng",
        target="eng",
        transcript="hello\u2028there",
        question="who?",
        prompt="<|en|>",
    )
    with Log(folder, 3) as log:
        log.add_outputs([asked])
    assert read_listening(folder)[-1] == asked


def test_a_log_that_was_written_before_it_kept_what_was_asked_for_is_read(tmp_path):
    kept = ("update", "id", "audio", "reference", "hypothesis")
    old = {name: value for name, value in asdict(output(1)).items() if name in kept}
    (tmp_path / "listening.jsonl").write_text(json.dumps(old) + "\n")
    assert read_listening(tmp_path) == [output(1)]
    with Log(tmp_path, 1) as log:  # training goes on
        log.add_outputs([output(2)])
    assert [(found.update, found.task) for found in read_listening(tmp_path)] == [(1, ""), (2, "")]


LOGS = ("training.csv", "listening.jsonl", "signals.jsonl")
READERS = (lambda f: read_training_log(f / "training.csv"), read_listening, read_signals)


@pytest.mark.parametrize("name, read", zip(LOGS, READERS, strict=True), ids=LOGS)
@pytest.mark.parametrize(
    "line",
    [
        *(b"\xff\xfe\0\n", b"[1, 2]\n", b"\n", b'{"update": "x"}\n', b'{"other": 1}\n', b"1,2\n"),
        *(b"," * 11 + b"\n", b"[" * 100_000 + b"\n", b"9" * 5000 + b",1" * 11 + b"\n"),
    ],
    ids=lambda line: str(line[:16]),
)
def test_damaged_lines_are_left_out_and_counted_once(folder, capsys, name, read, line):
    with Log(folder, 3) as log:
        log.add_signals(3, {"empty_outputs": 0.5})
    whole, path = read(folder), folder / name
    path.write_bytes(path.read_bytes() + line + line)
    assert read(folder) == read(folder) == whole != []
    said = f"{path}: 2 damaged lines are left out"
    assert capsys.readouterr().err.count(said) == 1
    with Log(folder, 3):  # training goes on
        pass
    assert read(folder) == whole


def test_a_damaged_header_costs_no_row(folder):
    path = folder / "training.csv"
    path.write_text(path.read_text().replace("loss", "lose", 1))
    assert updates(folder) == [1, 2, 3]


def test_a_log_that_is_a_folder_does_not_stop_a_training(tmp_path, capsys):
    for name in LOGS:
        (tmp_path / name).mkdir()
    with Log(tmp_path, 0) as log:
        log.add_update(ROW | {"update": 1})
        log.add_outputs([output(1)])
        log.add_signals(1, {"empty_outputs": 0.5})
    assert capsys.readouterr().err.count("the log is not complete") == 1


def test_a_full_disk_does_not_stop_a_log(tmp_path, capsys):
    with mounted(tmp_path, "64k"):
        with Log(tmp_path, 0) as log:
            for update in range(1, 200):
                log.add_update(ROW | {"update": update})
                log.add_outputs([output(update, "x" * 1000)])
                log.flush()
        assert 0 < len(read_listening(tmp_path)) < 200
        assert read_training_log(tmp_path / "training.csv")
    assert capsys.readouterr().err.count("the log is not complete") == 1
