"""spBLEU with a small subword model, at the place where sacreBLEU keeps that of FLORES-200."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from lib.models.tokenizer import train_sentencepiece
from lib.scoring.estimates import replicates
from lib.scoring.metrics import Statistics, lower_is_better, percentage, statistics
from tests.scoring.cases import corrupt, references

REFERENCES = [text.capitalize() + "." for text in references()]
HYPOTHESES = corrupt(REFERENCES, 0.3, 1)
URL = "https://tinyurl.com/flores200sacrebleuspm"
# sacreBLEU reads SACREBLEU when it is imported
CODE = """
import json, sys
import sacrebleu
from lib.scoring.metrics import statistics
hypotheses, references = json.load(sys.stdin)
found = {"sacrebleu": sacrebleu.corpus_bleu(hypotheses, [references], tokenize="flores200").score}
for profile in ("plain", "gmu", "llm_srt"):
    stats = statistics("spBLEU", hypotheses, references, "zho", profile)
    found[profile] = [stats.corpus_score, stats.signature, stats.metric]
found["BLEU"] = statistics("BLEU", hypotheses, references, "eng", "plain").corpus_score
print(json.dumps(found))
"""
NO_MODEL = """
from lib.scoring.metrics import statistics
try:
    statistics("spBLEU", ["a"], ["a"], "eng", "plain")
except ValueError as error:
    print(error)
"""


def run(code, folder, texts=""):
    # a proxy that nobody answers at: no request leaves this machine
    proxy = dict.fromkeys(("https_proxy", "http_proxy"), "http://127.0.0.1:9")
    environment = os.environ | proxy | {"SACREBLEU": str(folder), "no_proxy": ""}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, input=texts, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sacrebleu")
    (folder / "models").mkdir()
    (folder / "models" / "flores200sacrebleuspm").write_bytes(train_sentencepiece(REFERENCES, 400))
    return json.loads(run(CODE, folder, json.dumps([HYPOTHESES, REFERENCES])))


@pytest.mark.parametrize("profile", ["plain", "llm_srt"])
def test_scores_are_sacrebleus_whatever_the_language(scores, profile):
    assert scores[profile][0] == pytest.approx(scores["sacrebleu"])
    assert 0 < scores["sacrebleu"] < 100
    assert scores["sacrebleu"] != pytest.approx(scores["BLEU"])  # of words


def test_the_profile_prepares_the_texts(scores):
    assert scores["gmu"][0] != pytest.approx(scores["plain"][0])


@pytest.mark.parametrize("profile", ["plain", "gmu", "llm_srt"])
def test_the_signature_tells_subwords_and_profile(scores, profile):
    _, signature, metric = scores[profile]
    assert "|tok:flores200|" in signature
    assert signature.endswith(f"|profile:{profile}")
    assert metric == "spBLEU"


def test_without_the_model_the_error_tells_what_goes_where(tmp_path):
    message = run(NO_MODEL, tmp_path)
    assert f"download {URL} and save it as {tmp_path}/models/flores200sacrebleuspm" in message
    assert "environment variable SACREBLEU" in message
    assert "urlopen error" in message


def test_a_file_that_is_no_model_is_named(tmp_path):
    path = tmp_path / "models" / "flores200sacrebleuspm"
    path.parent.mkdir()
    path.write_bytes(b"<html>not found</html>")
    assert f"save it as {path}" in run(NO_MODEL, tmp_path)


def test_an_interval_ends_at_100():
    rows = [(1, 1), (1, 1), (0.9, 1)]
    stats = Statistics("spBLEU", np.array(rows), percentage, "")
    found = replicates([(1, stats)], [""] * 3, ["a", "b", "c"])
    assert found.score().high == 100 < found.estimate().high
    assert not lower_is_better("spBLEU[gmu]")


def test_unknown_metrics_are_answered_with_the_known():
    with pytest.raises(ValueError, match="use one of BLEU, spBLEU, chrF"):
        statistics("spbleu", ["a"], ["a"], "eng", "plain")
