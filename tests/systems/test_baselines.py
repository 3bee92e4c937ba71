"""The baselines of question answering, on an experiment that decodes nothing."""

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from lib.systems.baselines import as_hypothesis, baselines
from lib.tasks import ASR, QA, SQA, examples
from lib.utterance import Corpus, Utterance
from tests.scoring.cases import make_rows

TRAIN = [("Who?", "Ann"), ("Who?", "Ann"), ("Who?", "Bo"), ("Where?", "")] + 3 * [("Why?", "")]
TEST = [("Who?", "Ann"), ("Where?", "Peru"), ("When?", ""), ("Who?", "Bo")]


def utterance(split, number, question, answer):
    return Utterance(
        id=f"{split}-{number}",
        audio=Path(f"{split}-{number}.wav"),
        seconds=1.0 + number,
        language="eng",
        speaker="",
        split=split,
        texts={"eng": f"passage {number}"},
        question=question,
        answers=(answer,) if answer else (),
    )


@dataclass
class System:
    """As much of a `TrainedSystem` as the baselines need."""

    strategy: SimpleNamespace
    truncated_texts: set = field(default_factory=set)


class Experiment:
    """Its system says what it has got."""

    def __init__(self):
        parts = {"train": TRAIN, "dev": TRAIN, "test": TEST}
        utterances = [
            utterance(split, number, *pair)
            for split, pairs in parts.items()
            for number, pair in enumerate(pairs)
        ]
        self.corpus = Corpus(
            name="asked", utterances=utterances, hash="", synthetic=True, licence=""
        )
        self.system = SimpleNamespace(
            test_examples=lambda strategy, given, target: examples(given, strategy.task)
        )
        self.decoding_speed = {"instructed": 7.0}

    def task_directions(self, task):
        return [("eng", "eng")]

    def decode(self, system, test, silence=False):
        self.decoding_speed["instructed"] = 1.0
        system.truncated_texts.add("cut")
        heard = "silence" if silence else None
        return [
            as_hypothesis(e.id, f"{e.question} {heard or e.audio or e.source_text}") for e in test
        ]


@pytest.fixture
def experiment():
    return Experiment()


def made(experiment, task):
    part = SimpleNamespace(task=task)
    system = System(SimpleNamespace(by_task=[part]))
    found = list(baselines(experiment, system, []))
    return {name: [h.text for h in hypotheses] for name, (_, hypotheses) in found}, system


def test_baselines_of_spoken_questions(experiment):
    found, _ = made(experiment, SQA)
    assert set(found) == {"shuffled_audio", "constant", "question_only", "silence"}
    assert found["constant"] == ["no answer"] * 4
    assert found["question_only"] == ["Ann", "no answer", "no answer", "Ann"]
    assert found["silence"][0] == "Who? silence"


@pytest.mark.parametrize("task, heard", [(SQA, "test-{}.wav"), (QA, "passage {}")])
def test_shuffled_audio_keeps_the_question(experiment, task, heard):
    found, _ = made(experiment, task)
    questions = [question for question, _ in TEST]
    assert [text.split()[0] for text in found["shuffled_audio"]] == questions
    own = [f"{question} {heard.format(n)}" for n, question in enumerate(questions)]
    assert not set(own) & set(found["shuffled_audio"])
    inputs = [text.split(" ", 1)[1] for text in found["shuffled_audio"]]
    assert sorted(inputs) == [heard.format(n) for n in range(4)]


def test_questions_about_text_have_no_silence(experiment):
    assert set(made(experiment, QA)[0]) == {"shuffled_audio", "constant", "question_only"}


def test_shuffled_inputs_leave_no_trace_in_the_system(experiment):
    _, system = made(experiment, QA)
    assert system.truncated_texts == set()
    assert experiment.decoding_speed == {"instructed": 7.0}


def test_shuffled_inputs_have_ids_of_their_own(experiment):
    """Else the outputs kept for the test set itself might be found."""
    given = []
    decode = experiment.decode
    experiment.decode = lambda system, test, **more: given.append(test) or decode(system, test)
    made(experiment, QA)
    ids = {e.id for e in examples(experiment.corpus.split("test"), QA)}
    assert ids.isdisjoint(e.id for e in given[0])


def test_each_task_of_a_strategy_has_baselines_of_its_own(experiment):
    parts = [SimpleNamespace(task=task) for task in (ASR, SQA)]
    texts = ["a b", "c d", "e f", "g h"]
    rows = make_rows("instruct", 1, 0.0, "ASR", ("eng", "eng"), texts=texts)
    others = make_rows("instruct", 1, 1.0, "SQA", ("eng", "eng"), texts=texts)
    found = list(baselines(experiment, System(SimpleNamespace(by_task=parts)), rows + others))
    names = {task: [n for n, (test, _) in found if test[0].task == task] for task in (ASR, SQA)}
    assert names[ASR] == ["constant", "shuffled_audio", "nearest_duration", "silence"]
    assert names[SQA] == ["shuffled_audio", "constant", "question_only", "silence"]
    shuffled = next(h for n, (_, h) in found if n == "shuffled_audio")
    assert sorted(hypothesis.text for hypothesis in shuffled) == texts
