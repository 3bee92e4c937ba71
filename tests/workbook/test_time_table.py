import json
import os
from datetime import datetime

import pytest

from lib.workbook.paths import cache
from lib.workbook.time_table import time_table
from tests.workbook.cases import score_row, use_folder, write_notebook, write_record

DAY = "2026-01-01T"
SCORES = [score_row(), score_row(system="baseline", value=5.0)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    for number in ("10", "11"):
        write_notebook(tmp_path, number=number)
    return tmp_path


def run(number, started, finished, **changes):
    """The record of a run between two times of one day, such as 10:00."""
    times = [datetime.fromisoformat(f"{DAY}{time}:00+00:00") for time in (started, finished)]
    facts = {"seconds": (times[1] - times[0]).total_seconds(), "device": {"threads": 1}}
    facts |= {"started": times[0].isoformat(), "finished": times[1].isoformat()}
    return write_record(number, **facts | changes)


def made(name, at, seconds, process=""):
    """A file of the cache that was written at a time of that day, by a process."""
    path = cache() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"seconds": seconds}))
    if process:
        log = path.parent / "tensorboard" / f"events.out.tfevents.1795731164.a.host.{process}.0"
        log.parent.mkdir()
        log.touch()
    second = datetime.fromisoformat(f"{DAY}{at}:00+00:00").timestamp()
    os.utime(path, (second, second))


def minutes(kind, runs=("10", "11")):
    """The minutes of a kind by run."""
    return {row["run"]: row[kind] for row in time_table("smoke", runs).rows}


def test_a_system_counts_where_it_was_trained_and_not_where_it_was_found():
    for number, started, finished in (("10", "10:00", "10:10"), ("11", "10:10", "10:20")):
        run(number, started, finished, systems={"direct": "gmu-direct"})
    made("gmu-direct/done.json", "10:05", 120)
    assert minutes("training") == {"10": 2, "11": 0, "all": 2}


def test_outputs_count_where_they_were_decoded():
    for number, started, finished in (("10", "10:00", "10:10"), ("11", "10:10", "10:20")):
        run(number, started, finished, systems={"direct": "gmu-direct"})
    made("gmu-direct/outputs/a.json", "10:05", 60)
    made("gmu-direct/outputs/b.json", "10:15", 180)
    assert minutes("decoding") == {"10": 1, "11": 3, "all": 4}


def test_a_backbone_counts_for_the_run_whose_process_trained_it():
    run("10", "10:00", "10:20", process=7)
    run("11", "10:01", "10:21", process=8)
    made("seamless-1/ctc/done.json", "10:10", 300, process=8)
    assert minutes("backbones") == {"10": 0, "11": 5, "all": 5}


def test_a_system_of_another_run_at_that_time_does_not_count():
    run("10", "10:00", "10:20", systems={"direct": "gmu-direct"})
    made("gmu-asr/done.json", "10:10", 60)
    assert minutes("training", ["10"])["all"] == 0


def test_what_was_there_before_a_run_does_not_count():
    run("10", "10:00", "10:20", systems={"direct": "gmu-direct"})
    made("gmu-direct/done.json", "09:30", 60)
    made("seamless-1/ctc/done.json", "09:30", 60)
    assert minutes("other", ["10"])["10"] == 20


def test_of_a_training_that_was_resumed_the_part_within_the_run_counts():
    run("10", "10:00", "10:20", systems={"direct": "gmu-direct"})
    made("gmu-direct/done.json", "10:05", 3600)
    assert minutes("training", ["10"])["10"] == 5


def test_the_rest_is_other():
    run("10", "10:00", "10:20", systems={"direct": "gmu-direct"})
    made("gmu-direct/done.json", "10:10", 300)
    made("gmu-direct/outputs/a.json", "10:12", 120)
    assert minutes("other", ["10"])["10"] == 13


def test_files_without_seconds_do_not_count():
    run("10", "10:00", "10:20")
    made("cometkiwi-1/outputs/a.json", "10:05", 60)
    (cache() / "cometkiwi-1" / "done.json").write_text("{}")
    assert minutes("decoding", ["10"])["10"] == 1


def test_totals_are_of_threads_and_of_the_clock():
    run("10", "10:00", "10:10", device={"threads": 4})
    run("11", "10:12", "10:22", scores=SCORES)
    found = time_table("smoke", ["10", "11"])
    totals = (found.core_minutes, found.wall_minutes, found.idle_minutes, found.first_score)
    assert totals == (50, 22, 2, 22)


def test_runs_side_by_side_leave_no_time_between_them():
    run("10", "10:00", "10:30")
    run("11", "10:05", "10:10")
    assert time_table("smoke", ["10", "11"]).idle_minutes == 0


def test_without_scores_beside_baselines_there_is_no_first_one():
    run("10", "10:00", "10:10", scores=[score_row()])
    assert "first scores" not in time_table("smoke", ["10"]).text()


def test_the_table_names_runs_as_they_are_called():
    write_notebook(cache().parents[1], number="03")
    run("03", "10:00", "10:10", title="Backbones: a small Seamless")
    line = next(line for line in time_table("smoke", ["03"]).text().splitlines() if "Back" in line)
    assert line.split()[:3] == ["03", "Backbones", "10.0"]


@pytest.mark.parametrize("exit", ["running", "failed: it"])
def test_a_run_that_has_not_finished_has_no_row(exit):
    run("10", "10:00", "10:10", exit=exit)
    assert time_table("smoke", ["10"]) is None
