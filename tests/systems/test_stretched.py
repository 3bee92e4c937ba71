"""Stretched texts: of a causal language model, and of an encoder-decoder that reads them."""

import re
from dataclasses import replace

import pytest
from transformers import Qwen2TokenizerFast, T5TokenizerFast

from lib.data.batch import IGNORED
from lib.models.language_model import QwenSize, build_qwen, train_qwen_tokenizer
from lib.models.mt5 import MT5Size, build_mt5, train_mt5_tokenizer
from lib.models.speech_lm.model import SpeechLm
from lib.models.tokenizer import text_ids
from lib.systems.language_model_backbone import GAP_SHARE, REPEATS, STRETCHED_SHARE, Stretched
from lib.tasks import text_examples

QWEN = QwenSize(hidden=16, heads=2, key_value_heads=1, layers=1, feed_forward=16, subwords=320)
MT5 = MT5Size(hidden=16, heads=2, layers=1, feed_forward=16, subwords=400)
GAPS = {"causal": "Ġ", "mt5": "▁"}


@pytest.fixture(scope="module")
def models(spec, tmp_path_factory):
    """A causal language model and an encoder-decoder."""
    folder, texts = tmp_path_factory.mktemp("stretched"), []
    for sentence in spec.sentences(100):
        texts += sentence.values()
    train_qwen_tokenizer(texts, QWEN.subwords, folder / "qwen")
    train_mt5_tokenizer(texts, MT5.subwords, folder / "mt5")
    qwen = Qwen2TokenizerFast.from_pretrained(folder / "qwen")
    t5 = T5TokenizerFast.from_pretrained(folder / "mt5")
    return {
        "causal": SpeechLm(None, None, build_qwen(QWEN, qwen, seed=1), qwen),
        "mt5": SpeechLm(None, None, build_mt5(MT5, t5, seed=1), t5),
    }


@pytest.fixture(scope="module")
def given(spec):
    made = text_examples(spec.sentences(200), [("eng", "spa")])
    return [replace(example, prompt="\nSay it in Spanish:") for example in made]


def parts(layout, length):
    """Source and prompt as the model reads them; the first `length` tokens are the source."""
    read = layout.prefix[: layout.prompt_length] if layout.source is None else layout.source
    return read[:length], read[length:]


def layouts(model, given, max_tokens=128):
    """The ids of each source, its plain layout, and its layout by `Stretched`."""
    made = Stretched(model)
    for example in given:
        ids = text_ids(model.tokenizer, example.source_text)[:max_tokens]
        plain = model.layout(example, max_tokens)
        yield ids, plain, made.layout(example, max_tokens)


def length_of(layout):
    return len(layout.prefix if layout.source is None else layout.source)


@pytest.mark.parametrize("kind", GAPS)
def test_half_of_the_examples_are_stretched(models, given, kind):
    pairs = [(plain, found) for _, plain, found in layouts(models[kind], given)]
    changed = [found != plain for plain, found in pairs]
    assert sum(changed) / len(changed) == pytest.approx(STRETCHED_SHARE, abs=0.1)
    longer = [length_of(found) > length_of(plain) for plain, found in pairs]
    assert longer == changed


@pytest.mark.parametrize("kind", GAPS)
def test_each_token_of_the_source_is_repeated_in_order(models, given, kind):
    model = models[kind]
    gap = chr(1000 + model.tokenizer.convert_tokens_to_ids(GAPS[kind]))
    for ids, plain, found in layouts(model, given):
        if found == plain:
            continue
        source, prompt = parts(plain, len(ids))
        assert source == ids
        stretched, behind = parts(found, length_of(found) - length_of(plain) + len(ids))
        assert behind[: len(prompt)] == prompt
        # a letter for each token, repeated at most so often, with or without a gap
        pattern = "".join(f"{chr(1000 + i)}{{1,{max(REPEATS)}}}{gap}?" for i in ids)
        assert re.fullmatch(pattern, "".join(chr(1000 + i) for i in stretched))


def test_an_encoder_decoder_learns_the_same_target(models, given):
    for _, plain, found in layouts(models["mt5"], given):
        assert (found.prefix, found.labels) == (plain.prefix, plain.labels)
        assert found.prompt_length == plain.prompt_length == 1


def test_a_causal_model_learns_the_same_target_behind_the_prompt(models, given):
    for _, plain, found in layouts(models["causal"], given):
        assert len(found.labels) == len(found.prefix)
        learnt = [label for label in found.labels if label != IGNORED]
        assert learnt == [label for label in plain.labels if label != IGNORED]
        assert found.prefix[found.prompt_length :] == plain.prefix[plain.prompt_length :]
        assert found.labels[: found.prompt_length - 1] == [IGNORED] * (found.prompt_length - 1)


def test_a_causal_model_reads_gaps_between_tokens(models, given):
    """Counted in sources without a space that is a token of its own."""
    model, gaps, tokens = models["causal"], 0, 0
    gap = model.tokenizer.convert_tokens_to_ids(GAPS["causal"])
    for ids, plain, found in layouts(model, given):
        if found == plain or gap in ids:
            continue
        stretched, _ = parts(found, length_of(found) - length_of(plain) + len(ids))
        gaps, tokens = gaps + stretched.count(gap), tokens + len(ids)
    assert gaps / tokens == pytest.approx(GAP_SHARE, abs=0.05)


@pytest.mark.parametrize("kind", GAPS)
def test_stretching_depends_on_the_id_alone(models, given, kind):
    made, again = Stretched(models[kind]), Stretched(models[kind])
    backwards = [again.layout(example, 128) for example in given[::-1]]
    assert [made.layout(example, 128) for example in given] == backwards[::-1]
    renamed = [made.layout(replace(example, id=f"{example.id}-b"), 128) for example in given]
    assert renamed != backwards[::-1]


@pytest.mark.parametrize("kind", GAPS)
def test_a_source_that_is_cut_is_stretched_up_to_its_cut(models, given, kind):
    gap, cut = models[kind].tokenizer.convert_tokens_to_ids(GAPS[kind]), 0
    for ids, plain, found in layouts(models[kind], given, max_tokens=5):
        cut += plain.truncated
        _, prompt = parts(plain, len(ids))
        stretched, behind = parts(found, length_of(found) - length_of(plain) + len(ids))
        assert set(stretched) - {gap} <= set(ids)
        assert behind[: len(prompt)] == prompt
    assert cut > len(given) / 2
