"""Checks of single utterances."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from lib.corpora.audio import BadAudio
from lib.corpora.audio_stats import Header
from lib.corpora.curation.per_utterance import (
    check_access,
    check_audio,
    check_duration,
    check_header,
    check_texts,
    make_finding,
)
from lib.corpora.curation.rules import OPEN_LICENCES, RUNGS, Rules
from tests.corpora.curation.corpora import STATS, utterance

ROOT = Path("/corpus")
CLIP = utterance(ROOT, "a", "one two three")
RULES = Rules()
HEADER = Header(seconds=2.0, declared_seconds=2.0, sampling_rate=16000, channels=1)


def found(findings):
    return [(finding.step, finding.outcome) for finding in findings]


def test_finding_about_quality_keeps_a_test_utterance():
    finding = make_finding(replace(CLIP, split="test"), "sound", "silent", "record it again")
    assert finding.outcome == "noted"
    assert finding.remedy == "kept, since it is in test"


def test_licence_that_the_run_does_not_allow():
    finding = check_access(CLIP, ROOT, Rules(licences=("CC0-1.0",)))
    assert finding.step == "licence"
    assert finding.problem == "its licence is 'not stated'"


def test_licence_that_another_rung_would_admit():
    clip = replace(CLIP, licence="CC-BY-SA-4.0")
    finding = check_access(clip, ROOT, Rules(licences=OPEN_LICENCES))
    assert finding.problem == "its licence is 'CC-BY-SA-4.0'"
    assert finding.remedy.endswith("; 'open-sharealike' would admit it")
    assert check_access(clip, ROOT, Rules(licences=RUNGS["open-sharealike"])) is None


def test_link_inside_the_folder_is_allowed(tmp_path):
    (tmp_path / "a.wav").symlink_to("/elsewhere/a.wav")
    assert check_access(utterance(tmp_path, "a"), tmp_path, RULES) is None


def test_path_that_leaves_the_folder():
    assert check_access(replace(CLIP, audio=ROOT / "../a.wav"), ROOT, RULES).step == "file"


def test_good_header():
    assert list(check_header(CLIP, HEADER, RULES)) == []


def test_header_that_cannot_be_read():
    assert found(check_header(CLIP, BadAudio("a.wav: no"), RULES)) == [("file", "dropped")]


def test_truncated_file():
    (finding,) = check_header(CLIP, replace(HEADER, declared_seconds=4.0), RULES)
    assert "its header declares 4.00 s, it has 2.00 s" in finding.problem


def test_several_channels_and_a_low_rate_are_repaired():
    header = replace(HEADER, channels=2, sampling_rate=8000)
    assert found(check_header(CLIP, header, RULES)) == [("file", "repaired")] * 2


@pytest.mark.parametrize(
    "listed, hint",
    [
        (2000.0, "(milliseconds?)"),
        (33.3, "(milliseconds divided by 60?)"),
        (1 / 30, "(minutes?)"),
        (32000.0, "(samples?)"),
        (3.0, "is 3, but"),
    ],
)
def test_wrong_length_names_the_probable_unit(listed, hint):
    rules = Rules(tolerance_seconds=0.1)
    (finding,) = check_header(replace(CLIP, seconds=listed), HEADER, rules)
    assert finding.step == "length"
    assert hint in finding.problem


def test_unlisted_length_is_no_defect():
    assert list(check_header(replace(CLIP, seconds=math.nan), HEADER, RULES)) == []


def test_part_that_ends_after_its_file():
    (finding,) = check_header(replace(CLIP, start=1.0), HEADER, RULES)
    assert finding.problem == "ends at 3.00 s, but a.wav lasts 2.00 s"


@pytest.mark.parametrize(
    "seconds, split, step, outcome",
    [
        (math.nan, "train", "length", "dropped"),
        (0.05, "test", "duration", "dropped"),
        (0.0, "train", "duration", "dropped"),
        (31.0, "train", "duration", "dropped"),
        (31.0, "test", "duration", "noted"),
    ],
)
def test_limits_of_length(seconds, split, step, outcome):
    finding = check_duration(replace(CLIP, seconds=seconds, split=split), RULES)
    assert (finding.step, finding.outcome) == (step, outcome)


def test_length_within_the_limits():
    assert check_duration(CLIP, RULES) is None


@pytest.mark.parametrize(
    "texts, rules, problem",
    [
        ({"eng": "one"}, Rules(required_language="fra"), "it has no text in fra"),
        ({}, RULES, "it has no text"),
        ({"eng": "one two", "fra": " . "}, RULES, "fra translation is empty"),
        ({"eng": "one"}, Rules(min_characters=4), "eng transcript has 3 characters, fewer than 4"),
    ],
)
def test_missing_text_is_dropped(texts, rules, problem):
    (finding,) = check_texts(replace(CLIP, texts=texts), rules)
    assert (finding.problem, finding.outcome) == (problem, "dropped")


def test_question_without_a_text_is_kept():
    assert list(check_texts(replace(CLIP, texts={}, question="who?"), RULES)) == []


def test_invisible_characters_are_repaired():
    texts = {"eng": "\u200fone two three"}
    assert found(check_texts(replace(CLIP, texts=texts), RULES)) == [("text", "repaired")]


def test_unclosed_quote_is_noted():
    texts = {"eng": 'he said "no'}
    assert found(check_texts(replace(CLIP, texts=texts), RULES)) == [("text", "noted")]


SWAPPED = {
    "eng": "Le train pour Lyon part ce matin à huit heures",
    "fra": "The weather was so bad that they stayed at home all day",
}


def test_swapped_texts():
    (finding,) = check_texts(replace(CLIP, texts=SWAPPED), RULES)
    assert finding.problem == "eng and fra texts are swapped"


def test_text_in_another_language():
    (finding,) = check_texts(replace(CLIP, texts={"eng": SWAPPED["eng"]}), RULES)
    assert finding.problem == "eng text seems to be fra"


def test_language_is_not_checked_if_the_rules_say_so():
    rules = Rules(check_language=False)
    assert list(check_texts(replace(CLIP, texts=SWAPPED), rules)) == []


@pytest.mark.parametrize(
    "stats, problem",
    [
        (replace(STATS, seconds=1.0), "a.wav is truncated: 1.00 of 2.00 s can be decoded"),
        (replace(STATS, level_db=-70.0), "silent: -70 dB of full scale, mono"),
        (replace(STATS, clipped_share=0.02), "clipped: 2.0 % of the samples at full scale"),
        (
            replace(STATS, flat_share=0.02),
            "clipped: 2.0 % of the samples on plateaus, turned down since",
        ),
        (BadAudio("a.wav: no"), "a.wav: no"),
    ],
)
def test_bad_audio_is_dropped(stats, problem):
    (finding,) = check_audio(CLIP, stats, RULES)
    assert (finding.problem, finding.outcome) == (problem, "dropped")


def test_good_audio():
    assert list(check_audio(CLIP, STATS, RULES)) == []


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"pitch_hz": math.nan, "modulation_db": 0.5}, "steady noise, without a voice"),
        ({"still_share": 0.5}, "50 % of it is digital silence"),
        ({"dc_offset": -0.1}, "its mean is -0.10 of full scale (DC offset)"),
        ({"drop_at_4_khz_db": 80.0}, "no audio above 4 kHz (80 dB less)"),
        ({"silent_channels": "2"}, "channel 2 is silent"),
    ],
)
def test_doubtful_sound_is_noted(changes, problem):
    (finding,) = check_audio(CLIP, replace(STATS, **changes), RULES)
    assert finding.problem.startswith(problem)
    assert finding.outcome == "noted"


def test_whispered_speech_is_no_noise():
    assert list(check_audio(CLIP, replace(STATS, pitch_hz=math.nan), RULES)) == []


def test_part_that_starts_before_its_file():
    finding = check_duration(replace(CLIP, start=-0.5), RULES)
    assert finding.problem == "starts at -0.50 s, before a.wav does"


@pytest.mark.parametrize("split, outcome", [("train", "dropped"), ("test", "noted")])
def test_whole_file_as_one_text(split, outcome):
    texts = {"eng": "one two three", "fra": "un deux " * 100}
    clip = replace(CLIP, split=split, texts=texts)
    (finding,) = check_texts(clip, RULES)
    assert finding.problem == "a text of 800 characters for 2.00 s of speech"
    assert (finding.step, finding.outcome) == ("speaking rate", outcome)
