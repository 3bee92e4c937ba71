"""Agreement, raters, systems, and metrics against ratings."""

import random
from collections import Counter

import numpy as np
import pytest
from scipy.stats import kendalltau, pearsonr

from lib.scoring import ratings as module
from lib.scoring.rating_sheets import make_sheet, read_ratings
from lib.scoring.ratings import (
    agreement,
    disagreements,
    krippendorff_alpha,
    metric_correlations,
    preference_shares,
    rater_rows,
    self_agreement,
    system_scores,
    unit_scores,
)
from tests.scoring.ratings.cases import (
    CONSTANT,
    GOOD,
    POOR,
    TRUE_MEANS,
    better,
    biased,
    clip_effect,
    fill,
    good_from_20,
    key_of,
    outputs,
)

# agreement

_ = np.nan
# Krippendorff (2011), Computing Krippendorff's alpha-reliability, sections C and D
FOUR_OBSERVERS = np.array([
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
])
# the example of the English Wikipedia's article
THREE_CODERS = np.array([
    [_, _, _, _, _, 3, 4, 1, 2, 1, 1, 3, 3, _, 3],
    [1, _, 2, 1, 3, 3, 4, 3, _, _, _, _, _, _, _],
    [_, _, 2, 1, 3, 4, 4, _, 2, 1, 1, 3, 3, _, 4],
])


@pytest.mark.parametrize(
    ("table", "nominal", "published"),
    [
        (FOUR_OBSERVERS, True, 0.743),
        (FOUR_OBSERVERS, False, 0.849),
        (THREE_CODERS, True, 0.691),
        (THREE_CODERS, False, 0.811),
    ],
)
def test_alpha_is_that_of_published_examples(table, nominal, published):
    assert krippendorff_alpha(table, nominal) == pytest.approx(published, abs=5e-4)


def test_a_weight_is_a_number_of_copies():
    copies = np.array([0, 3, 1, 2, 1, 1, 0, 1, 2, 1, 1, 1])
    copied = krippendorff_alpha(np.repeat(FOUR_OBSERVERS, copies, axis=1), False)
    weighted = krippendorff_alpha(FOUR_OBSERVERS, False, copies[None].astype(float))
    assert weighted == pytest.approx(copied)


def test_raters_who_say_the_same_agree_fully(folder):
    found = read_ratings(folder, [fill(folder, name, biased(0)) for name in ("ann", "bob")])
    alpha = agreement(found)
    assert (alpha.value, alpha.low, alpha.high) == (1, 1, 1)


def test_agreement_of_biased_raters_is_known(folder):
    # two raters 2d apart disagree by 4d² in each unit; all values vary by that and by the truth
    found = read_ratings(folder, [fill(folder, n, biased(b)) for n, b in (("ann", 8), ("bob", -8))])
    values = found.first["value"]
    expected = 1 - 256 / (2 * values.var(ddof=1))
    alpha = agreement(found)
    assert alpha.value == pytest.approx(expected)
    assert alpha.low < expected < alpha.high


def test_agreement_of_guesses_is_about_zero(folder):
    def guess(seed):
        rng = random.Random(seed)
        return lambda *_: [str(rng.randint(0, 100)) for _ in range(3)]

    alpha = agreement(read_ratings(folder, [fill(folder, n, guess(n)) for n in ("ann", "bob")]))
    assert alpha.low < 0 < alpha.high and abs(alpha.value) < 0.25


def test_agreement_of_one_rater_or_of_equal_values_is_not_defined(folder):
    ann, bob = (fill(folder, name, lambda *_: ["50"] * 3) for name in ("ann", "bob"))
    assert agreement(read_ratings(folder, [ann])) is None
    assert agreement(read_ratings(folder, [ann, bob])) is None
    assert agreement(read_ratings(folder, [])) is None


def test_preferences_agree_as_names(tmp_path, rows):
    folder = make_sheet(rows[:80], "preference", repeats=0).write(tmp_path / "sheet")
    bob = fill(folder, "bob", lambda clip, systems, _: better(systems, GOOD))
    found = read_ratings(folder, [fill(folder, "ann", good_from_20), bob])
    wide = found.table.pivot(index="clip", columns="rater", values="value").to_numpy().T
    assert agreement(found).value == pytest.approx(krippendorff_alpha(wide, True)[0])


