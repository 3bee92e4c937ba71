import math
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lib.corpora.text import normalize_text
from lib.scoring.buckets import NOT_KNOWN, bucket_scores, default_metric, facts, gaps
from lib.scoring.comparisons import row_statistics, score_runs
from lib.utterance import Utterance
from tests.scoring.cases import make_rows

ROWS = make_rows("direct", 1, 0.3)  # 60 clips by 12 speakers
ASR = make_rows("asr", 1, 0.3, "ASR", ("eng", "eng"))


def table(rows=ROWS, **columns):
    return pd.DataFrame(columns, index=[row.id for row in rows])


def wrong(rows, bad):
    """Rows with no word right where `bad`."""
    return [
        replace(row, hypothesis="x " * 6) if is_bad else row
        for row, is_bad in zip(rows, bad, strict=True)
    ]


def counts(found):
    return [(bucket.name, bucket.n) for bucket in found]


# ---- facts ----


@pytest.fixture(scope="module")
def spoken(corpus):
    """Outputs for the English clips of the phrasebook, and its training texts."""
    clips = [utterance for utterance in corpus.utterances if utterance.language == "eng"]
    like = [replace(ROWS[0], source="eng", target="spa", id=u.id) for u in clips]
    rows = [replace(r, reference=u.texts["spa"]) for r, u in zip(like, clips, strict=True)]
    texts = {"spa": [u.texts["spa"] for u in clips if u.split == "train"]}
    return clips, rows, texts


def test_facts_are_those_of_the_utterance(corpus, spoken):
    clips, rows, texts = spoken
    found = facts(rows, corpus, texts)
    assert list(found["seconds"]) == [clip.seconds for clip in clips]
    assert list(found["gender"]) == [clip.gender for clip in clips]
    assert list(found.index) == [clip.meaning for clip in clips]
    assert set(zip(found["language"], found["family"], found["target"], strict=True)) == {
        ("eng", "Germanic", "spa")
    }


def test_the_speaking_rate_counts_letters_and_digits(corpus, spoken):
    clips, rows, texts = spoken
    letters = sum(char.isalnum() for char in clips[0].texts["eng"])
    rate = facts(rows, corpus, texts)["speaking rate"].iloc[0]
    assert rate == pytest.approx(letters / clips[0].seconds)


def test_the_rarest_word_is_counted_in_the_training_texts_of_its_language(corpus, spoken):
    clips, rows, texts = spoken
    seen = Counter(word for text in texts["spa"] for word in normalize_text(text).split())
    rarest = [min(seen[word] for word in normalize_text(row.reference).split()) for row in rows]
    found = facts(rows, corpus, texts)["rarest word in training"]
    assert list(found) == rarest
    assert {0} < set(rarest)


def test_facts_that_are_known_of_no_row_are_named(corpus, spoken):
    _, rows, _ = spoken
    found = facts(rows, corpus.utterances, {"deu": ["ein Satz"]})
    assert found.attrs["left_out"] == ["source corpus", "rarest word in training"]
    assert not set(found.attrs["left_out"]) & set(found)


def test_a_lost_recording_has_no_signal_to_noise_ratio(corpus, spoken):
    clips, rows, texts = spoken
    clips = [replace(clips[0], audio=Path("/nowhere/a.wav")), *clips[1:]]
    ratios = facts(rows, clips, texts)["estimated SNR"]
    assert math.isnan(ratios.iloc[0])
    assert ratios.iloc[1:].notna().all()


def test_references_without_spaces_are_counted_in_characters():
    clip = Utterance(
        id="a",
        audio=Path("a.wav"),
        seconds=2.0,
        language="eng",
        speaker="x",
        split="test",
        texts={},
    )
    row = replace(ROWS[0], id="a", source="eng", target="zho", reference="你好，你们")
    found = facts([row], [clip], {"zho": ["你好", "们你"]})
    assert found["reference characters"].iloc[0] == 4
    assert found["rarest character in training"].iloc[0] == 1
    assert "reference words" not in found


def test_an_output_of_another_corpus_is_refused(corpus):
    with pytest.raises(ValueError, match="60 of 60 utterances are not in the corpus.*clip-000"):
        facts(ROWS, corpus, {})


# ---- buckets ----


