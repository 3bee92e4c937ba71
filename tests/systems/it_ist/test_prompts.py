import pytest

from lib.languages import LANGUAGES
from lib.systems.it_ist.prompts import TAGS, TASK_TAGS, Prompts, language_tag, with_prompt
from lib.systems.wordings import (
    INSTRUCTION,
    MINIMAL,
    NONE,
    PARAPHRASED,
    SENTENCE,
    TOKENS,
    UNSEEN,
    WORDINGS,
)
from lib.systems.wordings import TAGS as PLAIN
from lib.tasks import ASR, SQA, ST, Example


def example(task, target, id="a", **facts):
    return Example(id=id, task=task, source="eng", target=target, target_text="ein Tag", **facts)


@pytest.mark.parametrize(
    "task, target, prompt",
    [
        (ASR, "eng", "<|en|><|transcribe|>"),
        (ASR, "deu", "<|de|><|transcribe|>"),
        (ST, "deu", "<|de|><|translate|>"),
        (ST, "zho", "<|zh|><|translate|>"),
        (ST, "ita", "<|it|><|translate|>"),
        (SQA, "eng", "<|en|><|reply|>Which date is mentioned?"),
    ],
)
def test_prompts_are_the_released_ones(task, target, prompt):
    question = "Which date is mentioned?" if task.asks else ""
    assert with_prompt(example(task, target, question=question)).prompt == prompt


def test_all_else_is_kept():
    given = example(ST, "deu")
    found = with_prompt(given)
    assert (found.id, found.target_text, found.task) == (given.id, given.target_text, given.task)


def test_the_length_is_that_of_the_target_in_characters():
    found = with_prompt(example(ASR, "deu"), 1.0).prompt
    assert found == "<|de|><|transcribe|>7"
    assert with_prompt(example(ST, "deu"), 0.0).prompt == "<|de|><|translate|>"


def test_nine_of_ten_prompts_have_a_length_and_always_the_same():
    given = [example(ASR, "deu", id=f"deu-train-{number:06d}") for number in range(3000)]
    first, again = ([with_prompt(e, 0.9).prompt for e in given] for _ in range(2))
    assert first == again
    share = sum(prompt.endswith("7") for prompt in first) / len(first)
    assert share == pytest.approx(0.9, abs=0.02)


def test_a_larger_probability_keeps_the_lengths_of_a_smaller_one():
    given = [example(ASR, "deu", id=str(number)) for number in range(300)]
    few, many = (
        {e.id for e in given if with_prompt(e, share).prompt.endswith("7")} for share in (0.3, 0.6)
    )
    assert few < many


def test_a_question_never_has_a_length():
    given = [example(SQA, "eng", id=str(n), question="Who?") for n in range(50)]
    assert {with_prompt(e, 1.0).prompt for e in given} == {"<|en|><|reply|>Who?"}


def test_every_language_has_a_tag_and_every_tag_is_there_once():
    assert len(TAGS) == len(set(TAGS))
    assert set(TASK_TAGS.values()) <= set(TAGS)
    assert {language_tag(code) for code in LANGUAGES} <= set(TAGS)
    assert all(tag.startswith("<|") and tag.endswith("|>") for tag in TAGS)


def test_the_tags_of_a_prompt_are_single_tokens(untrained):
    tokenizer = untrained.tokenizer
    ids = tokenizer.encode("<|de|><|translate|>", add_special_tokens=False)
    assert tokenizer.convert_ids_to_tokens(ids) == ["<|de|>", "<|translate|>"]
    assert {tokenizer.convert_tokens_to_ids(tag) for tag in TAGS} == set(
        range(len(tokenizer) - len(TAGS), len(tokenizer))
    )


# ---- other wordings ----

WHICH = "Which date is mentioned?"


@pytest.mark.parametrize(
    "wording, asr, st, sqa",
    [
        (NONE, "\n", "\n", f"\n{WHICH}\n"),
        (MINIMAL, "<|en|>", "<|de|>", f"<|en|>{WHICH}"),
        (PLAIN, "<|en|><|transcribe|>", "<|de|><|translate|>", f"<|en|><|reply|>{WHICH}"),
        (TOKENS, "<|en|><|transcribe|>", "<|de|><|translate|>", f"<|en|><|reply|>{WHICH}"),
        *(
            (
                wording,
                "\nTranscribe the speech in English:\n",
                "\nTranslate it from English into German:\n",
                f"\nAnswer the question in English: {WHICH}\n",
            )
            for wording in (INSTRUCTION, PARAPHRASED)
        ),
    ],
)
def test_a_wording_at_test(wording, asr, st, sqa):
    given = [example(ASR, "eng"), example(ST, "deu"), example(SQA, "eng", question=WHICH)]
    assert [with_prompt(e, wording=wording).prompt for e in given] == [asr, st, sqa]


def test_paraphrases_are_of_training_alone():
    given = [example(ST, "deu", id=f"{number}") for number in range(100)]
    trained = {with_prompt(e, wording=PARAPHRASED, training=True).prompt for e in given}
    assert len(trained) == 4
    assert len({with_prompt(e, wording=PARAPHRASED).prompt for e in given}) == 1


def test_a_question_stands_in_every_wording_once():
    for wording in WORDINGS:
        asked = with_prompt(example(SQA, "eng", question=WHICH), wording=wording).prompt
        assert asked.count(WHICH) == 1


def test_the_length_follows_a_sentence():
    found = with_prompt(example(ASR, "deu"), 1.0, INSTRUCTION).prompt
    assert found == f"\n{SENTENCE['transcribe'].format(source='English')}\n7"


def test_the_unseen_wording_is_not_trained():
    with pytest.raises(ValueError, match="for tests alone"):
        with_prompt(example(ASR, "deu"), wording=UNSEEN, training=True)


def test_tags_are_new_tokens_where_the_wording_says_so():
    tokens = {wording: Prompts(wording=wording).tokens for wording in WORDINGS}
    assert {wording for wording, tags in tokens.items() if tags} == {MINIMAL, TOKENS}
    assert Prompts() == Prompts(wording=TOKENS)


def test_an_unknown_wording_is_refused():
    with pytest.raises(ValueError, match="unknown wording 'poem'"):
        Prompts(wording="poem")
