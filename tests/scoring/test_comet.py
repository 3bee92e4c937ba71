"""COMET's own regression metric at a tiny random size; nothing of it is replaced."""

import contextlib
import pickle
import random
import shutil
from dataclasses import replace

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from comet.models import ReferencelessRegression, RegressionMetric
from pytorch_lightning import Trainer
from pytorch_lightning.core.saving import save_hparams_to_yaml
from transformers import (
    XLMRobertaConfig,
    XLMRobertaModel,
    XLMRobertaTokenizer,
    XLMRobertaTokenizerFast,
)

from lib.models.hub import REVISIONS
from lib.models.tokenizer import train_sentencepiece
from lib.scoring.comet import COMET_22, load_comet
from lib.scoring.comparisons import score_runs_by, subtract_runs_by
from lib.scoring.estimates import replicates
from lib.scoring.metrics import Statistics, percentage
from tests.scoring.cases import SPEAKERS, WORDS, make_rows

ROWS = [
    replace(row, transcript=f"{row.reference[::-1]} said {number}")
    for number, row in enumerate(make_rows("direct", 1, 0.4))
]
# one is short, so that batches are padded
ROWS[3] = replace(ROWS[3], hypothesis=" ".join(WORDS[:2]), reference=" ".join(WORDS))
BETTER = [replace(r, strategy="better", hypothesis=r.reference) for r in ROWS]
OPTIONS = {
    "encoder_model": "XLM-RoBERTa",
    "pretrained_model": "./encoder",
    "layer_transformation": "softmax",
    "layer_norm": False,
    "hidden_sizes": [8],
    "train_data": ["train.csv"],
}


def save(folder, seed=1, metric=RegressionMetric, **options):
    """A metric in the hub's layout."""
    with contextlib.chdir(folder), torch.random.fork_rng():
        torch.manual_seed(seed)
        model = metric(**OPTIONS | options)
        trainer = Trainer(accelerator="cpu", logger=False, enable_checkpointing=False)
        trainer.strategy.connect(model)
        trainer.save_checkpoint("checkpoints/model.ckpt", weights_only=True)
        save_hparams_to_yaml("hparams.yaml", model.hparams)
    return folder


@pytest.fixture(scope="module")
def bare(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bare")
    encoder = folder / "encoder"
    encoder.mkdir()
    texts = [text for row in ROWS for text in (row.transcript, row.reference)]
    (encoder / "sentencepiece.bpe.model").write_bytes(train_sentencepiece(texts, 400))
    XLMRobertaTokenizer(str(encoder / "sentencepiece.bpe.model")).save_pretrained(encoder)
    tokenizer = XLMRobertaTokenizerFast.from_pretrained(encoder)
    tokenizer.save_pretrained(encoder)
    config = XLMRobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=104,
        type_vocab_size=1,
        initializer_range=0.5,
    )
    torch.manual_seed(1)
    XLMRobertaModel(config, add_pooling_layer=False).save_pretrained(encoder)
    return folder


@pytest.fixture(scope="module")
def checkpoint(bare, tmp_path_factory):
    return save(shutil.copytree(bare, tmp_path_factory.mktemp("comet") / "tiny"))


@pytest.fixture
def built(bare, tmp_path):
    """Build another metric on the same encoder."""
    return lambda **options: save(shutil.copytree(bare, tmp_path / "other"), **options)


@pytest.fixture(scope="module")
def comet(checkpoint):
    return load_comet(checkpoint, batch_size=7)


def test_scores_are_those_of_comets_own_predict(comet):
    samples = [{"src": r.transcript, "mt": r.hypothesis, "ref": r.reference} for r in ROWS]
    found = comet.statistics(ROWS)  # first: `predict` leaves the model in evaluation mode
    expected = comet.model.predict(samples, batch_size=4, gpus=0, num_workers=0, progress_bar=False)
    assert found.utterance_scores == pytest.approx([100 * s for s in expected["scores"]], abs=1e-3)
    assert found.corpus_score == pytest.approx(100 * expected["system_score"], abs=1e-3)
    assert np.std(found.utterance_scores) > 1  # the model tells them apart


@pytest.mark.parametrize("batch_size", [1, 64])
def test_scores_depend_neither_on_the_batch_nor_on_the_order(comet, batch_size):
    order = random.Random(1).sample(range(len(ROWS)), len(ROWS))
    other = replace(comet, batch_size=batch_size).statistics([ROWS[index] for index in order])
    expected = comet.statistics(ROWS).utterance_scores
    assert other.utterance_scores == pytest.approx([expected[i] for i in order], abs=1e-3)


@pytest.mark.parametrize("field", ["transcript", "hypothesis", "reference"])
def test_each_text_counts(comet, field):
    changed = [replace(ROWS[0], **{field: "twelve"})]
    assert abs(comet.score(changed).value - comet.score(ROWS[:1]).value) > 0.1


def test_the_interval_is_of_speakers_where_they_are_known(comet):
    found = comet.score(ROWS)
    assert found.unit == f"speaker({SPEAKERS})"
    assert found.low < found.value < found.high
    unknown = comet.score([replace(row, speaker="") for row in ROWS])
    scores = comet.statistics(ROWS).utterance_scores
    assert unknown.unit == f"utterance({len(ROWS)})"
    assert unknown.value == found.value == pytest.approx(np.mean(scores))
    assert unknown.standard_error == pytest.approx(np.std(scores, ddof=1) / len(ROWS) ** 0.5)


