"""Fixtures for all tests: a small phrasebook corpus, and a small Seamless with a tokenizer."""

import os

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # no test may reach for the network

import pytest
import torch
from transformers import SeamlessM4TTokenizer

from lib.corpora.phrasebook import Breadth, Phrasebook
from lib.corpora.synthesis import synthesize
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.locks import lock
from lib.models.seamless import SeamlessSize, build_seamless
from lib.models.tokenizer import train_seamless_tokenizer
from tests.command_line import succeed

torch.set_num_threads(1)  # the models are too small for more to pay
NARROW = Breadth(
    territories=8,
    languages=4,
    units=4,
    currencies=2,
    max_number=9,
    items=(1, 3),
)
SMALL_SIZE = SeamlessSize(
    hidden=32,
    heads=2,
    speech_layers=2,
    text_layers=1,
    decoder_layers=2,
    feed_forward=64,
    stack=4,
    adaptor_stride=4,
    kernel=7,
    subwords=500,
)
SPEC = Phrasebook(  # of `corpus`
    spoken=("est", "eng"),
    written=("spa", "que"),
    train=20,
    dev=4,
    test=6,
    breadth=NARROW,
)


def train_tokenizer(folder):
    """Train a tokenizer for a Seamless of `SMALL_SIZE` in Estonian, English and Spanish."""
    texts = [text for sentence in SPEC.sentences(200) for text in sentence.values()]
    train_seamless_tokenizer(texts, ["est", "eng", "spa"], SMALL_SIZE.subwords, folder)


@pytest.fixture(scope="session")
def spec():
    """The phrasebook of `corpus`."""
    return SPEC


@pytest.fixture(scope="session")
def corpora(tmp_path_factory):
    return tmp_path_factory.mktemp("corpora")


@pytest.fixture(scope="session")
def corpus(spec, corpora):
    """Twenty training contents in Estonian and in English, with text in four languages."""
    return synthesize(spec, corpora)


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer") / "tokenizer"
    train_tokenizer(folder)
    return folder


@pytest.fixture
def model(tokenizer_folder):
    """A Seamless with random weights, in eval mode, and a tokenizer of its own."""
    tokenizer = SeamlessM4TTokenizer.from_pretrained(tokenizer_folder)
    return build_seamless(SMALL_SIZE, tokenizer, ["est", "eng", "spa"], seed=3).eval()


@pytest.fixture
def collate(model):
    return Collator(model, FbankExtractor(model.stack))


@pytest.fixture(scope="session")
def shared_data():
    """An hour of Mboshi-French speech beside the checkout; tests are skipped where it is not."""
    from lib.workbook.paths import ROOT

    folder = ROOT.parent / "shared" / "data"
    if not (folder / "mboshi.tsv").exists():
        pytest.skip(f"no real recordings: {folder / 'mboshi.tsv'} is not there")
    return folder


@pytest.fixture(scope="session")
def smoke_workbook(tmp_path_factory, worker_id):
    """Outputs and text of `make workbook SCALE=smoke`, which several modules look at."""
    # pytest's processes side by side share what is in the parent folder
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "smoke_workbook"
    text = folder / "text.txt"
    with lock(folder.with_suffix(".lock"), "the workbook at smoke", timeout_seconds=1800):
        if not text.exists():
            text.write_text(succeed("run", "--scale", "smoke", outputs=folder))
    return folder, text.read_text()
