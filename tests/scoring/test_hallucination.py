from dataclasses import replace
from string import ascii_lowercase

import pytest

from lib.scoring.hallucination import RATES, rate
from tests.scoring.cases import make_rows

REFERENCE = "we meet at two on Friday"
# each output, and the rates that count it
COUNTED = {
    REFERENCE: set(),
    "": {"empty"},
    "we meet": {"too short"},
    "we meet at": set(),
    REFERENCE + " and then go": set(),
    REFERENCE + " and then we both go home": {"too long"},
    "we meet on Friday on Friday on Friday": {"loops"},
    "on Friday " * 20: {"loops", "compresses too well", "too long"},
}


def outputs(*hypotheses, reference=REFERENCE, **changes):
    (row,) = make_rows("one", 1, 0.0, texts=[reference])
    return [
        replace(row, id=f"{n}", speaker=f"{n}", hypothesis=text, **changes)
        for n, text in enumerate(hypotheses)
    ]


@pytest.mark.parametrize(("hypothesis", "counted"), COUNTED.items(), ids=range(len(COUNTED)))
def test_what_an_output_is_counted_as(hypothesis, counted):
    (row,) = outputs(hypothesis)
    assert {name for name, is_one in RATES.items() if is_one(row)} == counted


@pytest.mark.parametrize("name", RATES)
def test_rates_are_percentages_of_the_outputs(name):
    found = rate(outputs(*COUNTED), name)
    assert found.value == 100 * sum(name in names for names in COUNTED.values()) / len(COUNTED)
    assert 0 <= found.low < found.value < found.high <= 100


def test_what_the_reference_repeats_is_no_loop():
    text = "on Friday on Friday on Friday"
    assert rate(outputs(text, reference=text), "loops").value == 0.0


def test_the_right_answer_that_is_nearest_in_length_counts():
    answers = f"two\n{REFERENCE}"
    asked = outputs("two", "at two", "the meeting is at two", reference=answers, task="SQA")
    assert rate(asked, "too short").value == rate(asked[::2], "too long").value == 0.0
    assert rate(outputs("two", reference=REFERENCE), "too short").value == 100.0


def test_length_is_in_characters_where_there_are_no_spaces():
    (row,) = outputs("在星期", reference="在星期一下午六点", target="zho")
    assert RATES["too short"](row)


@pytest.mark.parametrize(
    ("words", "counted"), [(4, {"too short"}), (5, set()), (15, set()), (16, {"too long"})]
)
def test_half_of_the_words_and_half_more_are_neither(words, counted):
    (row,) = outputs(" ".join(ascii_lowercase[:words]), reference=" ".join(ascii_lowercase[:10]))
    assert {name for name in ("too short", "too long") if RATES[name](row)} == counted


def test_an_empty_reference_counts_as_one_word():
    assert rate(outputs("one", "one two", reference=""), "too long").value == 50.0


@pytest.mark.parametrize(("count", "name"), [(0, "loops"), (1, "dreams")])
def test_no_output_and_an_unknown_rate_are_refused(count, name):
    with pytest.raises(ValueError, match=f"rate '{name}' of {count} outputs; .* loops, compresses"):
        rate(outputs(*["a"] * count), name)
