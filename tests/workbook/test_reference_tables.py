"""Reference tables of runs from several machines."""

from lib.workbook.reference import with_kept_runs


def test_rows_of_runs_that_these_outputs_lack_are_kept(tmp_path):
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    new.write_text("run,value,signature\n10,1.50,a\n", encoding="utf-8")
    old.write_text("run,value\n10,9.25\n12,2.0000\n", encoding="utf-8")
    assert with_kept_runs(new, old) == "run,value,signature\n10,1.50,a\n12,2.0000,\n"


def test_claims_that_no_run_has_measured_are_not_kept(tmp_path):
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    new.write_text("claim,run,measured\nGMU-1,,\n", encoding="utf-8")
    old.write_text("claim,run,measured\nGMU-1,16,0.5\nGMU-2,16,\n", encoding="utf-8")
    assert with_kept_runs(new, old) == "claim,run,measured\nGMU-1,16,0.5\n"


def test_a_claim_that_nothing_measured_stays(tmp_path):
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    new.write_text("claim,run,measured\nGMU-1,,\nGMU-2,12,\n", encoding="utf-8")
    old.write_text("claim,run,measured\nGMU-2,16,0.5\n", encoding="utf-8")
    expected = "claim,run,measured\nGMU-1,,\nGMU-2,12,\nGMU-2,16,0.5\n"
    assert with_kept_runs(new, old) == expected


def test_without_an_older_table_the_new_one_is_as_it_is(tmp_path):
    (tmp_path / "new.csv").write_text("run,value\n03,1.0\n", encoding="utf-8")
    assert with_kept_runs(tmp_path / "new.csv", tmp_path / "no.csv") == "run,value\n03,1.0\n"
