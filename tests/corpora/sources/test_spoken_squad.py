"""The repository Spoken-SQuAD with its audio, and SQuAD beside it for impossible questions."""

import json
import math
import shutil
import subprocess

import pytest
import soundfile

from lib.corpora.cards import read_card
from lib.corpora.sources.reading import NotObtained
from lib.corpora.sources.spoken_squad import read
from tests.corpora.sources.trees import separate, summaries, tone

SPOKEN = "super bowl fifty was an american football game"
WRITTEN = "Super Bowl 50 was an American football game."
TITLE = "Super_Bowl_50"


def question(name, *answers, **more):
    given = [{"text": text, "answer_start": 0} for text in answers]
    return {"id": name, "question": f" {name}? ", "answers": given, **more}


def write_list(path, articles):
    """Write articles, given as title -> list of (context, questions)."""
    data = [
        {"title": title, "paragraphs": [{"context": c, "qas": q} for c, q in paragraphs]}
        for title, paragraphs in articles.items()
    ]
    path.write_text(json.dumps({"version": "1.1", "data": data}))


def tree(folder):
    asked = [question("q1", "denver broncos", "denver broncos", "broncos")]
    write_list(folder / "spoken_test-v1.1.json", {TITLE: [("unasked", []), (SPOKEN, asked)]})
    train = {f"title{n}": [(SPOKEN, [question(f"t{n}", "game")])] for n in range(40)}
    write_list(folder / "spoken_train-v1.1.json", train)
    for part in ("train", "dev"):
        tone(folder / "Spoken-SQuAD_audio" / f"{part}_passages" / "0_1.wav", rate=24000)
    return folder


def test_published_layout(tmp_path):
    (test,) = [u for u in read(tree(tmp_path)) if u.split == "test"]
    assert test.id == "test_0_1-q1"
    assert test.audio.exists()
    assert test.origin == "spoken_test-v1.1.json:1"
    assert (test.question, test.answers) == ("q1?", ("denver broncos", "broncos"))
    assert test.texts == {"eng": SPOKEN}
    assert (test.language, test.speaker, test.start) == ("eng", "", None)
    assert math.isnan(test.seconds)


def test_a_tenth_of_the_training_articles_is_dev(tmp_path):
    utterances = list(read(tree(tmp_path)))
    assert len({u.id for u in utterances}) == 41
    assert 30 <= sum(u.split == "train" for u in utterances) < 40


def test_only_english_is_spoken(tmp_path):
    assert list(read(tree(tmp_path), spoken="deu")) == []


def with_squad(folder):
    write_list(tree(folder) / "dev-v1.1.json", {TITLE: [("Unasked.", []), (WRITTEN, [])]})
    new = [
        question("v1", is_impossible=True, plausible_answers=[]),
        question("q1", "x", is_impossible=False),
    ]
    edited = [question("v2", is_impossible=True)]
    paragraphs = {TITLE: [(f"{WRITTEN} ", new), ("Edited.", edited)]}
    write_list(folder / "dev-v2.0.json", paragraphs)
    return folder


def test_impossible_questions_are_added(tmp_path):
    utterances, _ = separate(read(with_squad(tmp_path)))
    found = [(u.id, u.answers, u.texts["eng"]) for u in utterances if u.split == "test"]
    assert found == [
        ("test_0_1-q1", ("denver broncos", "broncos"), SPOKEN),
        ("test_0_1-v1", (), SPOKEN),
    ]


def test_questions_about_other_passages_are_noted(tmp_path):
    _, findings = separate(read(with_squad(tmp_path)))
    assert summaries(findings) == [("unanswerable", "dev-v2.0.json:1", "noted")]
    assert findings[0].problem.startswith("1 questions")


def test_broken_question_is_dropped(tmp_path):
    asked = [{"id": "q1", "question": "Who?"}, question("q2", "game")]
    write_list(tree(tmp_path) / "spoken_test-v1.1.json", {"T": [(SPOKEN, asked)]})
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("question", "spoken_test-v1.1.json:1", "dropped")]
    assert findings[0].id == "test_0_0-q1"
    assert [u.id for u in utterances if u.split == "test"] == ["test_0_0-q2"]


def test_broken_list_is_dropped(tmp_path):
    (tree(tmp_path) / "spoken_train-v1.1.json").write_text('{"data": [\n')
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("list", "spoken_train-v1.1.json:2", "dropped")]
    assert {u.split for u in utterances} == {"test"}


@pytest.mark.parametrize(
    "content",
    [
        "[]",
        '{"data": 1}',
        '{"data": [1]}',
        '{"data": [{"title": "T", "paragraphs": [{"context": 1, "qas": []}]}]}',
        '{"data": [{"title": "T", "paragraphs": [{"context": "c", "qas": ["q"]}]}]}',
        '{"data": ' + "[" * 100_000,
    ],
)
def test_a_list_of_another_form_is_dropped(tmp_path, content):
    (tree(tmp_path) / "spoken_train-v1.1.json").write_text(content)
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("list", "spoken_train-v1.1.json:1", "dropped")]
    assert {u.split for u in utterances} == {"test"}


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="spoken_train-v1.1.json"):
        list(read(tmp_path))


def test_audio_of_one_part_suffices(tmp_path):
    shutil.rmtree(tree(tmp_path) / "Spoken-SQuAD_audio" / "train_passages")
    assert {u.split for u in read(tmp_path)} == {"test"}


def test_packed_audio(tmp_path):
    audio = tree(tmp_path) / "Spoken-SQuAD_audio"
    shutil.rmtree(audio / "train_passages")
    shutil.rmtree(audio / "dev_passages")
    (audio / "dev_wav.zip").touch()
    with pytest.raises(NotObtained, match="unpack .*/dev_wav.zip, then join"):
        list(read(tmp_path))


@pytest.mark.skipif(not shutil.which("sox"), reason="sox is not installed")
def test_command_of_the_card_joins_sentences_in_order(tmp_path):
    for number in range(11):
        path = tmp_path / "Spoken-SQuAD_audio" / "dev_wav" / f"0_1_{number}.wav"
        tone(path, seconds=0.1 * (number + 1), rate=24000)
    command = read_card("spoken_squad").obtain.partition("```\n")[2].partition("```")[0]
    subprocess.run(["bash", "-ec", command], cwd=tmp_path, check=True)
    passage = tmp_path / "Spoken-SQuAD_audio" / "dev_passages" / "0_1.wav"
    samples, rate = soundfile.read(passage)
    assert rate == 24000
    assert len(samples) == sum(2400 * (number + 1) for number in range(11))
