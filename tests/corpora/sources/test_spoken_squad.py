"""The repository Spoken-SQuAD with its sound, and SQuAD beside it for the questions that have no answer."""

import json
import math
import shutil
import subprocess

import pytest
import soundfile

from lib.corpora.cards import read_card
from lib.corpora.sources.reading import NotObtained
from lib.corpora.sources.spoken_squad import read
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone

SPOKEN = "super bowl fifty was an american football game"
WRITTEN = "Super Bowl 50 was an American football game."


def question(name, *answers, **more):
    return {"id": name, "question": f" {name}? ", "answers": [{"text": text, "answer_start": 0} for text in answers], **more}


def squad(path, articles):
    """Articles as a title with a list of (context, questions)."""
    data = [{"title": t, "paragraphs": [{"context": c, "qas": q} for c, q in paragraphs]} for t, paragraphs in articles.items()]
    path.write_text(json.dumps({"version": "1.1", "data": data}))


def tree(folder):
    asked = [question("q1", "denver broncos", "denver broncos", "broncos")]
    squad(folder / "spoken_test-v1.1.json", {"Super_Bowl_50": [("unasked", []), (SPOKEN, asked)]})
    squad(folder / "spoken_train-v1.1.json", {f"title{n}": [(SPOKEN, [question(f"t{n}", "game")])] for n in range(40)})
    for part in ("train", "dev"):
        tone(folder / "Spoken-SQuAD_audio" / f"{part}_passages" / "0_1.wav", rate=24000)
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path)))
    (test,) = [u for u in said if u.split == "test"]
    assert test.id == "test_0_1-q1" and test.audio.exists() and test.origin == "spoken_test-v1.1.json:1" and test.start is None
    assert (test.question, test.answers, test.texts) == ("q1?", ("denver broncos", "broncos"), {"eng": SPOKEN})
    assert math.isnan(test.seconds) and test.language == "eng" and test.speaker == ""
    train = [u for u in said if u.split == "train"]
    assert len(said) == 41 and 30 <= len(train) < 40 and len({u.id for u in said}) == 41  # the rest is dev, by title
    assert list(read(tmp_path, spoken="deu")) == []


def test_questions_that_cannot_be_answered(tmp_path):
    squad(tree(tmp_path) / "dev-v1.1.json", {"Super_Bowl_50": [("Unasked.", []), (WRITTEN, [])]})
    vain = [question("v1", is_impossible=True, plausible_answers=[]), question("q1", "x", is_impossible=False)]
    squad(
        tmp_path / "dev-v2.0.json", {"Super_Bowl_50": [(f"{WRITTEN} ", vain), ("Edited.", [question("v2", is_impossible=True)])]}
    )
    found = list(read(tmp_path))
    test = [(u.id, u.answers, u.texts["eng"]) for u in found if isinstance(u, Utterance) and u.split == "test"]
    assert test == [("test_0_1-q1", ("denver broncos", "broncos"), SPOKEN), ("test_0_1-v1", (), SPOKEN)]
    (strange,) = [entry for entry in found if isinstance(entry, Finding)]
    assert (strange.origin, strange.outcome) == ("dev-v2.0.json:1", "noted") and strange.what.startswith("1 questions")


def test_broken_question_and_list(tmp_path):
    squad(tree(tmp_path) / "spoken_test-v1.1.json", {"T": [(SPOKEN, [{"id": "q1", "question": "Who?"}, question("q2", "game")])]})
    (tmp_path / "spoken_train-v1.1.json").write_text('{"data": [\n')
    found = [(f.step, f.id, f.origin) for f in read(tmp_path) if isinstance(f, Finding)]
    assert found == [("list", "", "spoken_train-v1.1.json:2"), ("question", "test_0_0-q1", "spoken_test-v1.1.json:1")]
    assert [u.id for u in read(tmp_path) if isinstance(u, Utterance)] == ["test_0_0-q2"]


def test_missing_says_what_to_do(tmp_path):
    with pytest.raises(NotObtained, match="spoken_train-v1.1.json"):
        list(read(tmp_path))
    sound = tree(tmp_path) / "Spoken-SQuAD_audio"
    shutil.rmtree(sound / "train_passages")
    assert {u.split for u in read(tmp_path)} == {"test"}
    (sound / "dev_passages").rename(sound / "elsewhere")
    (sound / "dev_wav.zip").touch()
    with pytest.raises(NotObtained, match="unpack dev_wav.zip, then join"):
        list(read(tmp_path))


@pytest.mark.skipif(not shutil.which("sox"), reason="sox is not installed")
def test_command_of_the_card_joins_sentences_in_order(tmp_path):
    for number in range(11):
        tone(tmp_path / "Spoken-SQuAD_audio" / "dev_wav" / f"0_1_{number}.wav", seconds=0.1 * (number + 1), rate=24000)
    command = read_card("spoken_squad").obtain.partition("```\n")[2].partition("```")[0]
    subprocess.run(["bash", "-ec", command], cwd=tmp_path, check=True)
    joined, rate = soundfile.read(tmp_path / "Spoken-SQuAD_audio" / "dev_passages" / "0_1.wav")
    assert rate == 24000 and len(joined) == sum(2400 * (number + 1) for number in range(11))
