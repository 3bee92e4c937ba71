from dataclasses import replace

import pytest

from lib.scoring.dependence import CLEAN
from lib.scoring.grid_scores import GridScores
from lib.systems.ablations import what_is_lost
from lib.systems.one_system import train_one_system
from tests.scoring.cases import make_rows


def rows_with(outputs):
    """Rows of the words "one two three", one output a clip."""
    rows = make_rows("align", 1, 0.0, task="ASR", pair=("eng", "eng"))[: len(outputs)]
    return [
        replace(row, reference="one two three", hypothesis=text)
        for row, text in zip(rows, outputs, strict=True)
    ]


RIGHT, WRONG = "one two three", "x"


def test_clips_break_at_the_first_ratio_from_which_on_they_are_wrong():
    rows = {
        "2": rows_with([RIGHT, RIGHT, RIGHT, WRONG, RIGHT]),
        "4": rows_with([RIGHT, WRONG, WRONG, WRONG, RIGHT]),
        "8": rows_with([WRONG, WRONG, RIGHT, WRONG, RIGHT]),
        "16": rows_with([WRONG, WRONG, WRONG, WRONG, RIGHT]),
    }
    found = what_is_lost.first_to_break(rows, 10)
    clips = list(dict.fromkeys(row.id for row in found))
    # the second breaks at 4x, the first at 8x, the third for good at 16x only; the others never
    assert clips == ["clip-001", "clip-000", "clip-002"]
    assert [row.strategy for row in found[:4]] == ["2x", "4x", "8x", "16x"]


def test_as_many_clips_as_asked_for_are_shown():
    rows = {"2": rows_with([RIGHT] * 5), "16": rows_with([WRONG] * 5)}
    assert len(what_is_lost.first_to_break(rows, 2)) == 4


def test_the_added_cost_is_what_a_ratio_costs_beyond_the_clean_sound():
    def runs(share):
        return {s: make_rows("any", s, share, task="ASR", pair=("eng", "eng")) for s in (1, 2)}

    shares = {("2", CLEAN): 0.1, ("16", CLEAN): 0.3, ("2", "fast"): 0.2, ("16", "fast"): 0.8}
    found = GridScores(
        factors=("ratio", "sound"),
        outputs={levels: runs(share) for levels, share in shares.items()},
        reference=("2", CLEAN),
        task="ASR",
        metric="WER",
    )
    scores = {levels: found.score(levels).value for levels in shares}
    expected = scores["16", "fast"] - scores["2", "fast"] - scores["16", CLEAN] + scores["2", CLEAN]
    assert what_is_lost.added_cost(found, "16", "2", "fast").value == pytest.approx(expected)
    with pytest.raises(ValueError, match="no outputs at 8x under 'fast'"):
        what_is_lost.added_cost(found, "8", "2", "fast")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    return train_one_system("it_ist", "align", "", "smoke", 1, tmp_path_factory.mktemp("cache"))


def test_facts_say_how_fast_and_in_how_long_words_a_clip_speaks(trained):
    rows = [row for row in trained.rows if row.system != "baseline"]
    facts = what_is_lost.speech_facts(rows, trained.experiment.corpus)
    assert tuple(facts) == what_is_lost.FACTS
    assert facts["phone duration"].between(20, 300).all()  # ms
    chinese = [row.target == "zho" for row in rows]
    assert facts["letters in a word"].isna().tolist() == chinese
    longer = facts["speaking rate"].corr(facts["phone duration"], method="spearman")
    assert longer < 0


def test_every_ratio_hears_every_sound(trained):
    found = what_is_lost.under_conditions({("8",): [trained]}, "smoke", what_is_lost.ASKED)
    assert [levels[1] for levels in found.outputs] == [CLEAN, "speed 2 ×", "overlap 10 dB"]
    assert found.score(("8", CLEAN)).metric == "chrF++"