@pytest.mark.parametrize("values", [(-0.2, -0.1, -0.3), (1.0, 1.1, 1.2)])
def test_the_interval_of_a_regression_has_no_ends(values):
    stats = Statistics("COMET", np.array([(v, 1.0) for v in values]), percentage, "")
    found = replicates([(1, stats)], [""] * 3, ["a", "b", "c"]).score()
    assert found.value - found.low == pytest.approx(found.high - found.value)
    assert found.low < found.value


def test_systems_are_compared_utterance_by_utterance(comet):
    other = make_rows("direct", 2, 0.4)
    runs = {
        1: ROWS,
        2: [replace(r, hypothesis=o.hypothesis) for r, o in zip(ROWS, other, strict=True)],
    }
    better = {1: BETTER, 2: BETTER}
    found = subtract_runs_by(better, runs, comet.statistics).estimate()
    means = [score_runs_by(x, comet.statistics).score().value for x in (better, runs)]
    assert (found.value, found.seeds) == (pytest.approx(means[0] - means[1]), 2)
    same = subtract_runs_by({1: ROWS}, {1: ROWS}, comet.statistics).estimate()
    assert (same.value, same.low, same.high) == (0, 0, 0)
    with pytest.raises(ValueError, match="different test sets"):
        subtract_runs_by({1: ROWS}, {1: BETTER[1:]}, comet.statistics)


def test_rows_without_a_transcript_are_named_and_counted(comet):
    rows = [*ROWS[:2], replace(ROWS[2], transcript=" "), replace(ROWS[3], transcript="")]
    with pytest.raises(ValueError, match="2 of 4 rows have no transcript, first 'clip-002' of 'd"):
        comet.statistics(rows)
    with pytest.raises(ValueError, match="0 of 0 rows .* give at least one row"):
        comet.statistics([])


def test_cut_texts_are_counted(comet):
    long = [replace(row, hypothesis="x" * 200) for row in ROWS[:2]]
    with pytest.warns(UserWarning, match="cuts 2 texts after 100 subwords"):
        comet.statistics(long + ROWS[2:])


def test_the_signature_tells_weights_versions_and_profile(comet, built):
    assert comet.signature.startswith("model:tiny@")
    assert "|src:transcript|precision:fp32|version:unbabel-comet-2" in comet.signature
    assert comet.signature.endswith("|profile:llm_srt")
    assert comet.statistics(ROWS[:1]).signature == comet.signature
    other = load_comet(built(seed=2))
    assert other.signature.split("@")[1] != comet.signature.split("@")[1]


def test_loading_and_scoring_leave_the_random_state_alone(checkpoint):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    load_comet(checkpoint).score(ROWS[:2])
    assert torch.equal(torch.rand(3), expected)


class Attack:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (open, (str(self.path), "w"))


def test_a_checkpoint_with_code_is_not_loaded(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "foreign")
    (folder / "checkpoints" / "model.ckpt").write_bytes(pickle.dumps(Attack(tmp_path / "attacked")))
    with pytest.raises(ValueError, match="model.ckpt holds more than tensors"):
        load_comet(folder)
    assert not (tmp_path / "attacked").exists()


def test_missing_weights_are_refused(checkpoint, tmp_path):
    folder = shutil.copytree(checkpoint, tmp_path / "partial")
    path = folder / "checkpoints" / "model.ckpt"
    content = torch.load(path, weights_only=True)
    del content["state_dict"]["estimator.ff.0.weight"]
    torch.save(content, path)
    with pytest.raises(RuntimeError, match="estimator.ff.0.weight"):
        load_comet(folder)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"metric": ReferencelessRegression}, "is a ReferencelessRegression"),
        ({"layer_norm": True}, "layer_norm: its scores depend on what shares a batch"),
    ],
)
def test_metrics_of_another_kind_are_refused(built, options, message):
    with pytest.raises(ValueError, match=message):
        load_comet(built(**options))


def test_other_names_are_not_downloaded():
    with pytest.raises(ValueError, match=f"no COMET at .*someone/comet: give {COMET_22}"):
        load_comet("someone/comet")


def test_the_published_one_is_asked_for_where_there_is_no_network(tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ValueError, match=f"{COMET_22} cannot be downloaded"):
        load_comet()


def test_the_published_one_is_found_in_the_hubs_cache(checkpoint, tmp_path, monkeypatch, comet):
    stored = tmp_path / f"models--{COMET_22.replace('/', '--')}"
    for commit in (REVISIONS[COMET_22], "0" * 40):
        shutil.copytree(checkpoint, stored / "snapshots" / commit)
    (stored / "snapshots" / ("0" * 40) / "hparams.yaml").unlink()
    (stored / "refs").mkdir(parents=True)
    (stored / "refs" / "main").write_text("0" * 40)  # moved on: not what is loaded
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    found = load_comet(batch_size=7)
    assert found.signature.startswith(f"model:{COMET_22}@")
    assert np.array_equal(found.statistics(ROWS).rows, comet.statistics(ROWS).rows)
