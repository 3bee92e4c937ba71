import json
from dataclasses import asdict

import jiwer
import numpy as np
import pytest
import sacrebleu

from lib.scoring.baselines import constant, shuffled
from lib.scoring.claims import Claim, verdict
from lib.scoring.metrics import PROFILES, score, statistics, weights
from lib.scoring.outputs import OutputRow, score_table
from lib.scoring.significance import difference, same_signature

SAID = ["the cat sat on the mat", "A dog, a bone!", "hello there world of mine", "", "one two three four five"] * 8
MEANT = [
    "the cat sat on a mat",
    "a dog and a bone",
    "hello there, world of mine",
    "nothing was said",
    "one two three four five",
] * 8
SPEAKERS = [f"s{i % 12}" for i in range(40)]


def test_equal_to_the_libraries():
    assert score("BLEU", SAID, MEANT, "eng", SPEAKERS, "plain").value == pytest.approx(sacrebleu.corpus_bleu(SAID, [MEANT]).score)
    chrf = sacrebleu.corpus_chrf(SAID, [MEANT], word_order=2).score
    assert score("chrF++", SAID, MEANT, "eng", SPEAKERS, "plain").value == pytest.approx(chrf)
    assert score("WER", SAID, MEANT, "eng", SPEAKERS, "plain").value == pytest.approx(100 * jiwer.wer(MEANT, SAID))
    assert score("CER", SAID, MEANT, "eng", SPEAKERS, "plain").value == pytest.approx(100 * jiwer.cer(MEANT, SAID))


def test_gmus_profile():
    assert PROFILES["gmu"].prepare("L’Héron, «brûlé»: OUI!") == "lhéron brûlé oui"
    lower = sacrebleu.corpus_bleu([PROFILES["gmu"].prepare(t) for t in SAID], [[PROFILES["gmu"].prepare(t) for t in MEANT]]).score
    ours = score("BLEU", SAID, MEANT, "eng", SPEAKERS, "gmu")
    assert ours.value == pytest.approx(lower) and ours.value > score("BLEU", SAID, MEANT, "eng", SPEAKERS, "plain").value


def test_character_tokens_where_words_are_not_set_apart():
    assert "tok:char" in score("BLEU", ["今天天气"], ["今天天气好"], "zho", ["a"], "plain").signature


def test_interval_holds_the_value_and_shrinks_with_more_utterances():
    few, many = (score("BLEU", SAID[:n], MEANT[:n], "eng", [""] * n, "plain") for n in (10, 40))
    assert few.low <= few.value <= few.high and many.high - many.low < few.high - few.low


def test_speakers_are_resampled_where_there_are_enough():
    drawn, unit = weights(SPEAKERS)
    assert unit == "speaker(12)" and (drawn[:, 0] == drawn[:, 12]).all()
    assert weights(["a", "b"] * 20)[1] == "utterance" and weights([""] * 20)[1] == "utterance"
    assert np.array_equal(weights(SPEAKERS)[0], drawn)


def test_difference_with_itself_is_nothing_and_with_worse_is_positive():
    same = difference("BLEU", SAID, SAID, MEANT, "eng", SPEAKERS, "plain")
    assert same.value == same.low == same.high == 0.0
    better = difference("chrF++", SAID, ["xyz"] * 40, MEANT, "eng", SPEAKERS, "plain")
    assert better.low > 0


def test_unlike_signatures_refuse():
    plain, gmu = (statistics("BLEU", SAID, MEANT, "eng", profile).signature for profile in ("plain", "gmu"))
    with pytest.raises(ValueError, match="cannot be compared"):
        same_signature(plain, gmu)


@pytest.mark.parametrize("args, why", [
    (("BLEU", ["a"], ["a", "b"], "eng", "plain"), "1 hypotheses for 2"), (("BLEU", [], [], "eng", "plain"), "0 references"),
    (("METEOR", ["a"], ["a"], "eng", "plain"), "unknown metric"), (("BLEU", ["a"], ["a"], "eng", "x"), "unknown scoring profile"),
])  # fmt: skip
def test_mistakes_are_named(args, why):
    with pytest.raises(ValueError, match=why):
        statistics(*args)


def test_empty_reference_counts_every_word_as_wrong():
    assert score("WER", ["a b", "c"], ["", "c"], "eng", ["", ""], "plain").value == pytest.approx(200.0)


def test_verdicts():
    gain = Claim("x", "p", "s", 3, 5)
    assert [verdict(gain, *n) for n in ((4, 1, 7), (2, 0.5, 3), (4, -1, 9), (float("nan"),) * 3)] == [
        "held",
        "failed",
        "inconclusive",
        "not run",
    ]
    same = Claim("x", "p", "s", -1, 1)
    assert [verdict(same, *n) for n in ((0.2, -0.5, 0.9), (3, 2, 4), (0.5, -0.5, 1.5))] == ["held", "failed", "inconclusive"]
    with pytest.raises(ValueError, match="no range"):
        Claim("x", "p", "s", 2, 1)


def test_constant_baseline_is_the_sentence_that_scores_best():
    assert constant(["far off", "a cat sat", "zzz"], ["the cat sat", "a cat sat on"], "eng") == "a cat sat"


def test_shuffled_baseline_moves_every_hypothesis_to_another_meaning():
    references = [f"r{i % 5}" for i in range(30)]
    moved = shuffled([f"h{i}" for i in range(30)], references)
    assert sorted(moved) == sorted(f"h{i}" for i in range(30))
    assert all(references[int(h[1:])] != references[i] for i, h in enumerate(moved))


def test_scores_come_again_from_the_rows_alone():
    rows = [
        OutputRow(
            "gmu",
            "direct",
            "direct",
            "ST",
            "est",
            "eng",
            "test",
            1,
            str(i),
            SPEAKERS[i],
            1.0,
            "",
            MEANT[i],
            SAID[i],
            5,
            None,
            "end",
        )
        for i in range(40)
    ]
    table = score_table(rows)
    again = [OutputRow(**json.loads(json.dumps(asdict(row)))) for row in rows]
    assert score_table(again) == table
    assert {row["metric"] for row in table} == {"BLEU", "chrF++", "BLEU[gmu]", "chrF++[gmu]"}
    assert all(row["n"] == 40 and row["low"] <= row["value"] <= row["high"] for row in table)
