from dataclasses import replace

import pytest

from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import Rules
from lib.corpora.sources.spoken_squad import read
from lib.tasks import ASR, MT, QA, SMT, SQA, ST, TASKS, examples, no_answer, text_examples
from tests.corpora.sources.test_spoken_squad import SPOKEN, question, with_squad, write_list
from tests.corpora.sources.trees import tone


@pytest.fixture(scope="module")
def utterances(corpus):
    return corpus.split("test", "est")


def test_tasks_by_name():
    assert TASKS == {"ASR": ASR, "MT": MT, "ST": ST, "SMT": SMT, "SQA": SQA, "QA": QA}


@pytest.mark.parametrize(
    "task, speech", [(ASR, True), (MT, False), (ST, True), (SQA, True), (QA, False)]
)
def test_input(task, speech):
    assert task.speech_input is speech


@pytest.mark.parametrize(
    "task, headline", [(ASR, "WER"), (MT, "BLEU"), (ST, "BLEU"), (SQA, "F1"), (QA, "F1")]
)
def test_headline_metric(task, headline):
    assert task.metrics[0][0] == headline


def test_output_is_stripped():
    assert ST.parse(" a b\n") == "a b"


def test_asr_writes_the_spoken_language(corpus):
    made = examples(corpus.split("test"), ASR)
    assert [(e.source, e.target) for e in made] == [(u.language,) * 2 for u in corpus.split("test")]


def test_asr_wants_the_transcript(utterances):
    texts = [example.target_text for example in examples(utterances, ASR)]
    assert texts == [utterance.texts["est"] for utterance in utterances]


def test_mt_has_text_and_no_audio(utterances):
    (example, *_) = examples(utterances, MT, "eng")
    assert example.source_text == utterances[0].texts["est"]
    assert example.audio is None
    assert example.seconds == 0


def test_st_has_audio_and_no_transcript(utterances):
    (example, *_) = examples(utterances, ST, "eng")
    assert example.audio == utterances[0].sound
    assert example.seconds == utterances[0].seconds
    assert example.source_text == ""


def test_st_with_transcripts(utterances):
    (example, *_) = examples(utterances, ST, "eng", transcripts=True)
    assert example.source_text == utterances[0].texts["est"]


@pytest.mark.parametrize(
    "task, transcripts, count", [(ST, False, 6), (ST, True, 5), (MT, False, 5)]
)
def test_utterances_without_a_needed_transcript_are_left_out(utterances, task, transcripts, count):
    first = replace(utterances[0], texts={"eng": "one"})
    assert len(examples([first, *utterances[1:]], task, "eng", transcripts)) == count


def test_a_missing_language_is_named(utterances):
    with pytest.raises(ValueError, match=r"ST into 'deu'; texts are in \['eng', 'est'"):
        examples(utterances, ST, "deu")


def test_no_utterances_make_no_examples():
    assert examples([], ST, "eng") == []


def test_text_examples_have_ids_of_their_own():
    sentences = [{"est": "üks", "eng": "one"}, {"est": "kaks", "eng": "two"}]
    made = text_examples(sentences, [("est", "eng"), ("eng", "eng")])
    assert len({example.id for example in made}) == 4


def test_a_language_into_itself_is_copying():
    (example,) = text_examples([{"est": "üks", "eng": "one"}], [("eng", "eng")])
    assert example.source_text == example.target_text == "one"


def asked(utterance, *answers, language="eng"):
    return replace(utterance, language=language, question="Who?", answers=answers)


def test_sqa_has_audio_question_and_answers(utterances):
    (example,) = examples([asked(utterances[0], "Ann", "Ann Lee"), utterances[1]], SQA)
    assert example.audio == utterances[0].sound
    assert (example.source, example.target, example.source_text) == ("eng", "eng", "")
    assert (example.question, example.answers) == ("Who?", ("Ann", "Ann Lee"))
    assert example.target_text == "Ann"


def test_qa_has_the_passage_and_no_audio(utterances):
    (example,) = examples([asked(utterances[0], "Ann")], QA)
    assert example.source_text == utterances[0].texts["eng"]
    assert (example.audio, example.seconds) == (None, 0)
    assert (example.question, example.target_text) == ("Who?", "Ann")


def test_qa_leaves_out_utterances_without_a_passage(utterances):
    without = replace(asked(utterances[0], "Ann"), texts={})
    assert len(examples([without, asked(utterances[1], "Bo")], QA)) == 1
    assert len(examples([without, asked(utterances[1], "Bo")], SQA)) == 2


@pytest.mark.parametrize(
    "language, phrase", [("eng", "no answer"), ("deu", "keine Antwort"), ("zho", "没有答案")]
)
def test_a_question_without_an_answer_is_answered_so(utterances, language, phrase):
    (example,) = examples([asked(utterances[0], language=language)], SQA)
    assert example.target_text == no_answer(language) == phrase
    assert example.answers == ()


def test_a_question_without_an_answer_in_another_language_is_refused(utterances):
    with pytest.raises(ValueError, match="no phrase for 'no answer' in 'est', only in eng, deu"):
        examples([asked(utterances[0], language="est")], SQA)


def test_a_task_that_does_not_ask_ignores_questions(utterances):
    (example,) = examples([asked(utterances[0], "Ann", language="est")], ASR)
    assert (example.question, example.answers) == ("", ())


def test_utterances_without_a_question_are_refused(utterances):
    with pytest.raises(ValueError, match="SQA needs: a question; use a corpus with questions"):
        examples(utterances, SQA)
    with pytest.raises(ValueError, match="QA needs: a question and a transcript"):
        examples([replace(utterances[0], question="Who?", texts={})], QA)


@pytest.fixture(scope="module")
def spoken_squad(tmp_path_factory):
    """Spoken-SQuAD in its published layout, through curation; 40 questions share one passage."""
    folder = with_squad(tmp_path_factory.mktemp("spoken-squad"))
    asked = [question(f"t{number}", "game") for number in range(40)]
    write_list(folder / "spoken_train-v1.1.json", {"title0": [(SPOKEN, asked)]})
    tone(folder / "Spoken-SQuAD_audio" / "train_passages" / "0_0.wav", pitch=300)
    cache, rules = tmp_path_factory.mktemp("curated"), Rules(min_overlap_words=99)
    return list(curate("spoken_squad", folder, read(folder), rules, cache).store)


@pytest.mark.parametrize("task", [SQA, QA])
def test_spoken_squad(spoken_squad, task):
    made = examples([u for u in spoken_squad if u.split == "test"], task)
    assert [(e.id, e.question, e.answers, e.target_text) for e in made] == [
        ("test_0_1-q1", "q1?", ("denver broncos", "broncos"), "denver broncos"),
        ("test_0_1-v1", "v1?", (), "no answer"),
    ]
    assert {e.source_text for e in made} == {SPOKEN if task == QA else ""}
    assert all((e.seconds > 0) == (task == SQA) for e in made)


def test_every_question_about_one_passage_is_an_example(spoken_squad):
    others = [u for u in spoken_squad if u.split != "test"]
    assert {e.question for e in examples(others, SQA)} == {f"t{n}?" for n in range(40)}