def test_numbers_are_cut_at_quantiles():
    found = bucket_scores(ROWS, table(seconds=np.arange(60) / 10 + 1), "seconds")
    assert counts(found) == [
        ("1.0 to 2.4 s", 15),
        ("2.5 to 3.9 s", 15),
        ("4.0 to 5.4 s", 15),
        ("5.5 to 6.9 s", 15),
    ]


def test_a_bucket_has_the_score_of_its_rows():
    first, *_ = bucket_scores(ROWS, table(seconds=np.arange(60.0)), "seconds")
    assert first.value == pytest.approx(row_statistics(ROWS[:15], "chrF++").corpus_score)
    expected = score_runs({1: ROWS[:15]}, "chrF++").score()
    assert (first.estimate.low, first.estimate.high) == (expected.low, expected.high)


def test_whole_numbers_have_no_decimals_and_equal_ones_one_bucket():
    words = [3] * 30 + [5, 6] * 15
    found = bucket_scores(ROWS, table(**{"reference words": words}), "reference words")
    assert counts(found) == [("3 words", 30), ("5 words", 15), ("6 words", 15)]


def test_names_have_as_many_decimals_as_tell_buckets_apart():
    found = bucket_scores(ROWS, table(seconds=1 + np.arange(60) / 5000), "seconds", buckets=2)
    assert [bucket.name for bucket in found] == ["1.000 to 1.006 s", "1.006 to 1.012 s"]


def test_few_utterances_make_few_buckets():
    assert len(bucket_scores(ROWS[:25], table(ROWS[:25], seconds=range(25)), "seconds")) == 2


def test_rare_categories_are_pooled():
    names = ["a"] * 30 + ["b"] * 20 + ["c"] * 6 + ["d"] * 4  # of under 10 each
    found = bucket_scores(ROWS, table(speaker=names), "speaker")
    assert counts(found) == [("a", 30), ("b", 20), ("others (2)", 10)]


def test_utterances_without_the_fact_are_a_bucket():
    names = ["a"] * 30 + ["b"] * 20 + [""] * 10
    found = bucket_scores(ROWS, table(gender=names), "gender")
    assert counts(found) == [("a", 30), ("b", 20), (NOT_KNOWN, 10)]
    numbers = [*range(50), *[math.nan] * 10]
    found = bucket_scores(ROWS, table(seconds=numbers), "seconds")
    assert sum(bucket.n for bucket in found) == 60
    assert counts(found)[-1] == (NOT_KNOWN, 10)


def test_a_small_bucket_has_a_score_and_no_interval():
    *_, small = bucket_scores(ROWS, table(gender=["a"] * 51 + ["b"] * 9), "gender")
    assert (small.name, small.n, small.estimate) == ("b", 9, None)
    assert small.value == pytest.approx(row_statistics(ROWS[51:], "chrF++").corpus_score)


