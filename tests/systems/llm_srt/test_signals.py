"""What an evaluation measures: errors of transcripts, and forms of answers."""

import pytest

from lib.scoring.metrics import transcript_error_rate
from lib.systems.llm_srt.prompts import Prompts
from lib.systems.llm_srt.signals import curriculum_signals
from lib.tasks import ASR, SMT, ST, Example
from lib.training.log import read_signals

SAID = "two days"


def asked(task, source="eng", target="deu", said=SAID, meant="zwei Tage"):
    return Example(
        id="1",
        task=task,
        source=source,
        target=target if task.translates else source,
        target_text=meant if task.translates else said,
        source_text=said if task.translates else "",
    )


def signals(*outputs, prompts=Prompts()):
    return curriculum_signals(outputs, prompts)


def test_errors_are_of_all_words_together():
    pairs = [("eng", "a b c", "a b x"), ("eng", "a", "")]
    assert transcript_error_rate(pairs) == 100 * 2 / 4


def test_chinese_is_counted_by_character():
    assert transcript_error_rate([("zho", "今天好", "今天")]) == pytest.approx(100 / 3)


def test_case_and_marks_are_no_errors():
    assert transcript_error_rate([("eng", "Two days.", "two days")]) == 0.0


def test_no_transcript_has_no_errors():
    assert transcript_error_rate([]) == 0.0


def test_transcripts_of_transcribing():
    found = signals((asked(ASR), "two nights"), (asked(ASR), SAID))
    assert found == {"error_rate": 25.0}


def test_transcripts_inside_answers_count():
    answer = "two nights<|eng|><|deu|>zwei Tage"
    assert signals((asked(ST), answer)) == {"error_rate": 50.0, "right_form": 100.0}


def test_the_share_of_answers_of_the_right_form():
    answers = ["two days<|eng|><|deu|>zwei", SAID, "two days<|eng|>zwei", "<|deu|><|eng|>zwei"]
    found = signals(*((asked(ST), answer) for answer in answers))
    assert found["right_form"] == 25.0


def test_an_answer_to_a_clip_without_a_transcript_has_a_form_alone():
    answer = "two days<|eng|><|deu|>zwei"
    assert signals((asked(ST, said=""), answer)) == {"right_form": 100.0}


def test_translations_alone_have_no_signals():
    assert signals((asked(ST), "zwei Tage"), prompts=None) == {}
    assert signals((asked(SMT), "zwei Tage")) == {}


def test_the_tag_of_chinese_is_the_prompts():
    example, answer = asked(ST, target="zho"), "two days<|eng|><|cmn|>两天"
    assert signals((example, answer))["right_form"] == 0.0
    assert signals((example, answer), prompts=Prompts(chinese="cmn"))["right_form"] == 100.0


@pytest.mark.slow
@pytest.mark.parametrize(
    "name, measured",
    [
        ("asr", {"error_rate"}),
        ("smt", set()),
        ("srt", {"error_rate", "right_form"}),
        ("parallel", {"error_rate", "right_form"}),
        ("direct", set()),
    ],
)
def test_signals_of_a_training(srt_trained, name, measured):
    system = srt_trained(name)
    rows = read_signals(system.folder)
    assert [row["update"] for row in rows] == list(range(1, system.fit_result.updates + 1))
    assert all(row.keys() == {"update", "empty_outputs"} | measured for row in rows)
