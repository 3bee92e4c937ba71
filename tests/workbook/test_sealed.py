import json
import subprocess
import sys
from dataclasses import replace

import pytest

from lib.workbook import record, sealed
from lib.workbook.claim_rows import judged_row, predicted_row
from lib.workbook.ledger import claims
from lib.workbook.paths import ROOT, scale_folder
from lib.workbook.predictions import NO_GIT, POST_HOC
from lib.workbook.sealed import FILE, read_seals, seal
from tests.workbook.cases import CLAIM, measured, use_claims, use_folder, write_notebook
from tests.workbook.cases import write_record as write_manifest

OTHER = replace(CLAIM, id="GMU-3")
CHANGED = replace(CLAIM, predicted_high=9)
EARLY, RUN, LATE = (f"2026-01-0{day}T00:00:00+00:00" for day in (1, 2, 3))
EDITED = f"edited: {FILE} is not the one that this run began with"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    write_notebook(tmp_path)
    use_claims(monkeypatch, CLAIM, OTHER)
    return tmp_path


def at(monkeypatch, time):
    """Let seals be written at a time."""

    class Clock(sealed.datetime):
        @classmethod
        def now(cls, zone):
            return cls.fromisoformat(time)

    monkeypatch.setattr(sealed, "datetime", Clock)


def path():
    return scale_folder("smoke") / FILE


def write_record(claim=CLAIM, since=RUN, **changes):
    """The record of a run that begins now and judges a claim on runs that began at `since`."""
    head = seal("smoke")
    before = {"prediction_commit": "0" * 40, "prediction_time": "2020-01-01T00:00:00+00:00"}
    row = judged_row(predicted_row(claim) | before | changes, claim, measured(), since)
    return write_manifest(claims=[row], sealed=head)


def problems():
    return claims("smoke")["problem"].tolist()


def test_every_prediction_is_sealed_with_its_range():
    seal("smoke")
    entries = read_seals("smoke").entries
    assert [(entry["claim"], entry["predicted_high"]) for entry in entries] == [
        ("GMU-2", 5.0),
        ("GMU-3", 5.0),
    ]


def test_what_is_sealed_is_not_sealed_again():
    assert seal("smoke") == seal("smoke")
    assert len(path().read_text().splitlines()) == 2


def test_a_changed_prediction_is_added_below_the_earlier_one(monkeypatch):
    seal("smoke")
    before = path().read_text()
    use_claims(monkeypatch, CHANGED, OTHER)
    assert seal("smoke")["lines"] == 3
    assert path().read_text().startswith(before)


def test_a_line_holds_the_hash_of_the_one_before():
    seal("smoke")
    assert read_seals("smoke").broken == ""


def test_text_with_line_ends_of_its_own_stays_one_line(monkeypatch):
    use_claims(monkeypatch, replace(CLAIM, statement="A\u2028beats\nB"))
    assert seal("smoke") == read_seals("smoke").head


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: [lines[0].replace("5.0", "9.0"), lines[1]],
        lambda lines: [lines[0].replace('"commit": "', '"commit": "1'), lines[1]],
        lambda lines: [lines[1]],
        lambda lines: [lines[1], lines[0]],
        lambda lines: [lines[0], lines[1][:40]],
        lambda lines: [lines[0], "[]"],
        lambda lines: [lines[0], "", lines[1]],
    ],
    ids=["range", "commit", "first line cut", "order", "half a line", "no object", "empty line"],
)
def test_an_edited_file_is_found(edit):
    write_record()
    lines = path().read_text().splitlines()
    path().write_text("".join(f"{line}\n" for line in edit(lines)))
    assert read_seals("smoke").broken.startswith("edited: line ")
    assert problems() == [read_seals("smoke").broken]


@pytest.mark.parametrize(
    "edit",
    [
        lambda lines: lines[:1],
        lambda lines: [],
        lambda lines: [lines[0], lines[1].replace('"commit": "', '"commit": "1')],
    ],
    ids=["last line cut", "all cut", "last line"],
)
def test_what_no_later_line_gives_away_is_found_by_the_record(edit):
    write_record()
    path().write_text("".join(f"{line}\n" for line in edit(path().read_text().splitlines())))
    assert read_seals("smoke").broken == ""
    assert problems() == [EDITED]