def test_self_agreement_is_of_repeated_items(folder):
    def forgetful(clip, systems, repeat):
        return [str(100 - TRUE_MEANS[name] if repeat else TRUE_MEANS[name]) for name in systems]

    found = read_ratings(folder, [fill(folder, "ann", biased(0)), fill(folder, "bob", forgetful)])
    assert self_agreement(found, "ann").value == 1
    assert self_agreement(found, "bob").value < 0
    assert self_agreement(found, "bob").value < self_agreement(found).value < 1


# raters


def test_raters_who_do_not_listen_fail_the_baseline(folder):
    def careless(clip, systems, _):
        return ["70" if clip < "clip-020" and name == CONSTANT else "50" for name in systems]

    paths = [fill(folder, "ann", biased(0)), fill(folder, "bob", careless)]
    paths.append(fill(folder, "eve", lambda *_: [""] * 3))
    ann, bob, eve = rater_rows(read_ratings(folder, paths))
    assert (ann["attention, %"], bob["attention, %"]) == (100, 0)
    assert (ann["answers"], eve["answers"], eve["missing"]) == (150, 0, 150)
    assert np.isnan(eve["attention, %"]) and eve["self-agreement"] is None


def test_attention_of_preferences_is_about_pairs_with_a_baseline(tmp_path, rows):
    folder = make_sheet(rows, "preference", repeats=0).write(tmp_path / "sheet")
    paths = [
        fill(folder, "ann", lambda clip, systems, _: better(sorted(systems), sorted(systems)[1])),
        fill(folder, "bob", lambda clip, systems, _: better(systems, GOOD)),
    ]
    _, bob = rater_rows(read_ratings(folder, paths))
    pairs = Counter(tuple(sorted(e["systems"])) for e in key_of(folder)["items"].values())
    with_baseline = pairs[CONSTANT, GOOD] + pairs[CONSTANT, POOR]
    assert bob["attention, %"] == pytest.approx(100 * pairs[CONSTANT, GOOD] / with_baseline)


# systems


def test_systems_are_ranked_by_their_mean_ratings(folder):
    paths = [fill(folder, n, biased(b, noise=5, seed=b)) for n, b in (("ann", 4), ("bob", -6))]
    scores = system_scores(read_ratings(folder, paths))
    assert [row["system"] for row in scores] == [GOOD, POOR, CONSTANT]
    clips = {entry["clip"] for entry in key_of(folder)["items"].values()}
    shift = np.mean([clip_effect(clip) for clip in clips]) - 1  # the mean bias
    for row in scores:
        assert row["rating"].value == pytest.approx(TRUE_MEANS[row["system"]] + shift, abs=1.5)
        assert row["rating"].low < TRUE_MEANS[row["system"]] + shift < row["rating"].high
        assert row["clips"] == 40


def test_differences_are_paired_by_clip(folder):
    # clips differ by up to 20, systems on a clip by exactly 30
    first, second, _ = system_scores(read_ratings(folder, [fill(folder, "ann", biased(0))]))
    assert first["rating"].high - first["rating"].low > 2
    below = second["below the best"]
    assert (below.value, below.low, below.high) == pytest.approx((30, 30, 30))


def test_the_interval_of_a_mean_is_that_of_clips(folder):
    score = system_scores(read_ratings(folder, [fill(folder, "ann", biased(0))]))[0]["rating"]
    clips = {entry["clip"] for entry in key_of(folder)["items"].values()}
    error = np.std([clip_effect(clip) for clip in clips]) / len(clips) ** 0.5
    assert score.high - score.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_repeats_count_once(folder):
    def louder(clip, systems, repeat):
        return ["100" if repeat else "50"] * 3

    found = read_ratings(folder, [fill(folder, "ann", louder)])
    assert system_scores(found)[0]["rating"].value == 50


def test_shares_of_preferences_are_counted_by_pair(tmp_path, rows):
    folder = make_sheet(rows[:80], "preference", repeats=0.1).write(tmp_path / "sheet")

    def judge(clip, systems, _):
        number = int(clip[-3:])
        return ["same"] if number < 10 else better(systems, GOOD if number < 32 else POOR)

    (row,) = preference_shares(read_ratings(folder, [fill(folder, "ann", judge)]))
    assert (row["system"], row["other"], row["clips"]) == (GOOD, POOR, 40)
    shares = [row[f"{name}, %"].value for name in ("system better", "same", "other better")]
    assert shares == pytest.approx([55, 25, 20])
    found = row["system better, %"]
    assert (55 - found.low, found.high - 55) == pytest.approx((15.4, 15.4), abs=3)  # binomial


