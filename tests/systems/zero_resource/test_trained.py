"""A trained system in use: loaded to the letter, its card, and rows of further decodings."""

from dataclasses import replace

import pytest
import torch

from lib.data.collate import Collator
from lib.decoding import decode
from lib.files import read_json
from lib.models.protocol import Search
from lib.systems.load import load_system
from lib.systems.zero_resource import decodings
from lib.systems.zero_resource.experiment import open_experiment
from lib.training.log import read_signals

pytestmark = pytest.mark.slow  # it trains


@pytest.mark.parametrize(
    "name", ["adapter", "multi-task", "multi-task, encoder too", "multi-task, normalised layers"]
)
def test_a_loaded_system_writes_what_the_trained_one_writes(zero_resource, zero_trained, name):
    system = zero_trained(name)
    test, search = zero_resource.test_examples(system)[::9], Search(beams=2, max_new_tokens=8)
    found = [
        decode(m, test, Collator(m, m.feature_extractor(30.0)), search)
        for m in (system.model, load_system(system.folder).model)
    ]
    assert found[0] == found[1]
    assert any(hypothesis.text for hypothesis in found[0])


def test_the_card_says_what_was_held_out_and_what_was_trained(zero_trained):
    cards = {
        n: read_json(zero_trained(n).folder / "system.json") for n in ("adapter", "multi-task")
    }
    assert all(card["model"]["held_out"] == ["cat", "nld"] for card in cards.values())
    assert cards["adapter"]["model"]["lora"] is None
    assert cards["multi-task"]["model"]["lora"]["rank"] == 16
    assert cards["multi-task"]["synthetic"]


def test_the_weights_of_the_layers_sum_to_1_at_each_evaluation(zero_trained):
    signals = read_signals(zero_trained("multi-task").folder)
    assert [row["update"] for row in signals] == [1, 2]
    for row in signals:
        weights = [value for name, value in row.items() if name.endswith("_weight")]
        assert len(weights) == 2
        assert sum(weights) == pytest.approx(1.0)


@pytest.mark.parametrize("name, wanted", [("last layer", [0.0, 1.0]), ("layer 1", [1.0, 0.0])])
def test_one_layer_alone_stays_alone(zero_trained, name, wanted):
    assert zero_trained(f"multi-task, {name}").model.bridge.weights.tolist() == wanted


def test_shifted_layers_are_other_inputs_and_are_put_back(zero_resource, zero_trained, tmp_path):
    """An average of one layer, so that the shift changes everything that the adapter hears."""
    system = replace(zero_trained("multi-task, last layer"), folder=tmp_path)
    model, before = system.model, system.model.bridge.weights.tolist()
    heard = []
    hook = model.bridge.inner.register_forward_pre_hook(lambda _, given: heard.append(given[0]))
    zero_resource.outputs(system)
    plain = len(heard)
    decodings.shifted(zero_resource, system, 1)
    hook.remove()
    assert len(heard) == 2 * plain
    assert not any(torch.equal(a, b) for a, b in zip(heard, heard[plain:], strict=False))
    assert model.bridge.weights.tolist() == before


def test_a_variant_has_a_name_of_its_own(zero_resource):
    unread = open_experiment("smoke", 1, zero_resource.cache, unread=True)
    rows = decodings.variant(unread, "unread")
    assert {r.strategy for r in rows} == {"multi-task, unread"}
    assert {r.source for r in rows} >= {"cat", "nld"}


def test_the_ceiling_translates_and_copies_what_is_written(zero_resource):
    rows = decodings.ceiling(zero_resource)
    texts = {u.id: u.texts for u in zero_resource.corpus.split("test")}
    assert {(r.task, r.system, r.stage) for r in rows} == {("MT", "zero_resource", "backbone")}
    assert all(r.reference == texts[r.id][r.target] for r in rows)
