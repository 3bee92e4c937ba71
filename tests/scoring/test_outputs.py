import json
import subprocess
import sys
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from lib.models.protocol import Hypothesis
from lib.scoring.outputs import OutputKey, OutputRow, metric_name, output_rows, score_table
from lib.tasks import SQA, ST, Example
from tests.scoring.cases import make_rows

EXAMPLE = Example(
    id="clip",
    task=ST,
    source="est",
    target="eng",
    target_text="a reference",
    audio=Path("clip.wav"),
    seconds=1.23456,
    speaker="speaker",
)
HYPOTHESIS = Hypothesis(id="clip", text="a hypothesis", tokens=4, score=-0.5, ending="end")


NAMES = {"system": "gmu", "strategy": "direct", "stage": "st", "subset": "test", "seed": 2}


@pytest.fixture
def row():
    (found,) = output_rows([EXAMPLE], [HYPOTHESIS], **NAMES)
    return found


def test_row_has_the_fields_of_hypotheses_jsonl(row):
    assert asdict(row) == {
        "system": "gmu",
        "strategy": "direct",
        "stage": "st",
        "task": "ST",
        "source": "est",
        "target": "eng",
        "subset": "test",
        "seed": 2,
        "id": "clip",
        "speaker": "speaker",
        "seconds": 1.235,
        "audio": "clip.wav",
        "reference": "a reference",
        "hypothesis": "a hypothesis",
        "tokens": 4,
        "log_probability": -0.5,
        "ending": "end",
        "transcript": "",
    }


def test_key_is_the_part_without_the_utterance(row):
    assert row.key == OutputKey(
        system="gmu",
        strategy="direct",
        stage="st",
        task="ST",
        source="est",
        target="eng",
        subset="test",
        seed=2,
    )


def asked(*answers, target_text):
    example = replace(EXAMPLE, task=SQA, target="est", target_text=target_text, answers=answers)
    (found,) = output_rows([example], [HYPOTHESIS], **NAMES)
    return found


def test_a_question_has_all_right_answers_one_a_line():
    row = asked("Peru", "in\nPeru", target_text="Peru")
    assert row.reference == "Peru\nin Peru"
    assert row.right_outputs == ["Peru", "in Peru"]


def test_a_question_without_an_answer_has_the_phrase_for_it():
    assert asked(target_text="no answer").right_outputs == ["no answer"]


def test_lines_of_other_references_are_no_answers(row):
    assert replace(row, reference="a\nb").right_outputs == ["a\nb"]


def test_table_of_answers():
    rows = make_rows("instructed", 1, 0.3, "SQA", ("eng", "eng"))
    table = score_table(rows)
    assert [line["metric"] for line in table] == ["F1", "EM"]
    assert 60 < table[0]["low"] < table[0]["value"] < table[0]["high"] < 80
    assert table[1]["value"] < 30


def test_unequal_numbers_of_examples_and_hypotheses_are_refused():
    names = {"system": "", "strategy": "", "stage": "", "subset": "", "seed": 1}
    with pytest.raises(ValueError, match="shorter"):
        output_rows([EXAMPLE], [], **names)


@pytest.mark.parametrize("profile, expected", [("plain", "BLEU"), ("gmu", "BLEU[gmu]")])
def test_metric_names(profile, expected):
    assert metric_name("BLEU", profile) == expected


def test_scores_are_reproduced_from_json():
    rows = make_rows("direct", 1, 0.3)
    again = [OutputRow(**json.loads(json.dumps(asdict(row)))) for row in rows]
    assert score_table(again) == score_table(rows)


def test_table_has_the_metrics_of_the_task():
    rows = make_rows("direct", 1, 0.3) + make_rows("asr", 1, 0.3, "ASR")
    assert [(line["task"], line["metric"]) for line in score_table(rows)] == [
        ("ST", "BLEU"),
        ("ST", "chrF++"),
        ("ST", "BLEU[gmu]"),
        ("ST", "chrF++[gmu]"),
        ("ASR", "WER[gmu]"),
        ("ASR", "CER[gmu]"),
    ]


def test_table_has_a_group_for_each_key():
    rows = make_rows("direct", 1, 0.3) + make_rows("direct", 2, 0.3)
    assert [line["seed"] for line in score_table(rows)] == [1] * 4 + [2] * 4


def test_table_has_the_columns_of_scores_csv():
    columns = "system strategy stage task source target subset seed "
    columns += "metric value low high n signature"
    assert list(score_table(make_rows("direct", 1, 0.3))[0]) == columns.split()


def test_signature_names_the_units_of_the_interval():
    signature = score_table(make_rows("direct", 1, 0.3))[0]["signature"]
    assert signature.endswith("|profile:plain|ci:95,jackknife-t,speaker(12)")


def test_scoring_does_not_load_torch():
    code = "import sys, lib.scoring.claims; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
