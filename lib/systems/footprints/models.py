"""Backbones with random weights and the sizes of a scale, published ones without a download.

They are built inside `lib.training.footprint.DryRun`, where a model of any size takes no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torch import nn
from transformers import (
    AutoModelForCausalLM,
    M2M100ForConditionalGeneration,
    MT5ForConditionalGeneration,
    PreTrainedTokenizerBase,
    SeamlessM4Tv2ForSpeechToText,
    SeamlessM4Tv2ForTextToText,
    Wav2Vec2BertModel,
    WhisperForConditionalGeneration,
)

from lib.models.language_model import build_qwen, train_qwen_tokenizer
from lib.models.mt5 import build_mt5, train_mt5_tokenizer
from lib.models.nllb import Nllb, build_nllb, train_nllb_tokenizer
from lib.models.published import published
from lib.models.seamless import Seamless, build_seamless
from lib.models.speech_encoder import SpeechEncoder
from lib.models.speech_lm.model import SpeechLm
from lib.models.tokenizer import train_seamless_tokenizer
from lib.models.w2v_bert import W2vBert, build_w2v_bert
from lib.models.whisper import WhisperRecogniser, build_whisper, train_whisper_tokenizer
from lib.models.whisper_encoder import WhisperSpeechEncoder
from lib.systems.backbones import BackboneRecipe, TrainedBackbone, backbone_recipe

LANGUAGES = ("eng", "deu", "fra", "zho", "spa", "est")
TEXTS = ["one two three four five", "eins zwei drei vier fünf", "un deux trois"]
SUBWORDS = 400


class UntrainedBackbone(TrainedBackbone):
    """A backbone of shapes alone, which an experiment takes for a trained one."""

    def load(self, text: bool = False) -> nn.Module:
        return untrained(self.recipe, text)

    def load_speech_encoder(self, pad_to_window: bool = True) -> SpeechEncoder:
        model = untrained(self.recipe, text=False)
        if isinstance(model, WhisperRecogniser):
            return WhisperSpeechEncoder(model.model.model.encoder, pad_to_window)
        return model


def untrained_backbone(kind: str, scale: str) -> UntrainedBackbone:
    """The backbone of a scale."""
    recipe = backbone_recipe(kind, scale)
    return UntrainedBackbone(recipe=recipe, path=recipe.hub or kind, stages=[], corpus=None)


def untrained(recipe: BackboneRecipe, text: bool) -> nn.Module:
    """The model of a backbone's recipe, as its `load` gives it, with random weights."""
    kind = SAME_AS.get(recipe.kind, recipe.kind)
    family, tokenizer = FAMILIES[kind], deepcopy(_tokenizer(kind))  # models add tokens to it
    if recipe.hub:
        return family.published(published(recipe.hub), tokenizer, text)
    if tokenizer is not None:  # the table has as many rows as the one that will be trained
        missing = recipe.size.subwords - len(tokenizer)
        tokenizer.add_tokens([f"\N{SECTION SIGN}{number}" for number in range(missing)])
    return family.small(recipe.size, tokenizer)


@cache
def _tokenizer(kind: str) -> PreTrainedTokenizerBase | None:
    """A small one of the kind's class: no shape depends on its words. None: it takes speech only.
    """
    with TemporaryDirectory() as folder:
        return FAMILIES[kind].tokenizer(Path(folder) / "tokenizer")


@dataclass(frozen=True, kw_only=True)
class Family:
    """How the models of a kind of backbone are built."""

    tokenizer: Callable[[Path], PreTrainedTokenizerBase | None]
    small: Callable[[Any, Any], nn.Module]  # of a size and a tokenizer
    published: Callable[[Any, Any, bool], nn.Module]  # of a configuration, a tokenizer; with text?


def _text_model(model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> SpeechLm:
    return SpeechLm(None, None, model, tokenizer)


def _seamless(config: Any, tokenizer: PreTrainedTokenizerBase, text: bool) -> Seamless:
    speech = SeamlessM4Tv2ForSpeechToText(config)
    speech.generation_config.text_decoder_lang_to_code_id = {}
    return Seamless(speech, SeamlessM4Tv2ForTextToText(config) if text else None, tokenizer)


SAME_AS = {"best_rq": "w2v_bert", "srt_qwen": "qwen"}  # kinds of backbones of one class of models
FAMILIES = {
    "seamless": Family(
        tokenizer=lambda at: train_seamless_tokenizer(TEXTS, list(LANGUAGES), SUBWORDS, at),
        small=lambda size, tokenizer: build_seamless(size, tokenizer, [], seed=1),
        published=_seamless,
    ),
    "nllb": Family(
        tokenizer=lambda at: train_nllb_tokenizer(TEXTS, LANGUAGES, SUBWORDS, at),
        small=lambda size, tokenizer: build_nllb(size, tokenizer, [], seed=1),
        published=lambda config, tokenizer, _: Nllb(
            M2M100ForConditionalGeneration(config), tokenizer
        ),
    ),
    "w2v_bert": Family(
        tokenizer=lambda _: None,
        small=lambda size, _: build_w2v_bert(size, seed=1),
        published=lambda config, *_: W2vBert(Wav2Vec2BertModel(config)),
    ),
    "whisper": Family(
        tokenizer=lambda at: train_whisper_tokenizer(TEXTS, LANGUAGES[:4], SUBWORDS, at),
        small=lambda size, tokenizer: build_whisper(size, tokenizer, seed=1),
        published=lambda config, tokenizer, _: WhisperRecogniser(
            WhisperForConditionalGeneration(config), tokenizer
        ),
    ),
    "qwen": Family(
        tokenizer=lambda at: train_qwen_tokenizer(TEXTS, SUBWORDS, at),
        small=lambda size, tokenizer: _text_model(build_qwen(size, tokenizer, 1), tokenizer),
        published=lambda config, tokenizer, _: _text_model(
            AutoModelForCausalLM.from_config(config), tokenizer
        ),
    ),
    "mt5": Family(
        tokenizer=lambda at: train_mt5_tokenizer(TEXTS, SUBWORDS, at),
        small=lambda size, tokenizer: _text_model(build_mt5(size, tokenizer, 1), tokenizer),
        published=lambda config, tokenizer, _: _text_model(
            MT5ForConditionalGeneration(config), tokenizer
        ),
    ),
}
