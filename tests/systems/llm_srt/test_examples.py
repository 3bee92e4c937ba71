"""What LLM-SRT trains on and is tested with: prompts and answers to the letter, and its data."""

from dataclasses import replace

import pytest

from lib.systems.llm_srt.prompts import Prompts
from lib.systems.llm_srt.strategies import SHARES, STRATEGIES
from lib.systems.wordings import INSTRUCTION
from lib.tasks import ASR, SMT, ST
from tests.systems.llm_srt.cases import with_system

WITH_TAGS, WITHOUT = "training_clips_with_tags_in_a_text", "training_clips_without_a_transcript"
SAID, MEANT = "one day", "ein Tag"


def clips(experiment, count=3, source="eng", **texts):
    """Training clips of one language that say the same."""
    first = experiment.corpus.split("train", source)[0]
    given = {"eng": SAID, "deu": MEANT, "zho": "一天"} | texts
    kept = {code: text for code, text in given.items() if text}
    return [
        replace(first, id=f"{source}-{n}", meaning=f"content {n}", texts=kept) for n in range(count)
    ]


def made(experiment, name, utterances, target="deu", **changes):
    """Training examples of a strategy and what was left out."""
    strategy = replace(STRATEGIES[name], **changes)
    return experiment.system.training_examples(experiment, strategy, utterances, target)


def asked(found):
    return {(e.task, e.prompt, e.target_text) for e in found}


# ---- prompts and answers ----


@pytest.mark.parametrize(
    "name, task, prompt, answer",
    [
        ("asr", ASR, "<|eng|>", SAID),
        ("smt", SMT, "one day<|eng|><|deu|>", MEANT),
        ("srt", ST, "<|eng|><|deu|>", "one day<|eng|><|deu|>ein Tag"),
        ("srt, added tokens", ST, "<|eng|><|deu|>", "one day<|eng|><|deu|>ein Tag"),
        ("direct", ST, "<|eng|><|deu|>", MEANT),
        ("srt, translation only", ST, "<|eng|><|deu|>", MEANT),
        ("asr, instruction", ASR, "\nTranscribe the speech in English:\n", SAID),
        ("smt, instruction", SMT, "one day\nTranslate it from English into German:\n", MEANT),
        (
            "srt, instruction",
            ST,
            "\nTranscribe the speech in English, then translate it into German:\n",
            "one day<|eng|><|deu|>ein Tag",
        ),
    ],
)
def test_a_training_example(llm_srt, name, task, prompt, answer):
    found, left_out = made(llm_srt, name, clips(llm_srt))
    assert asked(found) == {(task, prompt, answer)}
    assert len(found) == 3
    assert {reason: ids for reason, ids in left_out.items() if ids} == {}


def test_a_parallel_strategy_has_the_examples_of_each_task(llm_srt):
    given, strategy = clips(llm_srt), STRATEGIES["parallel"]
    for part, name in zip(strategy.by_task, ("asr", "smt", "srt"), strict=True):
        found, _ = llm_srt.system.training_examples(llm_srt, part, given, "deu")
        assert found == made(llm_srt, name, given)[0]


@pytest.mark.parametrize("chinese", ["zho", "cmn"])
def test_chinese_is_written_with_its_tag(llm_srt, chinese):
    given = clips(llm_srt)
    found, _ = made(with_system(llm_srt, chinese=chinese), "srt", given, "zho")
    assert asked(found) == {(ST, f"<|eng|><|{chinese}|>", f"one day<|eng|><|{chinese}|>一天")}


@pytest.mark.parametrize("name", ["asr", "smt", "srt", "direct"])
def test_a_test_example_has_the_prompt_of_training_and_no_answer(llm_srt, name):
    given, strategy = clips(llm_srt), STRATEGIES[name]
    found = llm_srt.system.test_examples(strategy, given, "deu")
    prompts = {e.prompt for e in made(llm_srt, name, given)[0]}
    assert {e.prompt for e in found} == prompts
    assert {e.target_text for e in found} == {SAID if name == "asr" else MEANT}
    assert {e.source_text for e in found} == {SAID}


def test_a_clip_without_a_transcript_is_translated_at_test(llm_srt):
    (given,) = clips(llm_srt, 1, eng="")
    (found,) = llm_srt.system.test_examples(STRATEGIES["srt"], [given], "deu")
    assert (found.prompt, found.source_text) == ("<|eng|><|deu|>", "")


def test_prepared_examples_are_those_of_the_test_set(llm_srt):
    strategy = replace(STRATEGIES["srt"], prompts=Prompts(wording=INSTRUCTION))
    (found,) = llm_srt.system.test_examples(strategy, clips(llm_srt, 1), "deu")
    bare = replace(found, prompt="")
    assert llm_srt.system.prepare(strategy, bare) == found


# ---- zero-shot directions ----


def directions(examples):
    return {(e.source, e.target) for e in examples}


@pytest.mark.parametrize("name", ["smt", "srt", "direct", "parallel"])
def test_zero_shot_directions_are_tested_and_never_trained(llm_srt, name):
    strategy, unseen = STRATEGIES[name], set(llm_srt.system.zero_shot)
    train, _ = llm_srt._training_examples(strategy)
    trained = directions(e for e in train if e.task != ASR)
    tested = directions(e for e in llm_srt._examples(strategy, "test") if e.task != ASR)
    assert len(unseen) == 3
    assert tested == set(llm_srt.directions)
    assert trained == tested - unseen


