"""LLM-SRT's prompts to the letter, and answers that are parsed exactly or not at all."""

import pytest

from lib.corpora.phrasebook import Phrasebook
from lib.systems.llm_srt.prompts import (
    BROKEN_TAG,
    FORMS,
    NO_TAG,
    NO_TRANSLATION,
    RIGHT,
    TOO_MANY_TAGS,
    WRONG_TAG,
    Answer,
    Prompts,
    has_tag,
)
from lib.systems.wordings import (
    INSTRUCTION,
    MINIMAL,
    NONE,
    PARAPHRASED,
    TAGS,
    TOKENS,
    WORDINGS,
    Draw,
)

BOOK = Phrasebook(spoken=(), written=("eng", "deu", "fra", "zho"), train=0, dev=0, test=0)
SAID, MEANT = "Will it rain?", "Regnet es?"
DIRECTION = "<|eng|><|deu|>"
FORM = {  # answer -> its form and transcript; nothing but the first line has a translation
    f"{SAID}{DIRECTION}{MEANT}": (RIGHT, SAID),
    f"{SAID}{DIRECTION}": (NO_TRANSLATION, SAID),
    f"{SAID}{DIRECTION} \n": (NO_TRANSLATION, SAID),
    DIRECTION: (NO_TRANSLATION, ""),
    "": (NO_TAG, ""),
    f" {SAID} ": (NO_TAG, SAID),
    f"{SAID} {MEANT}": (NO_TAG, f"{SAID} {MEANT}"),
    f"{SAID}<|eng|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<|deu|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<|deu|><|eng|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<|eng|><|fra|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<|fra|><|deu|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<|eng|><|eng|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<|ENG|><|deu|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<| eng|><|deu|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<||><|deu|>{MEANT}": (WRONG_TAG, SAID),
    f"{SAID}<|eng|> <|deu|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<|eng|>\n<|deu|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<|eng|>so<|deu|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<eng|><|deu|>{MEANT}": (BROKEN_TAG, f"{SAID}<eng"),
    f"{SAID}|eng|><|deu|>{MEANT}": (BROKEN_TAG, f"{SAID}|eng"),
    f"{SAID}<|eng><|deu|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<|eng|<|deu|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<|eng|><|deu|{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<|eng|><|deu": (BROKEN_TAG, SAID),
    f"{SAID}<|<|eng|>|><|deu|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<|eng<|deu|>|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}<|eng|deu|>{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}{DIRECTION}{MEANT}|>": (BROKEN_TAG, SAID),
    f"{SAID}{DIRECTION}<|{MEANT}": (BROKEN_TAG, SAID),
    f"{SAID}{DIRECTION}{MEANT}<|fra|>": (TOO_MANY_TAGS, SAID),
    f"{SAID}{DIRECTION}{MEANT}{DIRECTION}{MEANT}": (TOO_MANY_TAGS, SAID),
    f"{SAID}<|eng|>{DIRECTION}{MEANT}": (TOO_MANY_TAGS, SAID),
    f"<|eng|>{SAID}{DIRECTION}{MEANT}": (TOO_MANY_TAGS, ""),
}


@pytest.fixture(scope="module")
def sentences():
    """A hundred contents in four languages."""
    return BOOK.sentences(100)


# ---- prompts ----


@pytest.mark.parametrize("wording", [TAGS, TOKENS])
def test_prompts_are_the_published_tags(wording):
    prompts = Prompts(wording=wording)
    assert prompts.transcribe("eng") == "<|eng|>"
    assert prompts.translate("eng", "deu") == "<|eng|><|deu|>"
    assert prompts.translate("eng", "deu", SAID) == "Will it rain?<|eng|><|deu|>"
    assert prompts.transcribe_and_translate("eng", "deu") == "<|eng|><|deu|>"


def test_prompts_are_sentences():
    prompts = Prompts(wording=INSTRUCTION)
    assert prompts.transcribe("eng") == "\nTranscribe the speech in English:\n"
    wanted = "\nTranslate it from English into German:\n"
    assert prompts.translate("eng", "deu") == wanted
    assert prompts.translate("eng", "deu", SAID) == SAID + wanted
    assert (
        prompts.transcribe_and_translate("eng", "deu")
        == "\nTranscribe the speech in English, then translate it into German:\n"
    )


def test_minimal_tags_are_that_of_the_output():
    prompts = Prompts(wording=MINIMAL)
    assert prompts.transcribe("eng") == "<|eng|>"
    assert prompts.translate("eng", "deu", SAID) == f"{SAID}<|deu|>"
    assert prompts.transcribe_and_translate("eng", "deu") == "<|deu|>"


def test_without_an_instruction_a_line_break_is_left():
    prompts = Prompts(wording=NONE)
    assert prompts.transcribe("eng") == prompts.transcribe_and_translate("eng", "deu") == "\n"
    assert prompts.translate("eng", "deu", SAID) == f"{SAID}\n"


