"""LLM-SRT's answers to an experiment: what decides weights, loading, and what a stage changes."""

from dataclasses import replace

import pytest
import torch

from lib.data.collate import Collator
from lib.decoding import decode
from lib.files import read_json, write_json
from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.lora import Lora
from lib.models.protocol import Hypothesis, Search
from lib.systems.llm_srt.experiment import open_experiment
from lib.systems.llm_srt.prompts import Prompts
from lib.systems.llm_srt.strategies import ENCODER, LORA, STRATEGIES
from lib.systems.load import load_system
from lib.systems.wordings import INSTRUCTION, TOKENS
from lib.tasks import ASR, SMT, ST, Example
from tests.systems.llm_srt.cases import with_recipe, with_system

SRT = STRATEGIES["srt"]


def folder_hash(experiment, strategy=SRT):
    return experiment.folder(strategy).name.split("-")[-1]


# ---- what decides the weights ----


@pytest.mark.parametrize(
    "changes",
    [
        {"spells_out": False},
        {"trains": ()},
        {"trains": (LORA, ENCODER)},
        {"bridge": "strided_conv"},
        {"prompts": Prompts(wording=INSTRUCTION)},
        {"prompts": Prompts(wording=TOKENS)},
        {"share": 0.5},
        {"tasks": (ASR, ST)},
        {"budget": ("smt", "srt")},
        {"stage": "smt"},
        {"start": "asr"},
    ],
    ids=lambda changes: "-".join(map(str, changes)),
)
def test_fields_of_a_strategy_that_decide_the_weights(llm_srt, changes):
    assert folder_hash(llm_srt, replace(SRT, **changes)) != folder_hash(llm_srt)


def test_the_name_does_not_decide_the_weights(llm_srt):
    assert folder_hash(llm_srt, replace(SRT, name="other")) == folder_hash(llm_srt)


def test_each_strategy_has_a_folder_of_its_own(llm_srt):
    assert len({folder_hash(llm_srt, s) for s in STRATEGIES.values()}) == len(STRATEGIES)


