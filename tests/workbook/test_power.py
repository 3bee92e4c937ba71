import pandas as pd
import pytest

from lib.scoring.estimates import Components
from lib.scoring.power import Design, Variances, smallest_effect
from lib.workbook import power, reference_tables

ROW = {
    "claim": "X-1",
    "seeds": 3,
    "pairs": 4,
    "variance_items": 1.0,
    "variance_seed_items": 0.5,
    "variance_training": 2.0,
    "mean_variance_items": 0.5,
    "mean_variance_seed_items": 0.25,
    "mean_variance_training": 1.0,
    "measured_items": 150,
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(reference_tables, "ROOT", tmp_path)
    power._studied.cache_clear()
    (tmp_path / "outputs" / "reference").mkdir(parents=True)
    yield tmp_path / "outputs" / "reference"
    power._studied.cache_clear()


def write_study(folder, *rows):
    (folder / "tiny-gmu").mkdir()
    pd.DataFrame(rows).to_csv(folder / "tiny-gmu" / "claims.csv", index=False)


def test_the_study_and_what_it_sees_are_named(folder):
    write_study(folder, ROW)
    found = Variances(
        one=Components(items=1.0, seed_items=0.5, training=2.0),
        mean=Components(items=0.5, seed_items=0.25, training=1.0),
        pairs=4,
        items=150,
    )
    effect = smallest_effect(found, Design(items=150, seeds=3, pairs=4))
    assert power.note_for("X-1", "tiny", one_seed=False) == (
        "The reference study with 3 seeds and 150 test items on 4 pairs sees a difference of "
        f"{effect:.1f} with a power of 80 %."
    )


def test_a_single_pair_is_named_as_one(folder):
    write_study(folder, ROW | {"pairs": 1})
    assert "on 1 pair sees" in power.note_for("X-1", "tiny")


def test_a_single_seed_shows_no_effect_of_training(folder):
    write_study(folder, ROW)
    assert power.note_for("X-1", "tiny").endswith("one seed shows no effect of training.")


@pytest.mark.parametrize(
    ("claim", "scale"), [("X-2", "tiny"), ("X-1", "lab")], ids=["claim", "scale"]
)
def test_what_was_not_studied_has_no_note(folder, claim, scale):
    write_study(folder, ROW)
    assert power.note_for(claim, scale) == ""


@pytest.mark.parametrize("change", [{"seeds": 1}, {"variance_items": None}])
def test_rows_without_variances_over_seeds_are_no_study(folder, change):
    write_study(folder, ROW | change)
    assert power.note_for("X-1", "tiny") == ""


def test_a_table_of_an_earlier_version_is_no_study(folder):
    write_study(folder, {"claim": "X-1", "seeds": 3})
    assert power.note_for("X-1", "tiny") == ""


def test_of_several_runs_the_study_counts(folder):
    single = ROW | {"seeds": 1} | dict.fromkeys(power.VARIANCES)
    write_study(folder, single, ROW, single)
    assert power.note_for("X-1", "tiny").startswith("The reference study with 3 seeds")
