from dataclasses import replace

import pytest

from lib.scoring.claims import (
    BEST_BASELINE,
    DATA,
    SYSTEM,
    BestShare,
    Claim,
    Contrast,
    Gain,
    magnitude,
    measure_rows,
    measure_study,
    verdict,
)
from lib.scoring.comparisons import difference_to_best_baseline, paired_difference
from lib.scoring.estimates import mean_over_pairs, pairs_in_general
from tests.scoring.cases import SEEN, UNSEEN, make_rows, study_of

NAN = float("nan")


def claim(measure=None, low=-1, high=1, **fields):
    return Claim(
        id="X-1",
        paper="0000.00000",
        statement="statement",
        predicted_low=low,
        predicted_high=high,
        measure=measure,
        **fields,
    )


@pytest.mark.parametrize(
    "predicted, interval, expected",
    [
        ((3, 5), (3.5, 4.5), "held"),
        ((3, 5), (1, 7), "inconclusive"),
        ((3, 5), (4, 6), "inconclusive"),  # significant and in the range by its value
        ((3, 5), (0.5, 2.5), "failed"),
        ((3, 5), (5.5, 9), "failed"),
        ((0, 100), (0.1, 7), "held"),  # a direction
        ((0, 100), (-0.1, 7), "inconclusive"),
        ((0, 100), (-7, -0.1), "failed"),
        ((0, 100), (0, 0), "inconclusive"),  # nothing was seen in either direction
        ((-100, 0), (-7, 0), "inconclusive"),
        ((-1, 1), (-0.5, 0.9), "held"),  # sameness
        ((-1, 1), (2, 4), "failed"),
        ((-1, 1), (-0.5, 1.5), "inconclusive"),
        ((-1, 1), (NAN, NAN), "not run"),
        ((0, 0), (0, 0), "held"),
    ],
)
def test_verdict_is_about_the_whole_interval(predicted, interval, expected):
    assert verdict(claim(low=predicted[0], high=predicted[1]), *interval, seeds=3) == expected


@pytest.mark.parametrize(
    "about, expected", [("training", "one seed"), (SYSTEM, "held"), (DATA, "held")]
)
def test_one_seed_gives_no_verdict_on_training(about, expected):
    assert verdict(claim(about=about), -0.5, 0.5, seeds=1) == expected


@pytest.mark.parametrize(
    "interval, expected",
    [
        ((1, 4), "compatible"),
        ((5, 9), "compatible"),
        ((5.1, 9), "above"),
        ((-4, 2.9), "below"),
        ((NAN, NAN), ""),
    ],
)
def test_magnitude_is_about_the_papers_figure(interval, expected):
    found = magnitude(claim(published_low=3, published_high=5), *interval, seeds=3)
    assert found == expected


def test_one_seed_has_no_magnitude():
    assert magnitude(claim(published_low=3, published_high=5), 6, 7, seeds=1) == ""


def test_no_figure_has_no_magnitude():
    assert magnitude(claim(), 1, 2, seeds=3) == ""


def test_empty_range_is_refused():
    with pytest.raises(ValueError, match="X-1: predicted range 2 to 1 is empty"):
        claim(low=2, high=1)


def test_text_names_the_pair():
    assert claim().text("est", "eng") == "est→eng: statement"


def test_text_without_a_pair():
    assert claim().text() == "statement"


DIRECT, ASR_INIT = make_rows("direct", 1, 0.3), make_rows("asr_init", 1, 0.1)
BASELINES = make_rows("constant", 1, 0.9, system="baseline")
ROWS = DIRECT + ASR_INIT
GAIN = Gain(strategy="asr_init", over="direct")


def test_gain_of_one_run():
    assert measure_rows(claim(GAIN), ROWS) == paired_difference(ROWS, "asr_init", "direct")


def test_gain_over_the_best_baseline():
    found = measure_rows(claim(Gain(strategy="direct", over=BEST_BASELINE)), ROWS + BASELINES)
    assert found == difference_to_best_baseline(DIRECT + BASELINES, "BLEU")


def test_other_tasks_are_ignored():
    found = measure_rows(claim(GAIN), ROWS + make_rows("direct", 1, 0.0, "MT"))
    assert found == paired_difference(ROWS, "asr_init", "direct")


def test_only_gains_are_measured_on_one_run():
    with pytest.raises(ValueError, match="X-1 is not a gain"):
        measure_rows(claim(), ROWS)


@pytest.fixture(scope="module")
def study():
    """The gain is large on the seen pair and negative on the unseen one, four seeds each."""
    rows = []
    for seed in (1, 2, 3, 4):
        for pair, share in ((SEEN, 0.1), (UNSEEN, 0.5)):
            rows += make_rows("direct", seed, 0.3, pair=pair)
            rows += make_rows("asr_init", seed, share, pair=pair)
            rows += make_rows("multitask", seed, 0.8, pair=pair)
    return study_of(rows)


