"""Training as the released code does it."""

from dataclasses import replace

import pytest

from lib.systems.gmu.strategies import RELEASED, STRATEGIES, Switches
from lib.systems.gmu.system import Gmu
from lib.tasks import ASR, ST

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def released(experiment):
    return replace(experiment, system=Gmu(released=True))


@pytest.fixture(scope="module")
def released_systems(released):
    return {name: released.train(name) for name in ("asr", "asr_init", "direct_twice")}


@pytest.mark.parametrize("name, untied", [("asr", False), ("asr_init", True)])
def test_released_models(released_systems, name, untied):
    model = released_systems[name].model
    assert model.untied is untied
    assert model.speech.text_decoder.layers[0].ffn_dropout.p == 0.1


@pytest.mark.parametrize("name, task", [("asr", ASR), ("asr_init", ST)])
def test_released_strategies_have_the_switches_of_their_task(released_systems, name, task):
    assert released_systems[name].strategy.switches == RELEASED[task]


def test_released_systems_have_folders_of_their_own(released, experiment):
    for name in ("asr", "asr_init", "direct"):
        assert released.folder(released.strategy(name)) != experiment.folder(STRATEGIES[name])


def test_nllb_has_no_switches(released, experiment):
    assert released.strategy("nllb") == STRATEGIES["nllb"]
    assert released.folder(released.strategy("nllb")) == experiment.folder(STRATEGIES["nllb"])


def test_direct_twice_starts_from_the_untied_embeddings_and_head(released):
    """The head must not overwrite the embeddings."""
    direct = released.train("direct").model.speech
    start = released.start(released.strategy("direct_twice")).speech
    assert start.shared.weight.equal(direct.shared.weight)
    assert start.lm_head.weight.equal(direct.lm_head.weight)
    assert not direct.lm_head.weight.equal(direct.shared.weight)


def test_a_tied_start_takes_the_embeddings_of_an_untied_system(released):
    tied = replace(released.strategy("direct_twice"), switches=Switches())
    direct, start = released.train("direct").model.speech, released.start(tied).speech
    assert start.lm_head.weight is start.shared.weight
    assert start.shared.weight.equal(direct.shared.weight)
