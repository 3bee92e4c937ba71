import jiwer
import numpy as np
import pytest
import sacrebleu

from lib.scoring.metrics import PROFILES, bootstrap_weights, score, statistics

HYPOTHESES = [
    "the cat sat on the mat",
    "A dog, a bone!",
    "hello there world of mine",
    "",
    "one two three four five",
] * 8
REFERENCES = [
    "the cat sat on a mat",
    "a dog and a bone",
    "hello there, world of mine",
    "nothing was said",
    "one two three four five",
] * 8
SPEAKERS = [f"s{index % 12}" for index in range(40)]


def plain_score(metric, count=40):
    return score(
        metric, HYPOTHESES[:count], REFERENCES[:count], "eng", SPEAKERS[:count], "plain"
    )


@pytest.mark.parametrize(
    "metric, expected",
    [
        ("BLEU", sacrebleu.corpus_bleu(HYPOTHESES, [REFERENCES]).score),
        ("chrF++", sacrebleu.corpus_chrf(HYPOTHESES, [REFERENCES], word_order=2).score),
        ("WER", 100 * jiwer.wer(REFERENCES, HYPOTHESES)),
        ("CER", 100 * jiwer.cer(REFERENCES, HYPOTHESES)),
    ],
)
def test_scores_equal_those_of_the_libraries(metric, expected):
    assert plain_score(metric).value == pytest.approx(expected)


def test_gmu_profile_removes_case_and_punctuation():
    assert PROFILES["gmu"].prepare("L’Héron, «brûlé»: OUI!") == "lhéron brûlé oui"


def test_gmu_profile_scores_normalised_texts():
    prepare = PROFILES["gmu"].prepare
    hypotheses, references = map(prepare, HYPOTHESES), map(prepare, REFERENCES)
    expected = sacrebleu.corpus_bleu(list(hypotheses), [list(references)]).score
    found = score("BLEU", HYPOTHESES, REFERENCES, "eng", SPEAKERS, "gmu")
    assert found.value == pytest.approx(expected)


def test_plain_profile_uses_character_tokens_for_chinese():
    assert "tok:char" in statistics("BLEU", ["今天天气"], ["今天天气好"], "zho", "plain").signature


def test_signature_names_version_profile_and_bootstrap():
    version = sacrebleu.__version__
    assert plain_score("BLEU").signature == (
        f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}"
        "|profile:plain|ci:95,boot1000,speaker(12)"
    )


@pytest.mark.parametrize("end", ["low", "high"])
def test_interval_contains_the_value(end):
    found = plain_score("BLEU")
    assert (getattr(found, end) - found.value) * (1 if end == "high" else -1) > 0


def test_interval_shrinks_with_more_utterances():
    few, many = plain_score("BLEU", 10), plain_score("BLEU", 40)
    assert many.high - many.low < few.high - few.low


def test_corpus_score_is_the_score_of_all_utterances():
    stats = statistics("BLEU", HYPOTHESES, REFERENCES, "eng", "plain")
    assert stats.corpus_score == plain_score("BLEU").value


def test_utterance_scores_are_in_order():
    stats = statistics("WER", ["a b", "a c"], ["a b", "a b"], "eng", "plain")
    assert stats.utterance_scores == [0.0, 50.0]


def test_speakers_are_resampled_together():
    weights, _ = bootstrap_weights(SPEAKERS)
    assert (weights[:, 0] == weights[:, 12]).all()


@pytest.mark.parametrize(
    "speakers, unit",
    [
        (SPEAKERS, "speaker(12)"),
        (["a", "b"] * 20, "utterance"),  # too few
        ([""] * 20, "utterance"),  # unknown
        ([*SPEAKERS, ""], "utterance"),
    ],
)
def test_unit_of_resampling(speakers, unit):
    assert bootstrap_weights(speakers)[1] == unit


def test_resamples_are_deterministic():
    assert np.array_equal(bootstrap_weights(SPEAKERS)[0], bootstrap_weights(SPEAKERS)[0])


def test_each_resample_has_as_many_utterances():
    weights, _ = bootstrap_weights([""] * 20)
    assert set(weights.sum(1)) == {20}


@pytest.mark.parametrize(
    "arguments, message",
    [
        (("BLEU", ["a"], ["a", "b"], "eng", "plain"), "1 hypotheses for 2"),
        (("BLEU", [], [], "eng", "plain"), "0 references"),
        (("METEOR", ["a"], ["a"], "eng", "plain"), "unknown metric"),
        (("BLEU", ["a"], ["a"], "eng", "x"), "unknown scoring profile"),
    ],
)
def test_bad_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        statistics(*arguments)


@pytest.mark.parametrize("metric, expected", [("WER", 200.0), ("CER", 300.0)])
def test_empty_reference_counts_every_unit_as_an_error(metric, expected):
    found = statistics(metric, ["a b", "c"], ["", "c"], "eng", "plain")
    assert found.corpus_score == pytest.approx(expected)