def test_a_lost_file_is_found():
    write_record()
    path().unlink()
    assert problems() == [EDITED]


def test_an_edited_file_does_not_stop_a_run():
    seal("smoke")
    path().write_text("{}\n")
    seal("smoke")
    assert "line 1" in read_seals("smoke").broken


def test_an_honest_record_has_no_problem(monkeypatch):
    at(monkeypatch, EARLY)
    write_record()
    assert problems() == [""]


def test_predictions_that_are_added_later_do_not_matter(monkeypatch):
    at(monkeypatch, EARLY)
    write_record()
    use_claims(monkeypatch, CLAIM, OTHER, replace(CLAIM, id="GMU-4"))
    at(monkeypatch, LATE)
    seal("smoke")
    assert problems() == [""]


def test_a_prediction_that_was_changed_before_its_runs_is_sound(monkeypatch):
    at(monkeypatch, EARLY)
    seal("smoke")
    use_claims(monkeypatch, CHANGED, OTHER)
    write_record(CHANGED, since=RUN)
    assert problems() == [""]


def test_a_study_may_judge_earlier_runs_by_a_prediction_of_their_time(monkeypatch):
    at(monkeypatch, EARLY)
    seal("smoke")
    at(monkeypatch, LATE)
    write_record(since=RUN)
    assert problems() == [""]


@pytest.mark.parametrize(
    "times", [{}, {"prediction_commit": NO_GIT, "prediction_time": ""}], ids=["git", "no git"]
)
def test_a_study_that_judges_earlier_runs_by_a_changed_prediction_is_found(monkeypatch, times):
    """Its commit may have an earlier date, or there may be no git."""
    at(monkeypatch, EARLY)
    seal("smoke")
    use_claims(monkeypatch, CHANGED, OTHER)
    at(monkeypatch, LATE)
    write_record(CHANGED, since=RUN, **times)
    assert problems() == [f"the prediction was another one on {EARLY}, before its runs began"]


def test_a_changed_prediction_that_says_post_hoc_is_sound(monkeypatch):
    at(monkeypatch, EARLY)
    seal("smoke")
    use_claims(monkeypatch, CHANGED, OTHER)
    at(monkeypatch, LATE)
    write_record(CHANGED, since=RUN, prediction_time=LATE)
    assert claims("smoke")[["registration", "problem"]].values.tolist() == [[POST_HOC, ""]]


def test_a_claim_that_is_newer_than_its_runs_is_not_a_changed_one(monkeypatch):
    use_claims(monkeypatch, OTHER)
    at(monkeypatch, EARLY)
    seal("smoke")
    use_claims(monkeypatch, CLAIM, OTHER)
    at(monkeypatch, LATE)
    write_record(since=RUN)
    assert problems() == [""]


def test_a_prediction_that_was_not_sealed_at_the_start_is_found(monkeypatch):
    run = write_record()
    manifest = json.loads((run.folder / "manifest.json").read_text())
    use_claims(monkeypatch, CHANGED, OTHER)
    manifest["claims"] = [judged_row(predicted_row(CHANGED), CHANGED, measured(), "")]
    (run.folder / "manifest.json").write_text(json.dumps(manifest))
    assert problems() == ["the prediction was not sealed when the run began"]


def test_records_of_an_earlier_version_are_readable():
    """They sealed nothing."""
    row = judged_row(predicted_row(CLAIM), CLAIM, measured(), RUN)
    write_manifest(claims=[row])
    assert problems() == [""]


def test_a_run_seals_before_it_starts(folder):
    run = record.start_run("77", scale="smoke")
    run.finish()
    entries = read_seals("smoke").entries
    assert run.manifest["sealed"] == read_seals("smoke").head
    assert max(entry["time"] for entry in entries) <= run.manifest["started"]


SEALS = """
from lib.workbook.sealed import seal
seal("smoke")
"""


def test_processes_that_seal_at_once_write_one_chain(folder):
    command = [sys.executable, "-c", SEALS]
    started = [subprocess.Popen(command, cwd=ROOT) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    seals = read_seals("smoke")
    ids = [entry["claim"] for entry in seals.entries]
    assert (seals.broken, len(ids)) == ("", len(set(ids)))