def test_paraphrases_are_drawn_in_training_and_the_sentence_is_asked_at_test():
    prompts, sentence = Prompts(wording=PARAPHRASED), Prompts(wording=INSTRUCTION)
    draws = [Draw(f"{number}", training=True) for number in range(100)]
    assert len({prompts.translate("eng", "deu", draw=draw) for draw in draws}) == 4
    at_test = prompts.translate("eng", "deu", draw=Draw("1"))
    assert at_test == sentence.translate("eng", "deu")


@pytest.mark.parametrize("wording", WORDINGS)
def test_answers_have_tags_in_every_wording(wording):
    found = Prompts(wording=wording).answer("eng", "deu", SAID, MEANT)
    assert found == "Will it rain?<|eng|><|deu|>Regnet es?"


@pytest.mark.parametrize("given, tag", [({}, "zho"), ({"chinese": "cmn"}, "cmn")])
def test_chinese_has_the_tag_of_the_release_or_of_the_main_branch(given, tag):
    prompts = Prompts(**given)
    assert prompts.tags("zho", "eng") == f"<|{tag}|><|eng|>"
    answer = prompts.answer("eng", "zho", SAID, "会下雨吗")
    assert answer == f"{SAID}<|eng|><|{tag}|>会下雨吗"
    assert prompts.parse(answer, "eng", "zho") == Answer(RIGHT, SAID, "会下雨吗")


@pytest.mark.parametrize("own, other", [("zho", "cmn"), ("cmn", "zho")])
def test_the_other_tag_of_chinese_is_wrong(own, other):
    answer = Prompts(chinese=other).answer("eng", "zho", SAID, "会下雨吗")
    assert Prompts(chinese=own).parse(answer, "eng", "zho") == Answer(WRONG_TAG, SAID, "")


@pytest.mark.parametrize("given", [{"wording": "poem"}, {"chinese": "chi"}])
def test_an_unknown_wording_or_tag_is_refused_by_name(given):
    with pytest.raises(ValueError, match=repr(*given.values())):
        Prompts(**given)


def test_an_unknown_language_has_no_instruction():
    with pytest.raises(ValueError, match="unknown language 'xyz'"):
        Prompts(wording=INSTRUCTION).transcribe("xyz")


# ---- answers ----


@pytest.mark.parametrize("text", FORM)
def test_the_form_of_an_answer(text):
    form, transcript = FORM[text]
    translation = MEANT if form == RIGHT else ""
    assert Prompts().parse(text, "eng", "deu") == Answer(form, transcript, translation)


def test_each_form_is_tested_here():
    assert {form for form, _ in FORM.values()} == set(FORMS)


@pytest.mark.parametrize("at", range(1, len(DIRECTION)))
@pytest.mark.parametrize("what", ["", "x", " ", "|x"])
def test_no_answer_with_a_wrong_letter_in_its_tags_has_a_translation(at, what):
    """One letter is left out, or some stand in it that do not belong there."""
    changed = DIRECTION[: at - (not what)] + what + DIRECTION[at:]
    found = Prompts().parse(SAID + changed + MEANT, "eng", "deu")
    assert found.form in FORMS[1:]
    assert found.translation == ""


@pytest.mark.parametrize("end", range(len(DIRECTION)))
def test_no_answer_that_stops_in_its_tags_has_a_translation(end):
    found = Prompts().parse(SAID + DIRECTION[:end], "eng", "deu")
    assert (found.form != RIGHT, found.translation) == (True, "")


def test_every_answer_is_parsed_into_its_parts(sentences):
    prompts, codes = Prompts(), BOOK.codes
    for texts in sentences:
        for source, target in ((s, t) for s in codes for t in codes if s != t):
            answer = prompts.answer(source, target, texts[source], texts[target])
            wanted = Answer(RIGHT, texts[source], texts[target])
            assert prompts.parse(answer, source, target) == wanted
            other = prompts.parse(answer, target, source)
            assert (other.form, other.translation) == (WRONG_TAG, "")


@pytest.mark.parametrize("said", ["a <", "|", "< b", "|b|", "<b>", "1 < 2 > 0"])
@pytest.mark.parametrize("meant", ["> a", "|", "b|", "<b>", "{|b"])
def test_parts_of_tags_in_a_text_are_no_tags(said, meant):
    answer = Prompts().answer("eng", "deu", said, meant)
    assert Prompts().parse(answer, "eng", "deu") == Answer(RIGHT, said, meant)


@pytest.mark.parametrize("text", ["a<|eng|>", "<|", "b |> c", "<||>"])
@pytest.mark.parametrize("first", [True, False])
def test_an_answer_that_could_not_be_parsed_is_not_made(text, first):
    with pytest.raises(ValueError, match="a text contains"):
        Prompts().answer("eng", "deu", *((text, MEANT) if first else (SAID, text)))
    assert has_tag([SAID, text])


def test_no_text_of_the_phrasebook_has_a_tag(sentences):
    assert not has_tag(text for texts in sentences for text in texts.values())
