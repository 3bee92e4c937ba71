"""What IT-IST answers to an experiment: its data, limits, stages and folders."""

from dataclasses import fields, replace

import pytest

from lib.systems.it_ist.strategies import (
    ALIGN,
    ALIGN_DEFECTS,
    INSTRUCT,
    INSTRUCT_DEFECTS,
    JOINT,
    STRATEGIES,
    Defects,
)
from lib.tasks import ASR, SQA, ST

TOO_LONG = "training_clips_dropped_as_too_long"
TOO_SHORT = "training_clips_dropped_as_too_short"
PARTS = {part.task.name: part for part in INSTRUCT.by_task}


def with_recipe(experiment, **changes):
    return replace(experiment, recipe=replace(experiment.recipe, **changes))


@pytest.fixture(scope="module")
def all_labelled(it_ist):
    """Every clip has a translation and a question."""
    return with_recipe(it_ist, labelled_share=1.0)


def clips(experiment, seconds, **changes):
    """English training clips of given durations."""
    first = experiment.corpus.split("train", "eng")[0]
    return [
        replace(first, id=f"eng-train-{n:06d}", seconds=s, **changes) for n, s in enumerate(seconds)
    ]


def made(experiment, part, utterances):
    found, left_out = experiment.system.training_examples(experiment, part, utterances, "deu")
    return found, left_out


# ---- limits ----


@pytest.mark.parametrize("task", PARTS)
@pytest.mark.parametrize("limit", [45.0, 90.0, 120.0])
def test_clips_above_the_limit_are_left_out_and_named(all_labelled, task, limit):
    part = replace(PARTS[task], max_seconds=limit)
    seconds = (10.0, 45.0, 45.1, 90.0, 91.0, 120.0, 130.0)
    found, left_out = made(all_labelled, part, clips(all_labelled, seconds))
    assert [e.seconds for e in found] == [s for s in seconds if s <= limit]
    assert len(left_out[TOO_LONG]) == sum(s > limit for s in seconds)
    assert left_out[TOO_SHORT] == []


def test_the_papers_limit_is_the_default(all_labelled):
    found, _ = made(all_labelled, PARTS["ASR"], clips(all_labelled, (119.9, 120.1)))
    assert [e.seconds for e in found] == [119.9]


def test_questions_may_have_longer_clips(all_labelled):
    part = replace(PARTS["SQA"], max_seconds=45.0, max_question_seconds=600.0)
    found, left_out = made(all_labelled, part, clips(all_labelled, (10.0, 500.0, 601.0)))
    assert [e.seconds for e in found] == [10.0, 500.0]
    assert len(left_out[TOO_LONG]) == 1


@pytest.mark.parametrize("task", ["ASR", "ST"])
def test_longer_clips_of_questions_leave_the_other_limits(all_labelled, task):
    part = replace(PARTS[task], max_seconds=45.0, max_question_seconds=600.0)
    found, left_out = made(all_labelled, part, clips(all_labelled, (10.0, 500.0)))
    assert [e.seconds for e in found] == [10.0]
    assert len(left_out[TOO_LONG]) == 1


@pytest.mark.parametrize(
    "strategy",
    [
        INSTRUCT,
        JOINT,
    ],
    ids=["instruct", "joint"],
)
def test_audio_is_cut_where_the_longest_task_ends(it_ist, strategy):
    longer = replace(strategy, max_seconds=45.0, max_question_seconds=600.0)
    assert it_ist.system.max_training_seconds(it_ist, longer) == 600.0


def test_when_nothing_is_left_it_says_so(all_labelled):
    with pytest.raises(ValueError, match="align: no ASR clip is left; the longest may have 5 s"):
        made(all_labelled, replace(ALIGN, max_seconds=5.0), clips(all_labelled, (9.0,)))


def test_seconds_by_60_keep_clips_of_translation_up_to_2_7_seconds(all_labelled):
    defect = replace(PARTS["ST"], defects=Defects(seconds_by_60=True))
    seconds = (0.5, 2.6, 2.7, 2.71, 3.0, 44.0)
    found, left_out = made(all_labelled, defect, clips(all_labelled, seconds))
    assert [e.seconds for e in found] == [0.5, 2.6, 2.7]
    assert len(left_out[TOO_LONG]) == 3


@pytest.mark.parametrize("task", ["ASR", "SQA"])
def test_seconds_by_60_are_for_translation_alone(all_labelled, task):
    defect = replace(PARTS[task], defects=Defects(seconds_by_60=True))
    found, _ = made(all_labelled, defect, clips(all_labelled, (0.5, 44.0)))
    assert len(found) == 2


def test_short_clips_and_targets_may_be_left_out_as_released(all_labelled):
    defect = replace(PARTS["SQA"], defects=Defects(short_left_out=True))
    given = clips(all_labelled, (0.9, 1.0, 5.0), answers=("five",))
    given += [replace(u, id=f"{u.id}-b", answers=("one",)) for u in given]
    found, left_out = made(all_labelled, defect, given)
    assert [(e.seconds, e.target_text) for e in found] == [(1.0, "five"), (5.0, "five")]
    assert len(left_out[TOO_SHORT]) == 4
    assert len(made(all_labelled, PARTS["SQA"], given)[0]) == 6


