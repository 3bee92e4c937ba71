import pytest

from lib.systems.gmu import adviser, views
from lib.systems.gmu.pairs import PAIRS
from lib.systems.gmu.strategies import MULTITASK_ABLATION
from tests.display.outputs import EST_ENG, MARKUP, is_escaped, output_rows, study_of


def test_components_stand_side_by_side():
    study = study_of(output_rows("asr", 0.2, task="ASR") + output_rows("mt", task="MT"))
    assert views.components(study, [EST_ENG]).body.count("(") == 2


def test_every_pair_has_a_row():
    assert views.presets(list(PAIRS.values())).body.count("<tr>") == 1 + len(PAIRS)


def test_pairs_show_their_language_and_corpus():
    body = views.presets([PAIRS["aeb-eng"]]).body
    assert "<td>Tunisian Arabic</td><td>unseen</td><td>iwslt_aeb_eng</td>" in body


@pytest.fixture
def advice():
    study = study_of([])
    now = adviser.situation(study, ("que", "spa"), False, 1.7, options="-p source=que")
    return views.advice(now, adviser.advise(study, now), max_findings=2).body


def test_advice_names_the_strategy(advice):
    assert "que→spa: begin with <b>multitask</b>" in advice


def test_advice_says_what_was_not_measured(advice):
    assert advice.count("<td>not measured</td>") == 3


def test_advice_says_what_to_measure_next(advice):
    assert "run 10 -p source=que" in advice


def test_advice_cites_the_paper(advice):
    assert "<td>about +0.7</td>" in advice


def test_advice_folds_further_findings(advice):
    assert "<summary>9 more findings</summary>" in advice


def test_the_strategies_without_a_loss_exist():
    assert set(views.WITHOUT_LOSS.values()) <= {s.name for s in MULTITASK_ABLATION}


@pytest.fixture(scope="module")
def ablations():
    rows = output_rows("multitask", 0.1)
    for loss, share in (("MT", 0.1), ("KD", 0.6), ("ST", 0.4)):
        rows += output_rows(views.WITHOUT_LOSS[loss], share)
    return rows


def test_the_exercise_needs_the_ablations():
    rows = output_rows("multitask", 0.1)
    assert "ablate = True" in views.check_dispensable_loss("KD", rows).body


def test_the_loss_that_costs_least(ablations):
    assert views.check_dispensable_loss("MT", ablations).body.startswith("<p>Right:")


def test_a_loss_that_costs_more(ablations):
    assert views.check_dispensable_loss("KD", ablations).body.startswith("<p>Not quite:")


def test_the_cost_of_each_loss_is_shown(ablations):
    body = views.check_dispensable_loss("KD", ablations).body
    assert "MT. BLEU without ST -" in body
    assert "without MT +0.0 (+0.0 to +0.0), without KD -" in body
    assert "of one training each" in body


@pytest.fixture(scope="module")
def alike():
    """Two ablations with equal outputs, and a third one far below."""
    rows = output_rows("multitask", 0.1)
    for loss, share in (("MT", 0.1), ("KD", 0.1), ("ST", 0.6)):
        rows += output_rows(views.WITHOUT_LOSS[loss], share)
    return rows


@pytest.mark.parametrize(
    "guess, verdict",
    [("cannot tell", "Right:"), ("MT", "Not quite:"), ("KD", "Not quite:"), ("ST", "Not quite:")],
)
def test_losses_that_cost_alike_cannot_be_told_apart(alike, guess, verdict):
    assert views.check_dispensable_loss(guess, alike).body.startswith(f"<p>{verdict}")


def test_where_one_costs_least_it_can_be_told(ablations):
    body = views.check_dispensable_loss(views.CANNOT_TELL, ablations).body
    assert body.startswith("<p>Not quite:")


def test_a_guess_that_is_no_loss_is_refused(ablations):
    body = views.check_dispensable_loss("ASR", ablations).body
    assert "write ST, MT, KD or cannot tell" in body


def test_a_guess_is_escaped(ablations):
    assert is_escaped(views.check_dispensable_loss(MARKUP, ablations).body)