PAIRS = {"all": [SEEN, UNSEEN], "seen": [SEEN], "unseen": [UNSEEN]}


def measure(study, measured, **fields):
    return measure_study(claim(measured, **fields), study, PAIRS)


def test_gain_of_a_study_is_the_mean_over_pairs(study):
    expected = mean_over_pairs([study.gains(pair, "asr_init", "direct") for pair in PAIRS["all"]])
    found = measure(study, GAIN)
    assert (found.value, found.low) == (expected.estimate().value, expected.estimate().low)


def test_gain_in_general_takes_the_pairs_as_a_sample(study):
    expected = pairs_in_general([study.gains(pair, "asr_init", "direct") for pair in PAIRS["all"]])
    assert measure(study, GAIN).general == expected


def test_gain_of_selected_pairs(study):
    found = measure(study, GAIN, pairs="seen")
    assert (found.value, found.pairs) == (study.gain(SEEN, "asr_init", "direct").value, 1)


def test_variances_are_those_of_a_pair(study):
    pairs = [study.gain(pair, "asr_init", "direct").components for pair in PAIRS["all"]]
    found = measure(study, GAIN).variances.one
    assert found.seed_items == pytest.approx(sum(pair.seed_items for pair in pairs) / 2)


def test_description_lists_the_pairs(study):
    seen, unseen = (study.gain(pair, "asr_init", "direct").value for pair in PAIRS["all"])
    assert measure(study, GAIN).description == (
        f"BLEU of asr_init above direct, mean of est→eng {seen:+.1f}, gle→eng {unseen:+.1f}"
    )


def test_contrast_is_the_difference_of_two_gains(study):
    seen, unseen = (study.gain(pair, "asr_init", "direct") for pair in PAIRS["all"])
    found = measure(study, Contrast(gain=GAIN, other_pairs="unseen"), pairs="seen")
    assert found.value == pytest.approx(seen.value - unseen.value)


def test_contrast_is_less_certain_than_its_parts(study):
    parts = [study.gain(pair, "asr_init", "direct") for pair in PAIRS["all"]]
    found = measure(study, Contrast(gain=GAIN, other_pairs="unseen"), pairs="seen")
    assert found.high - found.low > min(part.high - part.low for part in parts)


def test_contrast_without_other_pairs_is_not_measured(study):
    pairs = {"seen": [SEEN], "unseen": []}
    contrast = claim(Contrast(gain=GAIN, other_pairs="unseen"), pairs="seen")
    assert measure_study(contrast, study, pairs) is None


BEST = BestShare(strategy="direct", rivals=("asr_init", "multitask"))


def test_best_share_counts_the_pairs(study):
    """Direct is beaten on the seen pair, and beats all on the unseen one, beyond doubt."""
    found = measure(study, BEST)
    assert (found.value, found.low, found.high) == (50.0, 50.0, 50.0)


def test_best_share_names_the_best(study):
    expected = "the best strategy by BLEU: est→eng asr_init, gle→eng direct"
    assert measure(study, BEST).description == expected


def test_best_share_is_uncertain_where_a_rival_is_close():
    rows = []
    for seed in (1, 2, 3):
        rows += make_rows("direct", seed, 0.30) + make_rows("asr_init", seed, 0.31)
    close = BestShare(strategy="direct", rivals=("asr_init",))
    found = measure_study(claim(close), study_of(rows), {"all": [SEEN]})
    assert (found.low, found.high) == (0.0, 100.0)


def test_best_share_needs_all_rivals_on_a_pair(study):
    more = replace(BEST, rivals=(*BEST.rivals, "cascade"))
    assert measure(study, more) is None


def test_a_pair_that_lacks_seeds_is_left_out(study):
    few = ("mlt", "eng")
    rows = make_rows("direct", 1, 0.3, pair=few) + make_rows("asr_init", 1, 0.0, pair=few)
    larger = replace(study, rows=study.rows | study_of(rows).rows)
    found = measure_study(claim(GAIN), larger, {"all": [SEEN, UNSEEN, few]})
    assert (found.seeds, found.pairs) == (4, 2)
    assert found.description.endswith("left out, as they lack seeds: mlt→eng")


def test_a_pair_with_more_seeds_does_not_displace_the_others(study):
    rows = make_rows("direct", 9, 0.3) + make_rows("asr_init", 9, 0.0)
    larger = replace(study, rows=study.rows | study_of(rows).rows)
    assert measure(larger, GAIN).value == pytest.approx(measure(study, GAIN).value)


@pytest.mark.parametrize(
    "measured", [Gain(strategy="cascade", over="direct"), replace(BEST, rivals=("cascade",))]
)
def test_nothing_measured_is_none(study, measured):
    assert measure(study, measured) is None


def test_study_of_a_claim_without_a_measure_is_refused(study):
    with pytest.raises(ValueError, match="X-1 has no measure"):
        measure(study, None)
