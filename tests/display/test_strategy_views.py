"""What the notebooks of the strategies show, on outputs whose differences are known."""

import numpy as np
import pytest

from lib.display import strategy_views, study_views
from lib.display.plots import ACCENT, GREY, gains, grouped
from lib.scoring.error_propagation import by_word_errors
from lib.scoring.seeds import OverSeeds
from lib.systems.gmu import adviser, claims, pairs
from lib.systems.gmu.strategies import MULTITASK_ABLATION
from tests.scoring.test_study import SEEN, UNSEEN, said, study_of, whole_study


def test_strategies_stand_beside_a_reference_with_intervals():
    rows = said("direct", 1, 0.3) + said("asr_init", 1, 0.1)
    body = strategy_views.compared(rows, "direct").body
    gap = strategy_views.paired_difference(rows, "asr_init", "direct")
    assert f"{gap.value:+.1f} ({gap.low:+.1f} to {gap.high:+.1f})" in body and gap.low > 0
    with pytest.raises(ValueError, match="no output of 'cascade'; there is asr_init, direct"):
        strategy_views.paired_difference(rows, "cascade", "direct")
    with pytest.raises(ValueError, match="same clips"):
        strategy_views.paired_difference(rows[:-1], "asr_init", "direct")


def test_what_a_model_says_is_escaped():
    rows = said("asr", 1, 0.0, "ASR", texts=["<img src=x onerror=alert(1)>"] * 12)
    assert "<img" not in strategy_views.transcripts(rows).body and "&lt;img" in strategy_views.transcripts(rows).body


def test_errors_handed_on_are_drawn_and_listed():
    heard, gold, made = said("asr", 1, 0.2, "ASR"), said("mt", 1, 0.0, "MT"), said("cascade", 1, 0.3)
    buckets = by_word_errors(heard, gold, made)
    assert sum(bucket.n for bucket in buckets) == 60 and all(bucket.gold == pytest.approx(100) for bucket in buckets)
    names = [text.get_text() for text in strategy_views.errors_handed_on(buckets).axes[0].get_xticklabels()]
    assert len(names) == len(buckets) and "clips" in names[0]
    body = strategy_views.error_table(buckets).body
    assert all(bucket.name in body for bucket in buckets)
    assert buckets[0].name == "none" and "You guessed 0.90" in strategy_views.kept_check(0.9, buckets).body
    assert "No transcript is without an error" in strategy_views.kept_check(0.9, buckets[1:]).body


def test_exercises_answer_by_what_was_measured():
    rows = said("multitask", 1, 0.1) + said("direct", 1, 0.3)
    assert "ablate = True" in strategy_views.dispensable_check("KD", rows).body
    ends = ("ST + KD", "ST + MT", "MT + KD")
    no_mt, no_kd, no_st = (next(s.name for s in MULTITASK_ABLATION if s.name.endswith(end)) for end in ends)
    rows += said(no_mt, 1, 0.1) + said(no_kd, 1, 0.5) + said(no_st, 1, 0.4)
    assert strategy_views.dispensable_check("MT", rows).body.startswith("<p>Right: without ST -")
    assert strategy_views.dispensable_check("KD", rows).body.startswith("<p>Not quite")
    found = strategy_views.dispensable_check("ST", rows).body
    assert found.startswith("<p>Not quite") and found.endswith("surely missed: ST, KD.</p>")  # not MT: it says the same without
    assert "&lt;b&gt; is none of the losses" in strategy_views.dispensable_check("<b>", rows).body
    gap = strategy_views.paired_difference(rows, "multitask", "direct").value
    assert "within the interval" in strategy_views.gain_check(gap, rows, "multitask", "direct").body
    assert "outside the interval" in strategy_views.gain_check(-50, rows, "multitask", "direct").body


def test_the_study_is_shown_by_pair_and_strategy():
    study = whole_study()
    body = study_views.strategies(study, [SEEN, UNSEEN], lambda code: code == "est", ["direct", "asr_init"]).body
    assert body.count("<tr>") == 5 and body.count(">unseen<") == 2
    assert study_views.interval(study.gain(UNSEEN, "asr_init", "direct"), "+") in body
    twice = study_of(said("direct", 1, 0.3) + said("direct", 2, 0.3)).score(SEEN, "direct", "BLEU")
    assert study_views.mean(twice) == f"{twice.value:.1f} (two seeds)"  # an interval of two is of no use
    assert "true" not in study_views.parts(study, [SEEN]).body and "est→eng" in study_views.parts(study, [SEEN]).body
    figure = study_views.chart(study, [SEEN, UNSEEN], ["cascade", "asr_init"])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["est→eng", "que→spa"]
    found = claims.claims(study, lambda code: code == "est", [SEEN, UNSEEN])
    body = study_views.answers(found).body
    assert all(f"GMU-{n}" in body for n in range(1, 9)) and body.count(">held<") == 8 and body.count(">failed<") == 3
    assert "heard the same" in study_views.disagreements(study).body
    differ = study_of(said("direct", 1, 0.3) + said("direct", 1, 0.5))
    assert "direct est→eng seed 1" in study_views.disagreements(differ).body
    best = study_views.most_cases_check(0, study, [SEEN, UNSEEN], ["direct", "asr_init", "multitask"]).body
    assert best.startswith("<p>Right: in 0 of 2")


def test_nothing_measured_is_shown_as_nothing():
    nothing = study_of([])
    assert "nothing" in study_views.strategies(nothing, [SEEN], lambda code: True, ["direct"]).body
    assert study_views.chart(nothing, [SEEN], ["cascade"]).axes
    assert "nothing is measured yet" in study_views.most_cases_check(1, nothing, [SEEN], ["direct"]).body


def test_advice_gives_reasons_evidence_and_what_to_do_next():
    now = adviser.situation(study_of([]), ("que", "spa"), False, 1.7, options="-p source=que")
    body = study_views.advice(now, adviser.advise(study_of([]), now)).body
    assert "begin with <b>multitask</b>" in body and "not measured" in body and "run 10 -p source=que" in body
    assert "the paper" in body and "about +0.7" in body


def test_the_presets_are_listed():
    body = study_views.presets(list(pairs.PAIRS.values())).body
    assert body.count("<tr>") == 10 and "bigc" in body and "Tunisian Arabic" in body


def test_bars_and_intervals_are_drawn():
    bars = grouped({"a": {"x": 1.0, "y": 2.0}, "b": {"x": 3.0}}, "group", "score", {"x": "red", "y": "blue"})
    assert [patch.get_height() for patch in bars.axes[0].patches] == [1.0, 3.0, 2.0, 0.0]


def test_a_gain_of_one_seed_is_drawn_unlike_one_of_three():
    thrice = OverSeeds("BLEU", 1.0, 0.5, 2.0, (0.8, 1.0, 1.2), 9, np.zeros(1))
    once = OverSeeds("BLEU", 5.0, 4.0, 6.0, (5.0,), 9, np.zeros(1))
    figure = gains({"p": {"s": thrice}, "q": {"t": once}}, "BLEU")
    left, right = figure.axes
    assert [text.get_text() for text in left.get_yticklabels()] == ["t", "s"]
    (_, bar, seeds, mean), (_, dashed, _, hollow) = left.lines, right.lines
    assert list(seeds.get_xdata()) == [0.8, 1.0, 1.2] and mean.get_markerfacecolor() == bar.get_color() == ACCENT
    # above zero by the test set alone: neither in the colour of what is certain nor filled
    assert dashed.get_linestyle() == "--" and hollow.get_markerfacecolor() == "white" and dashed.get_color() == GREY