@pytest.mark.parametrize("name, count", [("asr", 4), ("smt", 9), ("srt", 9), ("direct", 9)])
def test_zero_shot_directions_select_no_weights(llm_srt, name, count):
    selecting = directions(llm_srt._examples(STRATEGIES[name], "dev"))
    assert len(selecting) == count
    assert not selecting & set(llm_srt.system.zero_shot)


def test_every_language_is_transcribed(llm_srt):
    train, _ = llm_srt._training_examples(STRATEGIES["asr"])
    languages = {source for source, _ in llm_srt.directions}
    assert directions(train) == {(code, code) for code in languages}


def test_no_answer_of_training_is_in_a_zero_shot_direction(llm_srt):
    """Nor is a prompt: the tags of both are the direction's."""
    train, _ = llm_srt._training_examples(STRATEGIES["parallel"])
    tags = [Prompts().tags(*pair) for pair in llm_srt.system.zero_shot]
    texts = [e.prompt + e.target_text for e in train]
    assert [text for text in texts if any(tag in text for tag in tags)] == []


# ---- shares ----


def kept(experiment, share, source="eng", seed=1):
    """Contents of a share of the training speech of a language."""
    own = replace(experiment, seed=seed)
    given = experiment.corpus.split("train", source)
    found, _ = made(own, "asr", given, source, share=share)
    meanings = {u.id: u.meaning for u in given}
    return [meanings[e.id] for e in found]


def test_a_share_has_the_same_contents_in_every_language(llm_srt):
    found = {source: set(kept(llm_srt, 0.5, source)) for source in ("eng", "deu", "fra", "zho")}
    assert len(found["eng"]) == 4
    assert all(contents == found["eng"] for contents in found.values())


def test_shares_are_nested_and_of_their_size(llm_srt):
    given = clips(llm_srt, 40)
    whole, *parts = (
        {e.id for e in made(llm_srt, "asr", given, share=share)[0]} for share in (1.0, *SHARES)
    )
    assert [len(ids) for ids in (whole, *parts)] == [40, 20, 10, 4]
    assert parts[2] < parts[1] < parts[0] < whole


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_a_share_is_drawn_by_the_seed_of_the_experiment(llm_srt, seed, same):
    assert (kept(llm_srt, 0.5) == kept(llm_srt, 0.5, seed=seed)) is same


def test_a_share_keeps_every_clip_of_a_content(llm_srt):
    given = [u for u in clips(llm_srt, 4)]
    given += [replace(u, id=f"{u.id}-again") for u in given]
    found, _ = made(llm_srt, "asr", given, share=0.5)
    assert len(found) == 4
    assert {e.id for e in found} == {f"{e.id.removesuffix('-again')}-again" for e in found} | {
        e.id.removesuffix("-again") for e in found
    }


def test_a_share_never_is_nothing(llm_srt):
    assert len(made(llm_srt, "asr", clips(llm_srt, 3), share=0.01)[0]) == 1


# ---- what is left out ----


@pytest.mark.parametrize(
    "name, texts",
    [
        ("asr", {"eng": "a <|deu|> b"}),
        ("smt", {"eng": "a |> b"}),
        ("smt", {"deu": "<|"}),
        ("srt", {"eng": "<|eng|>"}),
        ("srt", {"deu": "a <|eng|><|deu|> b"}),
        ("direct", {"deu": "<||>"}),
    ],
)
def test_a_text_with_a_tag_is_left_out_and_counted(llm_srt, name, texts):
    bad, good = clips(llm_srt, 1, **texts), clips(llm_srt, 3)[1:]
    found, left_out = made(llm_srt, name, [*bad, *good])
    assert [e.id for e in found] == ["eng-1", "eng-2"]
    assert left_out[WITH_TAGS] == ["eng-0"]


@pytest.mark.parametrize("name, count", [("asr", 1), ("smt", 1), ("srt", 1), ("direct", 0)])
def test_clips_without_a_transcript_are_counted_where_one_is_needed(llm_srt, name, count):
    bare, good = clips(llm_srt, 1, eng=""), clips(llm_srt, 3)[1:]
    found, left_out = made(llm_srt, name, [*bare, *good])
    assert len(found) == 3 - count
    assert left_out[WITHOUT] == ["eng-0"] * count


def test_a_clip_without_a_translation_has_a_transcript(llm_srt):
    """It is trained on in other directions."""
    bare, good = clips(llm_srt, 1, deu=""), clips(llm_srt, 3)[1:]
    found, left_out = made(llm_srt, "srt", [*bare, *good])
    assert len(found) == 2
    assert left_out[WITHOUT] == []


def test_the_first_stage_may_be_of_one_corpus_alone(llm_srt):
    other = with_system(llm_srt, asr_corpus="common_voice")
    given = clips(other, 4)
    given[0], given[3] = (replace(u, source="common_voice") for u in (given[0], given[3]))
    assert [e.id for e in made(other, "asr", given)[0]] == ["eng-0", "eng-3"]
    assert len(made(other, "smt", given)[0]) == 4
    assert len(made(other, "srt", given)[0]) == 4
