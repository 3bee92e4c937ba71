from dataclasses import replace

import pytest

from lib.tasks import ASR, MT, ST, TASKS, examples, text_examples


@pytest.fixture(scope="module")
def utterances(corpus):
    return corpus.split("test", "est")


def test_tasks_by_name():
    assert TASKS == {"ASR": ASR, "MT": MT, "ST": ST}


@pytest.mark.parametrize("task, speech", [(ASR, True), (MT, False), (ST, True)])
def test_input(task, speech):
    assert task.speech_input is speech


@pytest.mark.parametrize("task, headline", [(ASR, "WER"), (MT, "BLEU"), (ST, "BLEU")])
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