# ---- which clips have labels ----


def test_the_labelled_share_is_of_the_same_clips_in_every_task(it_ist):
    few = with_recipe(it_ist, labelled_share=0.3)
    given = clips(few, [5.0] * 2000)
    ids = {
        name: [e.id for e in few.system.training_examples(few, PARTS[task], given, target)[0]]
        for name, task, target in (
            ("deu", "ST", "deu"),
            ("zho", "ST", "zho"),
            ("questions", "SQA", "eng"),
            ("all", "ASR", "eng"),
        )
    }
    assert ids["deu"] == ids["zho"] == ids["questions"]
    assert len(ids["all"]) == 2000
    assert len(ids["deu"]) / 2000 == pytest.approx(0.3, abs=0.03)


def test_a_larger_share_keeps_the_clips_of_a_smaller_one(it_ist):
    given = clips(it_ist, [5.0] * 500)
    few, many = (
        {e.id for e in made(with_recipe(it_ist, labelled_share=s), PARTS["ST"], given)[0]}
        for s in (0.2, 0.5)
    )
    assert few < many


def test_examples_have_prompts_and_noise_has_too(it_ist, all_labelled):
    strategy = replace(ALIGN, noise_share=0.5, length_probability=1.0)
    found, _ = made(all_labelled, strategy, clips(all_labelled, [5.0] * 4))
    assert len(found) == 6
    assert [e.prompt for e in found[4:]] == ["<|en|><|transcribe|>0"] * 2
    assert {e.target_text for e in found[4:]} == {""}
    assert all(e.prompt.startswith("<|en|><|transcribe|>") for e in found)
    assert found[4].audio.is_relative_to(it_ist.cache)


def test_test_examples_have_transcripts_and_all_clips(it_ist):
    test = it_ist.corpus.split("test", "eng")
    for task in (ASR, ST, SQA):
        found = it_ist.system.test_examples(replace(INSTRUCT, task=task), test, "deu")
        assert len(found) == len(test)
        assert [e.source_text for e in found] == [u.texts["eng"] for u in test]
        assert all(e.prompt for e in found)


# ---- stages, and what decides the weights ----


def test_alignment_freezes_encoder_and_language_model(it_ist):
    assert len(it_ist.system.stage(it_ist, ALIGN).frozen) == 2
    assert it_ist.system.stage(it_ist, INSTRUCT).frozen == ()


@pytest.mark.parametrize(
    "defect, pattern",
    [
        ("projection_untrained", r"^model\.bridge\.projection\."),
        ("tags_untrained", r"^model\.tags\."),
    ],
)
def test_parts_that_the_released_code_does_not_train(it_ist, defect, pattern):
    strategy = replace(ALIGN, defects=Defects(**{defect: True}))
    assert it_ist.system.stage(it_ist, strategy).frozen[2:] == (pattern,)


def folder_hash(experiment, strategy):
    return experiment.folder(strategy).name.split("-")[-1]


@pytest.mark.parametrize("defect", [entry.name for entry in fields(Defects)])
def test_each_defect_has_a_folder_of_its_own(it_ist, defect):
    changed = replace(ALIGN, defects=Defects(**{defect: True}))
    assert folder_hash(it_ist, changed) != folder_hash(it_ist, ALIGN)


def test_each_strategy_has_a_folder_of_its_own(it_ist):
    assert len({folder_hash(it_ist, s) for s in STRATEGIES.values()}) == len(STRATEGIES)
    assert {*ALIGN_DEFECTS, *INSTRUCT_DEFECTS} <= STRATEGIES.keys()


def test_the_name_does_not_decide_the_weights(it_ist):
    assert folder_hash(it_ist, replace(ALIGN, name="other")) == folder_hash(it_ist, ALIGN)


@pytest.mark.parametrize(
    "changes, same",
    [
        ({"labelled_share": 0.3}, False),
        ({"max_train_seconds": 45.0}, False),
        ({"max_new_tokens": 9}, False),
        ({"max_test_seconds": 45.0}, True),
        ({"beams": 3}, True),
    ],
)
def test_fields_of_the_recipe_that_decide_the_weights(it_ist, changes, same):
    other = with_recipe(it_ist, **changes)
    assert (folder_hash(other, INSTRUCT) == folder_hash(it_ist, INSTRUCT)) is same


def test_another_language_model_decides_the_weights(it_ist):
    text = it_ist.system.language_model
    other = replace(text, path=text.path.replace("qwen-", "qwen-other-"))
    system = replace(it_ist.system, language_model=other)
    assert folder_hash(replace(it_ist, system=system), ALIGN) != folder_hash(it_ist, ALIGN)
