import random
import time

import pytest

from lib.scoring.repetition import (
    COMPRESSION_RATIO,
    compression_ratio,
    is_looping,
    length_ratio,
    longest_run,
    repeated_share,
)


@pytest.mark.parametrize(
    "text, code, run, share",
    [
        ("", "eng", 0, 0.0),
        ("?!", "eng", 0, 0.0),
        ("Peru and Chile", "eng", 1, 0.0),
        ("It is very, very good", "eng", 2, 0.4),
        ("4 Februar Februar Februar Febru", "deu", 3, 0.6),
        ("in May and in May and in", "eng", 2, 1.0),
        ("每秒2米、每秒2米和5月", "zho", 2, 8 / 11),
        ("1000000 和 11", "zho", 1, 0.0),
        ("하하하 좋다", "kor", 3, 0.6),
        ("สวัสดีสวัสดีสวัสดี", "tha", 3, 1.0),
    ],
)
def test_runs_and_shares(text, code, run, share):
    assert longest_run(text, code) == run
    assert repeated_share(text, code) == pytest.approx(share)


@pytest.mark.parametrize(
    "text, right, code, looping",
    [
        ("no no no", "no", "eng", True),
        ("No, no, no!", "no no no", "eng", False),
        ("no no no no", "no no no", "eng", True),
        ("mercoledìììììììììììì", "mercoledì", "ita", True),
        ("in 44 tunnininininininininin", "in 4 Wochen", "deu", True),
        ("100000000 and 111", "100000000", "eng", False),
        ("Mississippi banana", "", "eng", False),
        ("the cat sat on the mat and the dog sat on the mat", "", "eng", False),
        ("every day in May every day in May so", "every day in May", "eng", True),
        ("ha" * 200, "ha", "eng", True),
        ("", "Peru", "eng", False),
    ],
)
def test_a_loop_is_what_the_right_output_does_not_repeat(text, right, code, looping):
    assert is_looping(text, [right], code) == looping


def test_whispers_threshold_separates_a_loop_from_a_sentence():
    # the ratio is that of openai/whisper's utils.compression_ratio
    assert compression_ratio("And he said so. " * 10) > COMPRESSION_RATIO
    assert compression_ratio("It rained in the valley, and nobody went out.") < 1.2
    assert compression_ratio("") == 1


def test_lengths_are_in_words_or_characters():
    assert length_ratio("in May", "in the month of May", "eng") == 0.4
    assert length_ratio("五月", "五月三日", "zho") == 0.5
    assert length_ratio("in May", "", "eng") == 2


def lines_of_100_kilobytes():
    rng = random.Random(0)
    yield "one letter", "a" * 100_000, "eng"
    yield "two letters", "".join(rng.choices("ab", k=100_000)), "eng"
    yield "a short loop", "a " * 50_000, "eng"
    yield "words", " ".join(str(rng.randrange(10**6)) + "x" for _ in range(14_000)), "eng"
    yield "two characters", "".join(rng.choices("あい", k=33_000)), "jpn"
    yield "a long loop", "".join(chr(0x4E00 + i % 90) for i in range(33_000)), "zho"
    yield "control characters", "\x00\u202e\ufeff\u200f\t" * 10_000, "ara"


@pytest.mark.parametrize("name, line, code", lines_of_100_kilobytes())
@pytest.mark.parametrize("measure", [longest_run, repeated_share])
def test_long_lines_take_less_than_a_second(name, line, code, measure):
    start = time.process_time()
    measure(line, code)
    assert time.process_time() - start < 1, name
    start = time.process_time()
    is_looping(line, ["a right output"], code)
    assert time.process_time() - start < 1, name


def test_invisible_characters_change_nothing():
    plain, marked = "no no no", "\u202eno\u202c \x00no\u200f no\ufeff"
    assert longest_run(marked, "eng") == longest_run(plain, "eng") == 3


def test_a_long_text_in_devanagari_is_no_loop():
    """Its bytes compress well, since its letters have three each."""
    text = (
        "सर्व मानवी व्यक्ती जन्मतःच स्वतंत्र आहेत व त्यांना समान प्रतिष्ठा व समान अधिकार आहेत. त्यांना "
        "विचारशक्ती व सदसद्विवेकबुद्धी लाभलेली आहे व त्यांनी एकमेकांशी बंधुत्वाच्या भावनेने आचरण करावे. "
        "प्रत्येकास जीविताचा, स्वातंत्र्याचा व सुरक्षिततेचा अधिकार आहे. कोणालाही गुलामगिरीत ठेवता कामा नये."
    )
    assert compression_ratio(text) > COMPRESSION_RATIO
    assert not is_looping(text, [], "mar")
    assert is_looping(text[:60] * 8, [], "mar")
