from copy import copy
from dataclasses import replace
from pathlib import Path

import pytest

from lib.corpora.audio import read_audio
from lib.data.sound_conditions import ACCENT, ANOTHER_SPEAKER, COUNTERFACTUAL, all_conditions
from lib.scoring.baselines import shuffled
from lib.scoring.dependence import CLEAN, condition_scores
from lib.systems.sound_dependence import RECORDINGS, chosen, decode_conditions

pytestmark = pytest.mark.slow  # it trains


@pytest.fixture(scope="module")
def system(trained):
    return trained("direct")


@pytest.fixture(scope="module")
def clips(experiment, system):
    return chosen(experiment.test_examples(system), "smoke")


@pytest.fixture(scope="module")
def found(experiment, system, clips):
    return decode_conditions(experiment, system, clips, all_conditions("smoke"))


def of(found, condition):
    return [row for row in found.rows if row.subset == condition]


def test_every_condition_has_a_row_for_each_clip(found, clips):
    names = [CLEAN, *(c.name for c in all_conditions("smoke"))]
    expected = [(name, e.id, e.speaker, e.target_text) for name in names for e in clips]
    assert [(r.subset, r.id, r.speaker, r.reference) for r in found.rows] == expected
    assert found.left_out == {}


def test_the_clean_condition_is_the_test_set(found, clips, outputs):
    usual = {row.id: row.hypothesis for row in outputs("direct")}
    assert [row.hypothesis for row in of(found, CLEAN)] == [usual[e.id] for e in clips]


def test_the_output_for_another_clip_is_that_clips_output(found, clips):
    texts = [row.hypothesis for row in of(found, CLEAN)]
    expected = shuffled(texts, [e.target_text for e in clips])
    assert [row.hypothesis for row in of(found, "another clip")] == expected


def test_rows_name_the_sound_that_was_heard(found):
    assert not any(read_audio(row.audio).any() for row in of(found, "silence"))
    heard = {row.audio for row in found.rows}
    assert len(heard) == len(found.rows)


def test_conditions_can_be_scored(found):
    scores = condition_scores(found.rows)
    assert [s.condition for s in scores] == list(dict.fromkeys(r.subset for r in found.rows))
    assert scores[0].dependence.value == 0


def test_progress_is_told_and_the_test_sets_speed_is_kept(experiment, system, clips):
    told, own = [], copy(experiment)
    own.progress = lambda *call: told.append(call)
    own.decoding_speed = {"direct": 7.0}
    decode_conditions(own, system, clips, COUNTERFACTUAL[:2])
    assert told == [("conditions of sound", done, 3) for done in (1, 2, 3)]
    assert own.decoding_speed == {"direct": 7.0}


def test_recordings_have_no_other_speaker_and_say_so(experiment, system, clips):
    own = copy(experiment)
    own.corpus = replace(experiment.corpus, synthetic=False)
    found = decode_conditions(own, system, clips, [ANOTHER_SPEAKER, ACCENT])
    assert found.left_out == {"another speaker": RECORDINGS, "accent": RECORDINGS}
    assert {row.subset for row in found.rows} == {CLEAN}


def test_unreadable_clips_are_left_out_of_every_condition_and_named(experiment, system, clips):
    lost = replace(clips[0], audio=Path("nowhere.wav"))
    found = decode_conditions(experiment, system, [lost, *clips[1:]], COUNTERFACTUAL[:1])
    assert {row.id for row in found.rows} == {e.id for e in clips[1:]}
    assert "no such file" in found.left_out[lost.id]


def test_a_system_that_reads_is_refused(experiment, trained):
    system = trained("mt")
    with pytest.raises(ValueError, match="0 readable clips"):
        decode_conditions(experiment, system, experiment.test_examples(system), COUNTERFACTUAL)


def test_more_clips_contain_the_fewer(experiment, system):
    test = experiment.test_examples(system)
    few, many = chosen(test, "smoke"), chosen(test, "full")
    assert few == many[: len(few)]
    assert sorted(e.id for e in many) == sorted(e.id for e in test)
