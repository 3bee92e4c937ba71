"""LLM-SRT's scoring, against the libraries that its own script calls."""

import subprocess
import sys

import jiwer
import pytest
import sacrebleu
from transformers.models.whisper.english_normalizer import BasicTextNormalizer

from lib.scoring.metrics import PROFILES, statistics
from lib.scoring.outputs import metric_name

ENGLISH = (
    ["The cat sat, on the mat!", "It costs $5 (five).", "no", "one two three four five six"],
    ["the cat sat on a mat.", "It costs 5 dollars.", "No, nothing.", "One two three four five six"],
)
CHINESE = (["今天天气好。", "我有 3 只猫", "你好吗"], ["今天的天气很好。", "我有3只猫", "你好吗？"])
THAI = (["วันนี้อากาศดี", "ผมมีแมว 3 ตัว"], ["วันนี้อากาศดีมาก", "ผมมีแมวสามตัว"])


def found(metric, texts, target="eng", profile="llm_srt"):
    return statistics(metric, *texts, target, profile)


@pytest.mark.parametrize(
    "texts, target, tokenizer",
    [(ENGLISH, "eng", "13a"), (CHINESE, "zho", "char"), (THAI, "tha", "char")],
)
def test_bleu_is_sacrebleus_with_the_tokenizer_of_the_language(texts, target, tokenizer):
    expected = sacrebleu.corpus_bleu(texts[0], [texts[1]], tokenize=tokenizer).score
    bleu = found("BLEU", texts, target)
    assert bleu.corpus_score == pytest.approx(expected)
    assert f"tok:{tokenizer}|" in bleu.signature
    other = "char" if tokenizer == "13a" else "13a"
    assert sacrebleu.corpus_bleu(texts[0], [texts[1]], tokenize=other).score != expected


def test_translations_keep_case_and_punctuation():
    texts = (["The cat, he said."], ["the cat he said"])
    assert found("chrF++", texts).corpus_score == pytest.approx(
        sacrebleu.corpus_chrf(texts[0], [texts[1]], word_order=2).score
    )
    assert found("chrF++", texts).corpus_score < 100
    assert found("WER", texts).corpus_score == 0


@pytest.mark.parametrize("texts", [ENGLISH, CHINESE, THAI])
@pytest.mark.parametrize("metric, rate", [("WER", jiwer.wer), ("CER", jiwer.cer)])
def test_error_rates_are_jiwers_after_whispers_normaliser(metric, rate, texts):
    normalizer = BasicTextNormalizer()
    hypotheses, references = ([normalizer(text) for text in side] for side in texts)
    assert found(metric, texts).corpus_score == pytest.approx(100 * rate(references, hypotheses))
    assert rate(references, hypotheses) != rate(texts[1], texts[0])


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Héllo, <unk> WORLD [noise] (laughs)!", "héllo world"),
        ("5 € + ten", "5 ten"),  # numbers are left as they are written
        ("he\u0301llo ﬁve １", "héllo five 1"),  # compatible letters are made one
        ("ที่นี่ดี", "ท น ด"),  # vowel signs and tones are marks, and marks are spaces
        ("(never mind)", ""),
    ],
)
def test_what_the_normaliser_removes(text, expected):
    assert PROFILES["llm_srt"].prepare_transcript(text) == expected


@pytest.mark.parametrize("profile, expected", [("plain", "A (b), c!"), ("gmu", "a b c")])
def test_other_profiles_score_transcripts_like_translations(profile, expected):
    text = "A (b),  c!"
    assert PROFILES[profile].prepare_transcript(text) == expected == PROFILES[profile].prepare(text)


def test_a_reference_of_which_nothing_is_left_counts_every_word_as_an_error():
    texts = (["well, really", "yes"], ["(laughs)", "yes"])
    assert found("WER", texts).corpus_score == 200


@pytest.mark.parametrize("metric", ["BLEU", "chrF++", "WER", "CER"])
def test_the_signature_tells_the_profile(metric):
    signatures = {name: found(metric, ENGLISH, profile=name).signature for name in PROFILES}
    assert signatures["llm_srt"].endswith("|profile:llm_srt")
    assert len(set(signatures.values())) == len(PROFILES)


def test_the_table_tells_the_profile():
    assert metric_name("WER", "llm_srt") == "WER[llm_srt]"


def test_torch_is_imported_only_where_the_normaliser_is_used():
    code = (
        "import sys; from lib.scoring.metrics import statistics\n"
        "def loaded(metric): statistics(metric, ['a'], ['a'], 'eng', 'llm_srt'); "
        "return 'torch' in sys.modules\n"
        "print(loaded('BLEU'), loaded('WER'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
