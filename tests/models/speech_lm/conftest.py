"""Minute speech language models: a w2v-BERT or Whisper, a bridge, and a Qwen2 or an MT5."""

from dataclasses import replace

import pytest
import torch
from transformers import MT5Config, MT5ForConditionalGeneration, Qwen2TokenizerFast

from lib.data.collate import Collator
from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.language_model import QwenSize, build_qwen, train_qwen_tokenizer
from lib.models.speech_lm.loading import join_speech_lm
from lib.models.speech_lm.model import SpeechLm
from lib.models.w2v_bert import W2vBertSize, build_w2v_bert
from lib.tasks import ST, examples

TAGS = ("<|translate|>", "<|es|>", "<|en|>")
ENCODER = W2vBertSize(hidden=32, heads=2, layers=1, feed_forward=64, stack=2)
QWEN = QwenSize(hidden=32, heads=2, key_value_heads=1, layers=2, feed_forward=64, subwords=400)
PROMPTS = ("<|es|><|translate|>", "<|es|><|translate|>12", "<|en|><|translate|> la frase")


@pytest.fixture(scope="session")
def qwen_folder(spec, tmp_path_factory):
    """A tokenizer of Qwen2's class."""
    folder = tmp_path_factory.mktemp("qwen") / "tokenizer"
    texts = [text for sentence in spec.sentences(200) for text in sentence.values()]
    train_qwen_tokenizer(texts, QWEN.subwords, folder)
    return folder


def build_t5(tokenizer, seed=1):
    config = MT5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        dropout_rate=0.0,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return MT5ForConditionalGeneration(config)


@pytest.fixture(scope="session")
def build(qwen_folder):
    """`build(kind, ...)`: "causal", "bidirectional" or "t5", in eval mode."""

    def build(kind="causal", tags=TAGS, seed=1, bridge=StridedConvConfig()):
        tokenizer = Qwen2TokenizerFast.from_pretrained(qwen_folder)
        if kind == "t5":
            kind, language_model = "causal", build_t5(tokenizer)
        else:
            language_model = build_qwen(QWEN, tokenizer, seed=2)
        encoder = build_w2v_bert(ENCODER, seed=3)
        options = {"tags": tags, "attention": kind, "seed": seed}
        return join_speech_lm(encoder, language_model, tokenizer, bridge, **options).eval()

    return build


@pytest.fixture(scope="session")
def build_whisper_lm(qwen_folder, whisper):
    """`build_whisper_lm(bridge, ...)`: with a Whisper and a Qwen2, in eval mode."""

    def build_whisper_lm(bridge, pad_to_window=False, attention="causal"):
        tokenizer = Qwen2TokenizerFast.from_pretrained(qwen_folder)
        language_model, encoder = build_qwen(QWEN, tokenizer, seed=2), whisper(pad_to_window)
        options = {"tags": TAGS, "attention": attention, "seed": 1}
        return join_speech_lm(encoder.encoder, language_model, tokenizer, bridge, **options).eval()

    return build_whisper_lm


@pytest.fixture(scope="session")
def build_text(qwen_folder):
    """`build_text(size)`: a language model alone."""

    def build_text(size=QWEN):
        tokenizer = Qwen2TokenizerFast.from_pretrained(qwen_folder)
        return SpeechLm(None, None, build_qwen(size, tokenizer, seed=2), tokenizer).eval()

    return build_text


@pytest.fixture(scope="session")
def spoken(corpus):
    """Four clips of unequal length with prompts of unequal length."""
    made = examples(corpus.split("train", "eng"), ST, "spa")
    made = sorted(made, key=lambda example: example.seconds)[::5][:4]
    return [replace(e, prompt=PROMPTS[index % 3]) for index, e in enumerate(made)]


@pytest.fixture
def collate_for():
    """`collate_for(model)`: its collator."""
    return lambda model: Collator(model, model.feature_extractor(30.0))
