"""Where models of each family look, and whether it is the right place."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import soundfile
import torch
from torch import nn
from transformers import Qwen2TokenizerFast

from lib.data.batch import IGNORED
from lib.data.collate import Collator
from lib.models.attribution import Attribution, _watched, attribution
from lib.models.bridges.q_former import QFormerConfig
from lib.models.bridges.strided_conv import StridedConvConfig
from lib.models.language_model import build_qwen, train_qwen_tokenizer
from lib.models.speech_lm.loading import join_speech_lm
from lib.models.w2v_bert import build_w2v_bert
from lib.tasks import MT, ST, examples
from tests.corpora.sources.trees import tone
from tests.models.speech_lm.conftest import ENCODER, QWEN, TAGS, build_t5

Q_FORMER = QFormerConfig(queries=5, layers=2, width=16, heads=2, feed_forward=32)
FAMILIES = ("seamless", "whisper", "w2v-bert, qwen", "whisper, qwen", "w2v-bert, t5")
BLOCK = 3  # frames that each position of `Blocks` hears


@pytest.fixture(scope="module")
def qwen_tokenizer(spec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("qwen") / "tokenizer"
    texts = [text for sentence in spec.sentences(200) for text in sentence.values()]
    train_qwen_tokenizer(texts, QWEN.subwords, folder)
    return lambda: Qwen2TokenizerFast.from_pretrained(folder)


@pytest.fixture
def build(model, whisper, qwen_tokenizer):
    """`build(family)`: a minute model of it, in eval mode."""

    def build(family):
        if family in ("seamless", "whisper"):
            return model if family == "seamless" else whisper(pad_to_window=True)
        tokenizer = qwen_tokenizer()
        kind = "causal" if family == "w2v-bert, t5" else "bidirectional"
        language_model = build_qwen(QWEN, tokenizer, seed=2)
        if family == "w2v-bert, t5":
            language_model = build_t5(tokenizer)
        heard, bridge = build_w2v_bert(ENCODER, seed=3), StridedConvConfig()
        if family == "whisper, qwen":
            heard, bridge = whisper(pad_to_window=True).encoder, Q_FORMER
        options = {"tags": TAGS, "attention": kind, "seed": 1}
        return join_speech_lm(heard, language_model, tokenizer, bridge, **options).eval()

    return build


@pytest.fixture(params=FAMILIES)
def each(request, build):
    return build(request.param)


@pytest.fixture
def example(corpus):
    (made,) = examples(corpus.split("train", "est")[:1], ST, "eng")
    return replace(made, prompt="<|en|><|translate|>")


def collator(model):
    return Collator(model, model.feature_extractor(30.0))


@dataclass
class WideCollator(Collator):
    """Pads each batch further, as longer examples beside one would."""

    def __call__(self, *args):
        batch = super().__call__(*args)
        for name, value in (("speech", 0.0), ("speech_mask", 0), ("labels", IGNORED)):
            given = getattr(batch, name)
            more = given.new_full((1, 12, *given.shape[2:]), value)
            setattr(batch, name, torch.cat([given, more], 1))
        more = batch.prefix.new_full((1, 12), self.model.pad_token_id)
        batch.prefix = torch.cat([batch.prefix, more], 1)
        return batch


class Blocks(nn.Module):
    """The logits of position t are a linear map of frames t x BLOCK to (t + 1) x BLOCK alone."""

    def __init__(self, model):
        super().__init__()
        self.tokenizer, self.layout, self.pad_token_id = model.tokenizer, model.layout, 0
        self.head = nn.Linear(1, 600)

    def logits(self, batch):
        count = batch.prefix.shape[1]
        heard = batch.speech[:, : BLOCK * count].unflatten(1, (count, BLOCK))
        return self.head(heard.mean((2, 3)).unsqueeze(-1))


def test_each_token_has_a_weight_for_each_frame_of_audio(each, example):
    found = attribution(each, collator(each), example, example.target_text)
    assert found.weights.shape == (len(found.tokens), len(found.seconds))
    assert found.weights.sum(1) == pytest.approx(1.0)
    assert (found.weights >= 0).all()
    assert "".join(found.tokens) == example.target_text
    # the windows of Whisper are 30 s
    assert example.seconds - 0.1 < found.seconds[-1] < example.seconds + 0.1


def test_the_share_of_audio_is_known_of_speech_language_models(build, example):
    for family in FAMILIES:
        model = build(family)
        share = attribution(model, collator(model), example, example.target_text).audio_share
        assert (share is None) == (family in ("seamless", "whisper"))
        assert share is None or ((share > 0) & (share < 1)).all()


@pytest.mark.parametrize("family, tables", [("w2v-bert, t5", 3), ("whisper, qwen", 2)])
def test_embeddings_of_speech_are_told_from_those_of_tokens(build, example, family, tables):
    model = build(family)
    batch = collator(model)([example])
    with _watched(model) as read:
        model.logits(batch)
    assert torch.equal(read[0], model.speech_embeddings(batch)[0])
    assert len(read) == 1 + tables  # tokens and tags; a decoder looks its own up


def flags(model):
    modules = [(m.training, len(m._forward_hooks)) for m in model.modules()]
    return modules, [(p.requires_grad, p.grad) for p in model.parameters()]


def test_the_model_is_left_as_it_was(each, example):
    next(each.parameters()).requires_grad_(False)
    each.train()
    next(each.children()).eval()
    state, before = {n: tensor.clone() for n, tensor in each.state_dict().items()}, flags(each)
    attribution(each, collator(each), example, example.target_text)
    assert flags(each) == before
    assert all(torch.equal(tensor, state[name]) for name, tensor in each.state_dict().items())


def test_dropout_is_off(model, collate, example):
    found = [
        attribution(m, collate, example, example.target_text).weights
        for m in (model.eval(), model.train())
    ]
    assert np.array_equal(*found)


@pytest.mark.parametrize("family", ["seamless", "w2v-bert, qwen", "w2v-bert, t5"])
def test_padding_changes_nothing(build, example, family):
    model = build(family)
    plain, wide = (
        attribution(model, kind(model, model.feature_extractor(30.0)), example, "hello")
        for kind in (Collator, WideCollator)
    )
    assert wide.weights == pytest.approx(plain.weights, abs=1e-5)


def test_frozen_models_are_looked_into(each, example):
    each.requires_grad_(False)
    with torch.no_grad():
        found = attribution(each, collator(each), example, example.target_text)
    assert found.weights.sum(1) == pytest.approx(1.0)


def test_weights_lie_where_a_token_listens(model, collate, example):
    found = attribution(Blocks(model), collate, example, "a b")
    for row, weights in enumerate(found.weights):
        # the label of position 0 is the language
        heard = range(BLOCK * (row + 1), BLOCK * (row + 2))
        assert np.flatnonzero(weights).tolist() == list(heard)
        assert weights[heard] == pytest.approx(1 / BLOCK)
    assert found.order == pytest.approx(1.0)
    assert found.centres[0] == pytest.approx(0.04 * (1.5 * BLOCK))


def test_a_word_listens_where_its_tokens_do(model, collate, example):
    tokens, words = (attribution(Blocks(model), collate, example, "12 a", w) for w in (False, True))
    assert words.tokens == ("12", " a")
    assert len(tokens.tokens) > 2
    heard = [np.flatnonzero(found.weights.sum(0)).tolist() for found in (tokens, words)]
    assert heard[0] == heard[1]
    assert np.count_nonzero(words.weights, axis=1).sum() == len(heard[0])


@pytest.mark.parametrize("words", [False, True])
def test_tokens_are_whole_characters(build, example, words):
    model = build("w2v-bert, qwen")
    output = "niño 北京 हिन्दी"
    found = attribution(model, collator(model), example, output, words)
    assert "".join(found.tokens) == output
    assert not any("\N{REPLACEMENT CHARACTER}" in token for token in found.tokens)
    if words:
        assert found.tokens == ("niño", " 北京", " हिन्दी")


def test_languages_without_spaces_keep_their_tokens(build, example):
    model = build("w2v-bert, qwen")
    chinese = replace(example, target="zho")
    assert attribution(model, collator(model), chinese, "北京", words=True).tokens == ("北", "京")


def test_a_model_that_hides_its_speech_is_refused(model, collate, example):
    model.encode_speech = torch.no_grad()(model.encode_speech)
    with pytest.raises(ValueError, match="no gradient of '.*' reaches the speech"):
        attribution(model, collate, example, example.target_text)


def test_an_empty_output_is_refused(model, collate, example):
    with pytest.raises(ValueError, match="the output '' has no tokens"):
        attribution(model, collate, example, "")


def test_audio_that_cannot_be_read_is_named(model, collate, example, tmp_path):
    lost = replace(example, audio=tmp_path / "lost.wav")
    with pytest.raises(ValueError, match="no such file"):
        attribution(model, collate, lost, "hello")
    assert not collate.dropped


def test_text_input_is_refused(model, collate, corpus):
    (text,) = examples(corpus.split("train", "est")[:1], MT, "eng")
    with pytest.raises(ValueError, match="its input is text"):
        attribution(model, collate, text, "hello")


def looks(weights, seconds=(0.25, 0.75, 1.25)):
    return Attribution(tuple("abc"), np.array(seconds), np.array(weights, float), None)


@pytest.mark.parametrize("rows, order", [(np.eye(3), 1.0), (np.eye(3)[::-1], -1.0)])
def test_the_order_of_reading(rows, order):
    assert looks(rows).order == pytest.approx(order)


def test_weights_on_sound_are_told_from_those_on_silence(tmp_path):
    path = tone(tmp_path / "tone.wav", 1.0)
    samples, rate = soundfile.read(path)
    soundfile.write(path, np.concatenate([samples[: rate // 2], np.zeros(rate)]), rate)
    weights = [[1, 0, 0], [0.5, 0.5, 0], [0, 0, 1]]
    assert looks(weights).sounding(path) == pytest.approx((0.5, 1 / 3))