def test_translations_of_one_sentence_vary_together():
    rows = [replace(row, speaker="", hypothesis=ROWS[i // 5].hypothesis,
                    reference=ROWS[i // 5].reference) for i, row in enumerate(ROWS)]
    alone = table(rows, gender=["a"] * 60)
    together = alone.set_axis([str(i // 5) for i in range(60)])
    widths = [
        bucket.estimate.high - bucket.estimate.low
        for frame in (alone, together)
        for bucket in bucket_scores(rows, frame, "gender")
    ]
    assert widths[1] > 2 * widths[0]


def test_strategies_and_seeds_share_buckets():
    rows = [
        row for name, share in (("direct", 0.3), ("cascade", 0.6)) for seed in (1, 2)
        for row in make_rows(name, seed, share)
    ]
    found = bucket_scores(rows, table(rows, seconds=[*range(60)] * 4), "seconds", buckets=2)
    assert [(b.strategy, b.name, b.n, b.estimate.seeds) for b in found] == [
        ("direct", "0 to 29 s", 30, 2),
        ("cascade", "0 to 29 s", 30, 2),
        ("direct", "30 to 59 s", 30, 2),
        ("cascade", "30 to 59 s", 30, 2),
    ]


# ---- several languages ----


MIXED = [
    replace(row, target="zho", reference="我们今天说", hypothesis="我们明天说") if i % 2 else row
    for i, row in enumerate(ROWS)
]
ONE = table(MIXED, gender=["a"] * 60)


def test_bleu_of_different_tokenizers_is_refused():
    with pytest.raises(ValueError, match="BLEU has other tokens for some of eng, zho; use chrF"):
        bucket_scores(MIXED, ONE, "gender", "BLEU")


def test_chrf_pools_the_statistics_of_all_languages():
    parts = [row_statistics(MIXED[start::2], "chrF++") for start in (0, 1)]
    pooled = parts[0].combine(sum(part.rows.sum(0) for part in parts))
    assert bucket_scores(MIXED, ONE, "gender")[0].value == pytest.approx(pooled)


@pytest.mark.parametrize(
    "rows, metric",
    [
        (MIXED, "chrF++"),
        (ASR, "WER[gmu]"),
        ([*ASR, *make_rows("asr", 1, 0.3, "ASR", ("zho", "zho"))], "CER[gmu]"),
        (make_rows("qa", 1, 0.3, "SQA", ("eng", "eng")), "F1"),
    ],
)
def test_the_default_metric_suits_all_languages(rows, metric):
    assert default_metric(rows) == metric


@pytest.mark.parametrize(
    "rows",
    [
        [*ROWS, *ROWS],
        [*ROWS, *make_rows("mt", 1, 0.1, "MT")],
        [*ROWS, *make_rows("direct", 2, 0.3, system="it_ist")],
    ],
)
def test_rows_that_are_no_test_set_are_refused(rows):
    with pytest.raises(ValueError, match="give one task, one system"):
        bucket_scores(rows, table(rows, gender=["a"] * len(rows)), "gender")


def test_seeds_with_other_test_sets_are_refused():
    rows = [*ROWS, *make_rows("direct", 2, 0.3, texts=["another"] * 60)]
    with pytest.raises(ValueError, match="different test sets"):
        bucket_scores(rows, table(rows, gender=["a"] * 120), "gender")


@pytest.mark.parametrize("rows, column", [(ROWS[1:], "gender"), (ROWS, "age")])
def test_facts_of_other_rows_are_refused(rows, column):
    with pytest.raises(ValueError, match=f"no fact '{column}' for {len(rows)} rows in 60 lines"):
        bucket_scores(rows, table(gender=["a"] * 60), column)


# ---- gaps ----


HALVES = ["good"] * 30 + ["bad"] * 30


@pytest.mark.parametrize("rows", [ROWS, ASR])
def test_the_fact_that_matters_is_first(rows):
    rows = wrong(rows, [half == "bad" for half in HALVES])
    found = gaps(rows, table(rows, seconds=list(range(30)) * 2, gender=HALVES))
    first, second = found.to_dict("records")
    assert (first["fact"], first["worst"], first["best"]) == ("gender", "bad", "good")
    assert first["low"] > 0 and second["low"] < 0 < second["gap"]


def test_a_gap_is_the_difference_of_the_extreme_buckets():
    rows = wrong(ROWS, [half == "bad" for half in HALVES])
    frame = table(rows, gender=HALVES)
    bad, good = (bucket.value for bucket in bucket_scores(rows, frame, "gender"))
    assert gaps(rows, frame)["gap"].iloc[0] == pytest.approx(abs(good - bad))


def test_more_comparisons_widen_the_interval():
    rows = wrong(ROWS, [half == "bad" for half in HALVES])
    few = gaps(rows, table(rows, gender=HALVES))
    many = gaps(rows, table(rows, gender=HALVES, seconds=range(60))).set_index("fact")
    assert many["low"]["gender"] < few["low"].iloc[0]


def test_a_fact_with_one_known_bucket_has_no_gap():
    line = gaps(ROWS, table(gender=["a"] * 40 + [""] * 20)).iloc[0]
    assert (line["fact"], line["worst"]) == ("gender", "")
    assert math.isnan(line["gap"])


def test_facts_without_meaning_have_no_gap_above_chance():
    rng, false = random.Random(3), 0
    for _ in range(60):
        frame = table(
            seconds=[rng.random() for _ in ROWS], language=[rng.choice("abc") for _ in ROWS]
        )
        false += (gaps(ROWS, frame)["low"] > 0).any()
    assert false <= 6
