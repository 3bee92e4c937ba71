import pytest

from lib.workbook.schedule import Schedule, ScheduledRun


def run(name, after=(), **given):
    return ScheduledRun(name=name, after=frozenset(after), **given)


def started(schedule, free_mb=float("inf")):
    """Start what may start now."""
    names = []
    while name := schedule.next_run(free_mb):
        schedule.start(name)
        names.append(name)
    return names


def test_as_many_runs_start_as_there_are_slots():
    assert started(Schedule([run("a"), run("b"), run("c")], slots=2)) == ["a", "b"]


def test_a_slot_is_used_again():
    schedule = Schedule([run("a"), run("b"), run("c")], slots=2)
    started(schedule)
    schedule.end("a")
    assert started(schedule) == ["c"]


def test_a_run_waits_for_its_predecessors():
    assert started(Schedule([run("a"), run("b", after=["a"])], slots=2)) == ["a"]


def test_a_run_starts_when_its_predecessors_have_ended():
    schedule = Schedule([run("a"), run("b", after=["a"])], slots=2)
    started(schedule)
    schedule.end("a")
    assert started(schedule) == ["b"]


def test_later_runs_use_the_slots_of_those_that_wait():
    assert started(Schedule([run("a"), run("b", after=["a"]), run("c")], slots=2)) == ["a", "c"]


def test_predecessors_that_are_not_part_of_the_call_do_not_count():
    assert started(Schedule([run("b", after=["a"])], slots=1)) == ["b"]


def test_a_run_that_need_not_be_made_frees_its_successors():
    schedule = Schedule([run("a"), run("b", after=["a"])], slots=1)
    schedule.end("a")
    assert started(schedule) == ["b"]


def test_a_wide_run_waits_for_enough_slots():
    schedule = Schedule([run("a"), run("wide", slots=2), run("c")], slots=2)
    assert started(schedule) == ["a", "c"]


def test_a_wide_run_starts_alone():
    assert started(Schedule([run("wide", slots=4), run("b")], slots=2)) == ["wide"]


def test_no_run_starts_without_memory():
    schedule = Schedule([run("a", memory_mb=100), run("b", memory_mb=200)], slots=2)
    schedule.start("a")
    assert started(schedule, free_mb=150) == []


def test_one_run_starts_without_memory_where_none_runs():
    assert started(Schedule([run("a", memory_mb=200)], slots=2), free_mb=150) == ["a"]


def test_a_smaller_run_may_start_first():
    schedule = Schedule([run("a"), run("large", memory_mb=200), run("c", memory_mb=100)], slots=2)
    schedule.start("a")
    assert started(schedule, free_mb=150) == ["c"]


def test_it_ends_when_all_runs_have_ended():
    schedule = Schedule([run("a")], slots=1)
    started(schedule)
    schedule.end("a")
    assert schedule.ended


def test_it_has_not_ended_while_a_run_runs():
    schedule = Schedule([run("a")], slots=1)
    started(schedule)
    assert not schedule.ended


CHAIN = [run("a", minutes=4.0), run("b", after=["a"], minutes=2.0), run("c", minutes=3.0)]


@pytest.mark.parametrize(("slots", "minutes"), [(1, 9.0), (2, 6.0), (3, 6.0)])
def test_the_estimate_knows_slots_and_predecessors(slots, minutes):
    assert Schedule(CHAIN, slots).minutes_left({}) == minutes


def test_the_estimate_counts_what_has_passed():
    schedule = Schedule(CHAIN, 2)
    started(schedule)
    assert schedule.minutes_left({"a": 1.0, "c": 1.0}) == 5.0


def test_a_run_over_its_time_is_expected_to_end_now():
    schedule = Schedule(CHAIN, 1)
    schedule.start("a")
    assert schedule.minutes_left({"a": 9.0}) == 5.0


def test_the_estimate_follows_the_pace():
    assert Schedule(CHAIN, 1).minutes_left({}, pace=0.5) == 4.5


def test_the_estimate_changes_nothing():
    schedule = Schedule(CHAIN, 1)
    schedule.minutes_left({})
    assert list(schedule.waiting) == ["a", "b", "c"]
