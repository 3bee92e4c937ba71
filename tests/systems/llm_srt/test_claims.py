"""Claims of LLM-SRT, on rows made by hand."""

import pytest

from lib.scoring.claims import BEST_BASELINE
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Study
from lib.systems.llm_srt.claims import (
    BY_GROUP,
    CLAIMS,
    STUDY_CLAIMS,
    TAG_MARGIN,
    WER_MARGIN,
    measure_claims,
)
from lib.systems.llm_srt.strategies import GROUPS, STRATEGIES

TWO_PASSES, SPELT_OUT = "smt, no srt, two passes", "srt, spelt out"  # see `beside`
CASCADE = "cascade"  # of `decodings.cascade`
MEANT, WRONG = "am Montag waren es zehn Grad", "falsch"
CLIPS = 12


def row(strategy, hypothesis, seed=1, source="eng", target="deu", task="ST", id="1", **changes):
    return OutputRow(
        **{
            "system": "llm_srt",
            "strategy": strategy,
            "stage": "srt",
            "task": task,
            "source": source,
            "target": target,
            "subset": "test",
            "seed": seed,
            "id": id,
            "speaker": f"voice {id}",
            "seconds": 2.0,
            "audio": "",
            "reference": MEANT,
            "hypothesis": hypothesis,
            "tokens": 4,
            "log_probability": None,
            "ending": "end",
        }
        | changes
    )


def outputs(strategy, wrong, seeds=(1, 2), **where):
    """Rows with their directions; `wrong` clips of a seed, and one more in each further seed."""
    pair = (where.get("source", "eng"), where.get("target", "deu"))
    return [
        (pair, row(strategy, WRONG if n < wrong + seed else MEANT, seed, id=f"{n:02d}", **where))
        for seed in seeds
        for n in range(CLIPS)
    ]


def measured(rows, zero_shot=()):
    return {claim.id: found for claim, found in measure_claims(Study.of(rows), zero_shot)}


# ---- what is claimed ----


def test_the_strategies_of_claims_exist():
    named = [claim.measure for claim in CLAIMS.values() if claim.measure]
    names = {m.strategy for m in named} | {m.over for m in named} - {BEST_BASELINE}
    assert names - {TWO_PASSES, SPELT_OUT, CASCADE} <= STRATEGIES.keys()
    assert TWO_PASSES.removesuffix(", two passes") in STRATEGIES


@pytest.mark.parametrize("group", BY_GROUP)
def test_the_strategies_of_a_groups_claims_are_trained_in_it(group):
    trained = {"srt", "asr", TWO_PASSES, *(s.name for s in GROUPS[group])}
    for id in BY_GROUP[group]:
        measure = CLAIMS[id].measure
        assert {measure.strategy, measure.over} <= trained


def test_claims_about_recognition_and_the_cascade_need_no_ablation():
    grouped = {id for ids in BY_GROUP.values() for id in ids}
    assert STUDY_CLAIMS.keys() - grouped == {"SRT-5", "SRT-5-SPELT-OUT", "SRT-CASCADE"}


def test_claims_without_a_study_are_judged_in_their_own_notebooks():
    assert CLAIMS.keys() - STUDY_CLAIMS.keys() == {"SRT-BASELINE", "SRT-3", "SRT-3-QWEN2-AUDIO"}


@pytest.mark.parametrize(
    "id, published",
    [("SRT-1", 12.0), ("SRT-1-ASR", 2.3), ("SRT-1-SMT", 1.1), ("SRT-1-SRT", 4.9), ("SRT-5", -0.2)],
)
def test_published_figures(id, published):
    assert CLAIMS[id].published_low == CLAIMS[id].published_high == published


def test_margins_bound_the_predictions():
    assert CLAIMS["SRT-2"].predicted_low == -TAG_MARGIN
    assert CLAIMS["SRT-5"].predicted_high == WER_MARGIN


# ---- what is measured ----


def test_gains_are_measured_over_seeds():
    found = measured(outputs("srt", 1) + outputs("direct", 6))
    assert found.keys() == STUDY_CLAIMS.keys()
    assert found["SRT-1"].value > 0
    assert (found["SRT-1"].seeds, found["SRT-1"].pairs) == (2, 1)


def test_what_was_not_run_is_not_measured():
    found = measured(outputs("srt", 1) + outputs("direct", 6))
    assert {id for id, value in found.items() if value} == {"SRT-1"}


def test_a_worse_strategy_has_a_negative_gain():
    assert measured(outputs("srt", 6) + outputs("parallel", 1))["SRT-1-PARALLEL"].value < 0


def test_two_passes_are_what_a_missing_last_stage_is_held_against():
    found = measured(outputs("srt", 1) + outputs(TWO_PASSES, 6) + outputs("smt, no srt", 1))
    assert found["SRT-1-SRT"].value > 0


def test_zero_shot_directions_do_not_count():
    """There the rival is better by far."""
    rows = outputs("srt", 1) + outputs("direct", 2)
    unseen = {"source": "deu", "target": "fra"}
    rows += outputs("srt", 9, **unseen) + outputs("direct", 0, **unseen)
    assert measured(rows)["SRT-1"].pairs == 2
    found = measured(rows, zero_shot=(("deu", "fra"),))["SRT-1"]
    assert found.pairs == 1
    assert found.value > 0


def test_another_systems_rows_do_not_count():
    other = [(pair, row) for pair, row in outputs("direct", 6, system="gmu")]
    assert measured(outputs("srt", 1) + other)["SRT-1"] is None


def test_recognition_is_measured_in_languages_with_words():
    asr = {"task": "ASR", "source": "deu", "target": "deu"}
    chinese = {"task": "ASR", "source": "zho", "target": "zho"}
    rows = outputs("srt", 1, **asr) + outputs("asr", 5, **asr)
    rows += outputs("srt", 9, **chinese) + outputs("asr", 0, **chinese)
    found = measured(rows)["SRT-5"]
    assert found.pairs == 1
    assert found.value < 0  # fewer errors
