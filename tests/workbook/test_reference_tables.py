"""The committed claims of the workbook's run and of studies, as one table."""

import pytest

from lib.workbook.reference_tables import reference_claims, reference_folder

HEAD = "claim,run,seeds,measured,problem\n"


@pytest.fixture
def written(tmp_path):
    """Claims of the workbook, of a study, and of another scale."""
    for name, rows in {"tiny": "X-1,16,1,2.0,\n", "tiny-gmu": "X-1,16,3,1.5,\n", "lab": ""}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "claims.csv").write_text(HEAD + rows, encoding="utf-8")
    return tmp_path


def test_the_claims_of_a_scale_are_those_of_its_run_and_its_studies(written):
    found = reference_claims("tiny", written)
    assert found[["run", "seeds", "measured"]].values.tolist() == [["16", 1, 2.0], ["16", 3, 1.5]]


def test_empty_texts_are_empty(written):
    found = reference_claims("tiny", written)
    assert found[["problem", "verdict"]].values.tolist() == [["", ""]] * 2


def test_without_a_table_there_are_no_claims(written):
    assert reference_claims("full", written) is None


def test_a_study_has_a_folder_of_its_own(tmp_path):
    assert reference_folder("tiny", "gmu", tmp_path) == tmp_path / "tiny-gmu"