def test_preferences_have_no_mean_rating(tmp_path):
    folder = make_sheet(outputs(4), "preference").write(tmp_path / "sheet")
    with pytest.raises(ValueError, match="use preference_shares"):
        system_scores(read_ratings(folder, []))


def test_nothing_rated_gives_nothing(folder, rows):
    empty = read_ratings(folder, [])
    assert system_scores(empty) == preference_shares(empty) == rater_rows(empty) == []
    assert metric_correlations(unit_scores(empty, rows)) == []


# metrics


@pytest.fixture
def units(folder, rows):
    """Raters who follow "COMET" but for one output."""
    comet = {(row.id, f"{row.system} {row.strategy}"): i % 37 for i, row in enumerate(rows)}

    def judge(clip, systems, _):
        values = comet | {("clip-000", GOOD): 100}
        return [str(values[clip, name]) for name in systems]

    more = {"COMET": list(comet.values()), "noWER": [-v for v in comet.values()]}
    more["WER"] = [50 - value for value in comet.values()]
    return unit_scores(read_ratings(folder, [fill(folder, "ann", judge)]), rows, more)


def test_correlations_are_those_of_scipy_without_baselines(units):
    assert len(units) == 80 and CONSTANT not in set(units["system"])
    by_name = {row["metric"]: row for row in metric_correlations(units)}
    assert list(by_name) == ["BLEU", "chrF++", "COMET", "noWER", "WER"]
    for name in ("BLEU", "chrF++", "COMET"):
        pair = units[name], units["rating"]
        assert by_name[name]["Pearson"].value == pytest.approx(pearsonr(*pair).statistic)
        assert by_name[name]["Kendall"].value == pytest.approx(kendalltau(*pair).statistic)
    assert by_name["COMET"]["Kendall"].low > 0.8
    assert by_name["noWER"]["Kendall"].high < -0.8
    assert by_name["WER"]["Pearson"].value == pytest.approx(by_name["COMET"]["Pearson"].value)


def test_weighted_correlations_are_those_of_copies(units):
    copies = np.random.default_rng(1).integers(0, 3, len(units))
    pair = units["chrF++"].to_numpy(), units["rating"].to_numpy()
    copied = [np.repeat(values, copies) for values in pair]
    weights = copies[None].astype(float)
    assert module._pearson(*pair, weights)[0] == pytest.approx(pearsonr(*copied).statistic)
    assert module._kendall(*pair, weights)[0] == pytest.approx(kendalltau(*copied).statistic)


def test_a_metric_that_says_nothing_has_no_correlation(units):
    found = metric_correlations(units.assign(COMET=0.1))
    assert [row["Pearson"] for row in found if row["metric"] == "COMET"] == [None]


def test_the_output_that_a_metric_and_raters_dispute_comes_first(units):
    found = disagreements(units, "COMET").iloc[0]
    assert (found["clip"], found["system"], found["rating"]) == ("clip-000", GOOD, 100)
    assert found["rank difference"] < -0.9  # the metric has it last
    assert found["rank difference"] == disagreements(units, "WER").iloc[0]["rank difference"]


def test_preferences_are_held_against_differences_of_scores(tmp_path, rows):
    folder = make_sheet(rows[:80], "preference", repeats=0).write(tmp_path / "sheet")
    found = read_ratings(folder, [fill(folder, "ann", good_from_20)])
    right = [(row.strategy == "poorstrategy") == (row.id < "clip-020") for row in rows[:80]]
    units = unit_scores(found, rows[:80], {"COMET": [float(value) for value in right]})
    assert set(units["COMET"]) == {1.0, -1.0}
    assert metric_correlations(units)[-1]["Pearson"].value == pytest.approx(1)


def test_ratings_of_outputs_that_are_not_given_are_refused(folder, rows):
    found = read_ratings(folder, [fill(folder, "ann", biased(0))])
    with pytest.raises(ValueError, match="give the rows that the sheet was made of"):
        unit_scores(found, rows[1:])
