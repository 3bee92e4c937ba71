from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file

from lib.files import read_json
from lib.systems.gmu.strategies import STRATEGIES
from tests.systems.cases import changed_recipe

pytestmark = pytest.mark.slow  # it trains, or starts processes

DIRECT = STRATEGIES["direct"]


def equal_weights(one, other):
    pairs = zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


# ---- training, once ----


@pytest.mark.parametrize("name", STRATEGIES)
def test_each_strategy_trains(trained, outputs, name):
    system, rows = trained(name), outputs(name)
    most = 2 * STRATEGIES[name].update_factor
    ended = system.fit_result.stopped_by
    assert system.fit_result.updates == most or (ended == "patience" and name.endswith(", long"))
    assert (system.folder / "training.csv").exists()
    assert {row.strategy for row in rows} == {name}
    assert {row.task for row in rows} == {STRATEGIES[name].task.name}
    assert len(rows) == 6


def test_what_was_trained_is_found_again(experiment, trained, outputs):
    trained("asr_init")
    calls = []
    again = replace(experiment, callback=calls.append)
    assert again.outputs(again.train("asr_init")) == outputs("asr_init")
    assert not calls


def test_a_strategy_is_asked_for_by_name_or_given(experiment):
    assert experiment.strategy("direct") is DIRECT
    assert experiment.strategy(DIRECT) is DIRECT


def test_systems_are_named_before_they_are_trained(experiment, tmp_path):
    (tmp_path / "seamless").symlink_to(experiment.backbone.path)
    named = {}

    def remember(name, folder):
        named[name] = folder.exists()

    backbone = replace(experiment.backbone, path=str(tmp_path / "seamless"))
    fresh = replace(experiment, backbone=backbone, cache=tmp_path, on_system=remember)
    fresh.train("asr_init")
    assert named == {"asr_init": False, "asr": False}


def test_the_card_of_a_system(experiment, trained):
    card = read_json(trained("direct").folder / "system.json")
    assert card["system"] == "gmu"
    assert card["strategy"] == "direct"
    assert card["directions"] == [["que", "spa"]]
    assert card["corpus"]["hash"] == experiment.corpus.hash
    assert card["synthetic"] is True


# ---- initialisation ----


@pytest.fixture(scope="module")
def backbone_model(experiment):
    return experiment.start(DIRECT)


@pytest.fixture(scope="module")
def both(experiment):
    return experiment.start(STRATEGIES["both_init"])


def test_the_encoder_is_that_of_the_named_strategy(both, trained, backbone_model):
    encoder = both.speech.speech_encoder
    assert equal_weights(encoder, trained("asr").model.speech.speech_encoder)
    assert not equal_weights(encoder, backbone_model.speech.speech_encoder)


def test_the_decoder_is_that_of_the_named_strategy(both, trained, backbone_model):
    decoder = both.speech.text_decoder
    assert equal_weights(decoder, trained("mt").model.speech.text_decoder)
    assert torch.equal(both.speech.shared.weight, trained("mt").model.speech.shared.weight)
    assert not equal_weights(decoder, backbone_model.speech.text_decoder)


def test_other_parts_are_the_backbones(experiment, backbone_model):
    start = experiment.start(STRATEGIES["asr_init"])
    assert equal_weights(start.speech.text_decoder, backbone_model.speech.text_decoder)


def test_multi_task_training_takes_the_text_encoder_too(experiment, trained):
    start = experiment.start(STRATEGIES["multitask"])
    assert equal_weights(start.text_encoder, trained("mt").model.text_encoder)


def test_from_scratch_starts_from_random_weights(experiment, backbone_model):
    start = experiment.start(STRATEGIES["from_scratch"])
    assert not equal_weights(start.speech.speech_encoder, backbone_model.speech.speech_encoder)
    assert not equal_weights(start.speech.text_decoder, backbone_model.speech.text_decoder)


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_the_random_weights_are_those_of_the_seed(experiment, seed, same):
    other = replace(experiment, seed=seed)
    one, another = (e.start(STRATEGIES["from_scratch"]) for e in (experiment, other))
    assert equal_weights(one.speech, another.speech) is same


# ---- selection ----


def test_weights_are_selected_by_the_score_of_decoded_outputs(trained):
    history = trained("direct").fit_result.history
    assert [row["score"] is not None for row in history] == [True, True]
    assert trained("direct").fit_result.best == max(row["score"] for row in history)


@pytest.mark.parametrize("count, expected", [(1, 1), (3, 3), (None, 4)])
def test_as_many_development_utterances_as_the_recipe_says(experiment, count, expected):
    other = changed_recipe(experiment, selection_utterances=count)
    found = other._evaluation(other.start(DIRECT), DIRECT)()
    assert len(found.outputs) == expected


def test_selection_is_balanced_over_directions(experiment):
    directions = (("que", "spa"), ("que", "eng"))
    other = replace(changed_recipe(experiment, selection_utterances=4), directions=directions)
    outputs = other._evaluation(other.start(DIRECT), DIRECT)().outputs
    assert [example.target for example, _ in outputs] == ["spa", "spa", "eng", "eng"]


def test_the_selection_score_is_the_mean_over_directions(experiment):
    directions = (("que", "spa"), ("que", "eng"))
    several = replace(experiment, directions=directions)
    spa, eng = (example for example in several._examples(DIRECT, "dev", 1))
    scores = [
        several._selection_score([(spa, spa_text), (eng, eng_text)])
        for spa_text, eng_text in [
            (spa.target_text, eng.target_text),
            (spa.target_text, ""),
            ("", ""),
        ]
    ]
    assert scores == pytest.approx([100, 50, 0])


# ---- several processes ----


@pytest.mark.parametrize("processes, accumulate", [(1, 1), (2, 2), (4, 4)])
def test_updates_are_split_for_processes(experiment, processes, accumulate):
    assert replace(experiment, processes=processes).recipe.st.accumulate == accumulate


@pytest.fixture(scope="module")
def by_two(experiment):
    """Multi-task training by two processes, from what single processes trained."""
    two = replace(experiment, processes=2)
    one = replace(two, processes=1)  # with the split recipe of two
    for start in ("asr", "mt"):
        one.train(start)
    return one, two.train("multitask")


@pytest.mark.timeout(240)
def test_two_processes_train(by_two):
    _, system = by_two
    assert (system.folder / "launch" / "log.txt").exists()
    assert system.fit_result.updates == 2


@pytest.mark.timeout(240)
def test_the_weights_of_two_processes_are_loaded(by_two):
    _, system = by_two
    best = load_file(system.folder / "best.safetensors")
    trainable = {f"model.{n}": p for n, p in system.model.named_parameters() if p.requires_grad}
    assert best.keys() == trainable.keys()
    assert [name for name in best if not torch.equal(best[name], trainable[name])] == []


@pytest.mark.timeout(240)
def test_the_number_of_processes_does_not_decide_the_folder(by_two):
    one, system = by_two
    assert one.folder(STRATEGIES["multitask"]) == system.folder
    assert len(one.outputs(one.train("multitask"))) == 6
