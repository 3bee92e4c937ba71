"""Gates: the next stage starts only from one that beats a constant output."""

from dataclasses import replace

import pytest

from lib.scoring.baselines import constant
from lib.scoring.metrics import statistics
from lib.systems.llm_srt.gate import Gate, StageNotLearnt, check_gate, gate
from lib.systems.llm_srt.strategies import STRATEGIES, less_speech
from tests.systems.llm_srt.cases import elsewhere, with_recipe

pytestmark = pytest.mark.slow  # it trains


def scored(system, best):
    """The system as if its development score had been `best`."""
    return replace(system, fit_result=replace(system.fit_result, best=best))


def constant_score(experiment, source, target):
    """chrF++ of the best constant output on the development set."""
    train, dev = (
        [u.texts[target] for u in experiment.corpus.split(split, source)]
        for split in ("train", "dev")
    )
    same = [constant(train, dev, target)] * len(dev)
    return statistics("chrF++", same, dev, target, "plain").corpus_score


@pytest.mark.parametrize("score, passed", [(29.9, False), (30.0, True), (80.0, True)])
def test_a_stage_has_to_be_better_by_the_points_of_the_recipe(score, passed):
    found = Gate(strategy="asr", metric="chrF++", score=score, constant=20.0, points=10.0)
    assert found.passed is passed
    assert ("NOT passed" in str(found)) is not passed


def test_the_constant_of_transcribing_is_a_mean_over_languages(llm_srt, srt_trained):
    found = gate(llm_srt, srt_trained("asr"))
    wanted = [constant_score(llm_srt, code, code) for code in ("eng", "deu", "fra", "zho")]
    assert found.constant == pytest.approx(sum(wanted) / 4)
    assert found.score == srt_trained("asr").fit_result.best
    assert (found.metric, found.points) == ("chrF++", llm_srt.recipe.gate)


def test_the_constant_of_translating_is_a_mean_over_trained_directions(llm_srt, srt_trained):
    found = gate(llm_srt, srt_trained("smt")).constant
    trained = [pair for pair in llm_srt.directions if pair not in llm_srt.system.zero_shot]
    wanted = [constant_score(llm_srt, *pair) for pair in trained]
    assert found == pytest.approx(sum(wanted) / 9)


def test_of_several_tasks_each_counts(llm_srt, srt_trained):
    asr, st, both = (gate(llm_srt, srt_trained(n)).constant for n in ("asr", "srt", "parallel"))
    assert both == pytest.approx((4 * asr + 2 * 9 * st) / 22)


def test_a_stage_that_is_no_better_than_a_constant_is_refused(llm_srt, srt_trained):
    strict = with_recipe(llm_srt, gate=5.0)
    system = srt_trained("asr")
    wanted = gate(strict, system).constant
    with pytest.raises(StageNotLearnt) as caught:
        check_gate(strict, scored(system, wanted + 4.9))
    message = str(caught.value)
    assert f"asr: NOT passed; chrF++ {wanted + 4.9:.1f}" in message
    assert f"a constant output {wanted:.1f}, wanted 5 points more" in message
    assert str(system.folder) in message


def test_a_stage_that_is_better_passes(llm_srt, srt_trained):
    strict, system = with_recipe(llm_srt, gate=5.0), srt_trained("asr")
    better = scored(system, gate(strict, system).constant + 5.1)
    assert check_gate(strict, better) is None


def test_a_stage_without_a_score_is_refused(llm_srt, srt_trained):
    with pytest.raises(StageNotLearnt):
        check_gate(llm_srt, scored(srt_trained("asr"), None))


def test_no_hour_goes_into_a_stage_after_one_that_has_not_learnt(llm_srt, tmp_path):
    recipe = replace(llm_srt.recipe, gate=10.0)
    strict = elsewhere(llm_srt, tmp_path / "cache", recipe=recipe)
    assert strict.train("asr").fit_result.updates == 2
    with pytest.raises(StageNotLearnt, match="asr: NOT passed"):
        strict.train("srt")
    finished = [path.parent.name for path in strict.cache.glob("llm_srt-*/done.json")]
    assert finished == [strict.folder(STRATEGIES["asr"]).name]


def test_how_little_speech_suffices_is_asked_without_a_gate(llm_srt, tmp_path):
    """A study of less speech ends with an answer, also where a stage learns nothing of it."""
    recipe = replace(llm_srt.recipe, gate=10.0)
    strict = elsewhere(llm_srt, tmp_path / "cache", recipe=recipe)
    last = less_speech("asr", 0.5)[-1]
    assert strict.train(last.name).fit_result.updates == 2
