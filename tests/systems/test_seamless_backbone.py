from dataclasses import replace

import pytest

from lib.models.seamless import load_seamless
from lib.systems.backbones import TrainedBackbone, TrainingJob
from lib.systems.seamless_backbone import SPEECH_PER_TEXT
from lib.systems.seamless_presets import PRESETS
from lib.tasks import ASR, MT, ST


@pytest.fixture(scope="module")
def recipe():
    """The smoke recipe on two languages."""
    smoke = PRESETS["smoke"]
    return replace(smoke, phrasebook=replace(smoke.phrasebook, spoken=("est", "eng")))


@pytest.fixture(scope="module")
def text(recipe):
    return recipe.text_examples()


@pytest.fixture(scope="module")
def joint(recipe, corpus):
    return recipe.joint_examples(corpus)


def test_text_is_translated_in_every_direction_and_copied(text):
    directions = {(example.source, example.target) for example in text}
    assert directions == {(s, t) for s in ("est", "eng") for t in ("est", "eng")}


def test_text_examples_are_drawn_from_the_seed(recipe, text):
    assert recipe.text_examples() == text
    assert replace(recipe, seed=2).text_examples() != text


def test_the_joint_stage_has_all_tasks(joint):
    assert {example.task.name for example in joint} == {"ASR", "ST", "MT"}


def test_the_joint_stage_has_asr_of_each_clip(joint, corpus):
    train = [u.id for u in corpus.split("train")]
    assert sorted(e.id for e in joint if e.task == ASR) == sorted(train)


def test_the_joint_stage_has_st_into_the_other_languages(joint):
    pairs = {(example.source, example.target) for example in joint if example.task == ST}
    assert pairs == {("est", "eng"), ("eng", "est")}


def test_the_joint_stage_has_a_quarter_as_much_text(joint):
    speech = sum(example.task.speech_input for example in joint)
    assert sum(example.task == MT for example in joint) == speech // SPEECH_PER_TEXT


@pytest.mark.parametrize("code, seen", [("est", True), ("fra", True), ("que", False)])
def test_seen_are_the_spoken_languages(code, seen):
    assert (code in PRESETS["tiny"].seen) is seen


@pytest.mark.parametrize("code, seen", [("gle", True), ("bem", False)])
def test_the_published_backbone_has_seen_its_languages(code, seen):
    assert (code in PRESETS["full"].seen) is seen


def test_the_published_checkpoint():
    assert PRESETS["full"].hub == "facebook/seamless-m4t-v2-large"


@pytest.mark.parametrize("text", [False, True])
def test_a_checkpoint_in_the_published_layout_is_loaded(model, tmp_path, text):
    folder = tmp_path / "seamless-m4t-v2-large"
    model.save(folder)
    backbone = TrainedBackbone(recipe=PRESETS["full"], path=str(folder), stages=[], corpus=None)
    assert (backbone.load(text=text).text_encoder is not None) is text


def test_the_trained_backbone_knows_its_languages(experiment):
    model = load_seamless(experiment.backbone.path)
    known = len(model.tokenizer)
    assert all(model.add_language(code) < known for code in experiment.backbone.seen)


def test_the_first_stage_is_found_again(experiment):
    backbone, calls = experiment.backbone, []
    folder = backbone.recipe.folder(backbone.corpus, experiment.cache)
    job = TrainingJob(folder=folder, corpus=backbone.corpus, callback=calls.append)
    _, _, result = backbone.recipe.ctc_model(job)
    assert calls == []
    assert result == backbone.stages[0]
