import jiwer
import pytest
import sacrebleu

from lib.scoring.metrics import PROFILES, lower_is_better, statistics
from lib.tasks import TASKS

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


# ---- answers ----

ANSWERS = ["The Peru", "no answer", "Which day?", "", "in March"]
RIGHT = ["Chile\nperu", "no answer", "Monday", "Monday", "March\n5 March"]


@pytest.mark.parametrize(
    "metric, values",
    [
        ("F1", [1, 1, 0, 0, 2 / 3]),  # the best of all right answers
        ("EM", [1, 1, 0, 0, 0]),
        ("question rate", [0, 0, 1, 0, 0]),
        ("empty rate", [0, 0, 0, 1, 0]),
    ],
)
def test_answers(metric, values):
    found = statistics(metric, ANSWERS, RIGHT, "eng", "plain")
    assert found.utterance_scores == pytest.approx([100 * value for value in values])
    assert found.corpus_score == pytest.approx(20 * sum(values))
    assert found.signature == "answers:1|lang:eng|profile:plain"


def test_rates_are_of_any_task():
    assert statistics("empty rate", [" ", "a"], ["b", "c"], "est", "plain").corpus_score == 50


@pytest.mark.parametrize("name, lower", [("WER[gmu]", True), ("CER", True), ("BLEU[gmu]", False)])
def test_the_sense_of_a_metric(name, lower):
    assert lower_is_better(name) is lower


def test_the_sense_of_every_metric_of_a_task():
    lower = {metric for task in TASKS.values() for metric, _ in task.metrics}
    assert {metric for metric in lower if lower_is_better(metric)} == {"WER", "CER"}