@pytest.mark.parametrize(
    "changes, same",
    [
        ({"lora": Lora(rank=16)}, False),
        ({"max_train_seconds": 20.0}, False),
        ({"max_new_tokens": 9}, False),
        ({"pad_to_window": True}, False),
        ({"selection_metric": "BLEU"}, False),
        ({"max_test_seconds": 20.0}, True),
        ({"beams": 3}, True),
        ({"no_repeat_ngram_size": 5}, False),
        ({"min_new_tokens": 10}, False),
        ({"gate": 5.0}, True),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_fields_of_the_recipe_that_decide_the_weights(llm_srt, changes, same):
    assert (folder_hash(with_recipe(llm_srt, **changes)) == folder_hash(llm_srt)) is same


def test_another_bridge_of_the_same_name_decides_the_weights(llm_srt):
    bridges = llm_srt.recipe.bridges | {"q_former": StridedConvConfig(compression=2)}
    assert folder_hash(with_recipe(llm_srt, bridges=bridges)) != folder_hash(llm_srt)


def test_ranks_of_adapters_that_are_not_there_decide_nothing(llm_srt):
    other = with_recipe(llm_srt, lora=Lora(rank=16))
    assert folder_hash(other, STRATEGIES["asr"]) == folder_hash(llm_srt, STRATEGIES["asr"])


@pytest.mark.parametrize(
    "changes",
    [{"chinese": "cmn"}, {"asr_corpus": "common_voice"}, {"zero_shot": (("eng", "deu"),)}],
    ids=lambda changes: str(*changes),
)
def test_fields_of_the_system_that_decide_the_weights(llm_srt, changes):
    assert folder_hash(with_system(llm_srt, **changes)) != folder_hash(llm_srt)


def test_the_order_of_zero_shot_directions_does_not(llm_srt):
    turned = with_system(llm_srt, zero_shot=llm_srt.system.zero_shot[::-1])
    assert folder_hash(turned) == folder_hash(llm_srt)


def test_another_language_model_decides_the_weights(llm_srt):
    text = llm_srt.system.language_model
    other = replace(text, path=text.path.replace("srt_qwen-", "srt_qwen-other-"))
    assert folder_hash(with_system(llm_srt, language_model=other)) != folder_hash(llm_srt)


# ---- what is scored of an output ----

ASKED = Example(id="1", task=ST, source="eng", target="deu", target_text="")


def parsed(llm_srt, text, task=ST, name="srt"):
    hypothesis = Hypothesis(id="1", text=text, tokens=1, score=None, ending="end")
    found = llm_srt.system.parse(STRATEGIES[name], replace(ASKED, task=task), hypothesis)
    return found.text, found.written


@pytest.mark.parametrize(
    "text, translation",
    [("a<|eng|><|deu|> b ", "b"), ("a<|eng|><|fra|>b", ""), ("b", ""), (" ", "")],
)
def test_only_an_answer_of_the_right_form_is_a_translation(llm_srt, text, translation):
    assert parsed(llm_srt, text) == (translation, text.strip())


@pytest.mark.parametrize("name, task", [("asr", ASR), ("smt", SMT), ("direct", ST)])
def test_answers_of_other_tasks_are_scored_as_they_are(llm_srt, name, task):
    assert parsed(llm_srt, " a<|eng|>b ", task, name)[0] == "a<|eng|>b"


def test_the_published_search(llm_srt):
    full = replace(llm_srt, recipe=llm_srt.system.recipe("full"))
    found = full.system.search(full, SRT, beams=5)
    wanted = Search(beams=5, max_new_tokens=400, min_new_tokens=10, no_repeat_ngram_size=5)
    assert found == wanted


# ---- which part each stage changes ----


def part(model, name):
    """Weights of a part; adapters are no part of the language model, and wrap its layers."""
    return {
        key.replace(".base_layer.", "."): t
        for key, t in model.state_dict().items()
        if key.startswith(f"{name}.") and "lora_" not in key
    }


def equal(one, other, name):
    a, b = part(one, name), part(other, name)
    assert a and a.keys() == b.keys()
    return all(torch.equal(a[key], b[key]) for key in a)


@pytest.fixture(scope="module")
def untrained(llm_srt):
    return llm_srt.system.initial_model(llm_srt, STRATEGIES["asr"])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["asr", "smt", "srt", "direct", "parallel"])
def test_encoder_and_language_model_are_equal_to_the_bit(srt_trained, untrained, name):
    model = srt_trained(name).model
    assert equal(model, untrained, "encoder")
    assert equal(model, untrained, "language_model")
    assert not equal(model, untrained, "bridge")


@pytest.mark.slow
@pytest.mark.parametrize("before, after", [("asr", "smt"), ("smt", "srt")])
def test_a_stage_starts_from_the_bridge_before_and_changes_it(llm_srt, srt_trained, before, after):
    start = llm_srt.start(STRATEGIES[after])
    assert equal(start, srt_trained(before).model, "bridge")
    assert not equal(start, srt_trained(after).model, "bridge")


@pytest.mark.slow
def test_the_last_stage_changes_its_adapters(srt_trained):
    weights = srt_trained("srt").model.state_dict()
    added = [t for name, t in weights.items() if "lora_B" in name]
    assert added and all(t.abs().sum() > 0 for t in added)  # they start at zero
    assert not any("lora_" in name for name in srt_trained("smt").model.state_dict())


@pytest.mark.slow
def test_added_tokens_go_from_stage_to_stage(llm_srt, srt_trained):
    name = "language_model.model.embed_tokens.parametrizations.weight.0.rows"
    asr, smt = (srt_trained(f"{s}, added tokens").model.state_dict()[name] for s in ("asr", "smt"))
    start = llm_srt.start(STRATEGIES["smt, added tokens"]).state_dict()[name]
    assert len(start) == 4
    assert torch.equal(start, asr)
    assert not torch.equal(start, smt)


@pytest.mark.slow
def test_adapters_go_from_stage_to_stage_where_both_have_them(llm_srt, srt_trained):
    def adapters(model):
        return {name: t for name, t in model.state_dict().items() if "lora_" in name}

    before = adapters(srt_trained("asr, LoRA throughout").model)
    start = adapters(llm_srt.start(STRATEGIES["smt, LoRA throughout"]))
    assert before and before.keys() == start.keys()
    assert [name for name in before if not torch.equal(before[name], start[name])] == []
    assert any(t.abs().sum() > 0 for name, t in start.items() if "lora_B" in name)


# ---- a trained system in use ----


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["asr", "srt", "srt, added tokens", "srt, everything", "asr, frame stacking"]
)
def test_a_loaded_system_writes_what_the_trained_one_writes(llm_srt, srt_trained, name):
    system = srt_trained(name)
    loaded = load_system(system.folder)
    own, other = system.model.state_dict(), loaded.model.state_dict()
    assert own.keys() == other.keys()
    assert [key for key in own if not torch.equal(own[key], other[key])] == []
    test, search = llm_srt.test_examples(system)[:8], Search(beams=2, max_new_tokens=6)
    found = [
        decode(m, test, Collator(m, m.feature_extractor(30.0)), search)
        for m in (system.model, loaded.model)
    ]
    assert found[0] == found[1]


@pytest.mark.slow
def test_a_loaded_system_translates_audio_files(llm_srt, srt_trained):
    loaded = load_system(srt_trained("direct").folder)
    system = srt_trained("direct")
    wanted = next(r for r in llm_srt.outputs(system) if (r.source, r.target) == ("eng", "zho"))
    (found,) = loaded.translate([wanted.audio], source="eng", target="zho")
    assert (found.error, found.text) == ("", wanted.hypothesis)


@pytest.mark.slow
def test_a_checkpoint_is_prompted_with_the_tag_that_it_was_trained_with(llm_srt):
    """The default is zho, so a checkpoint with cmn shows that its card decides."""
    main = open_experiment("smoke", 1, llm_srt.cache, chinese="cmn")
    loaded = load_system(main.train("asr").folder)
    example = replace(ASKED, target="zho")
    assert loaded.system.prepare(SRT, example).prompt == "<|eng|><|cmn|>"


@pytest.mark.slow
def test_a_checkpoint_is_not_prompted_with_the_default(srt_trained, tmp_path):
    folder = srt_trained("asr").folder
    copied = folder.with_name(f"copy-{tmp_path.name}")
    copied.mkdir()
    for name in ("system.json", "best.safetensors", "done.json"):
        (copied / name).write_bytes((folder / name).read_bytes())
    card = read_json(copied / "system.json")
    card["model"]["prompts"]["chinese"] = "cmn"
    write_json(copied / "system.json", card)
    prompts = [
        load_system(own).system.prepare(SRT, replace(ASKED, target="zho")).prompt
        for own in (folder, copied)
    ]
    assert prompts == ["<|eng|><|zho|>", "<|eng|><|cmn|>"]
