import json

import pytest
from torch import nn

from lib.display import training_views
from lib.files import write_json
from tests.corpora.sources.trees import tone
from tests.display.outputs import MARKUP, is_escaped


def test_parameters_are_summed():
    model = nn.ModuleDict({"encoder": nn.Linear(2, 3), "decoder": nn.Linear(3, 1)})
    for parameter in model["encoder"].parameters():
        parameter.requires_grad_(False)
    body = training_views.parameters(model).body
    assert "<td>all</td><td class='number'>13</td><td class='number'>4</td>" in body


def test_languages_of_the_backbone_are_seen():
    body = training_views.seen_languages(("que", "spa"), ("est", "spa")).body
    assert "Quechua is unseen; Spanish is seen" in body


def test_the_languages_of_the_backbone_are_listed():
    assert "trained on est, spa" in training_views.seen_languages(("que",), ("est", "spa")).body


@pytest.fixture
def rehearsal(tmp_path):
    def body(no_gradient):
        facts = {
            "batches": [{"examples": 3, "costliest": MARKUP, "peak_memory_mb": 2.5}],
            "trains": [{"part": MARKUP, "parameters": 5}],
            "no_gradient": no_gradient,
        }
        write_json(tmp_path / "rehearsal.json", facts)
        return training_views.rehearsal(tmp_path).body

    return body


def test_a_rehearsal_names_parts_without_a_gradient(rehearsal):
    assert "without a gradient: model.text_encoder" in rehearsal(["model.text_encoder"])


def test_a_rehearsal_without_missing_gradients(rehearsal):
    assert "Gradients: none is missing" in rehearsal([])


def test_a_rehearsal_names_its_columns_in_words(rehearsal):
    assert "<th class='number'>peak memory mb</th>" in rehearsal([])


def test_a_rehearsal_is_escaped(rehearsal):
    assert is_escaped(rehearsal([MARKUP]))


@pytest.fixture
def listening(tmp_path):
    entry = {"id": "a", "audio": str(tone(tmp_path / "a.wav")), "reference": "one two"}
    texts = {10: MARKUP, 20: MARKUP, 30: "one two"}
    lines = [entry | {"update": update, "hypothesis": text} for update, text in texts.items()]
    text = "".join(f"{json.dumps(line)}\n" for line in lines)
    (tmp_path / "listening.jsonl").write_text(text, encoding="utf-8")
    return training_views.listening(tmp_path).body


def test_listening_leaves_out_unchanged_outputs(listening):
    assert "<td class='number'>20</td>" not in listening


def test_listening_shows_the_last_change(listening):
    assert "<td class='number'>30</td><td>one two</td>" in listening


def test_listening_plays_each_example_once(listening):
    assert listening.count("<audio") == 1


def test_listening_is_escaped(listening):
    assert is_escaped(listening)
