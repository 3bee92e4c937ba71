import jiwer
import pytest
import sacrebleu

from lib.scoring.metrics import PROFILES, statistics

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


def plain(metric):
    return statistics(metric, HYPOTHESES, REFERENCES, "eng", "plain")


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
    assert plain(metric).corpus_score == pytest.approx(expected)


def test_gmu_profile_removes_case_and_punctuation():
    assert PROFILES["gmu"].prepare("L’Héron, «brûlé»: OUI!") == "lhéron brûlé oui"


def test_gmu_profile_scores_normalised_texts():
    prepare = PROFILES["gmu"].prepare
    hypotheses, references = map(prepare, HYPOTHESES), map(prepare, REFERENCES)
    expected = sacrebleu.corpus_bleu(list(hypotheses), [list(references)]).score
    found = statistics("BLEU", HYPOTHESES, REFERENCES, "eng", "gmu")
    assert found.corpus_score == pytest.approx(expected)


def test_plain_profile_uses_character_tokens_for_chinese():
    assert "tok:char" in statistics("BLEU", ["今天天气"], ["今天天气好"], "zho", "plain").signature


def test_signature_names_version_and_profile():
    version = sacrebleu.__version__
    assert plain("BLEU").signature == (
        f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{version}|profile:plain"
    )


def test_utterance_scores_are_in_order():
    stats = statistics("WER", ["a b", "a c"], ["a b", "a b"], "eng", "plain")
    assert stats.utterance_scores == [0.0, 50.0]


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
