"""Backbones with random weights and the sizes of a scale, published ones without a download.

They are built inside `lib.training.footprint.DryRun`, where a model of any size takes no memory.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
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
from lib.models.published import PUBLISHED
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
    family = FAMILIES[recipe.kind]
    tokenizer = _tokenizer(family) if family in TOKENIZERS else None
    if recipe.hub:
        return PUBLISHED_MODELS[family](deepcopy(PUBLISHED[recipe.hub]), tokenizer, text)
    if tokenizer is not None:  # the table has as many rows as the one that will be trained
        tokenizer = deepcopy(tokenizer)
        missing = recipe.size.subwords - len(tokenizer)
        tokenizer.add_tokens([f"\N{SECTION SIGN}{number}" for number in range(missing)])
    return SMALL_MODELS[family](recipe.size, tokenizer)


FAMILIES = {  # kind of backbone -> its class of models
    "seamless": "seamless",
    "nllb": "nllb",
    "w2v_bert": "w2v_bert",
    "best_rq": "w2v_bert",
    "whisper": "whisper",
    "qwen": "qwen",
    "srt_qwen": "qwen",
    "mt5": "mt5",
}
TOKENIZERS: dict[str, Callable[[Path], PreTrainedTokenizerBase]] = {
    "seamless": lambda folder: train_seamless_tokenizer(TEXTS, list(LANGUAGES), SUBWORDS, folder),
    "nllb": lambda folder: train_nllb_tokenizer(TEXTS, LANGUAGES, SUBWORDS, folder),
    "whisper": lambda folder: train_whisper_tokenizer(TEXTS, LANGUAGES[:4], SUBWORDS, folder),
    "qwen": lambda folder: train_qwen_tokenizer(TEXTS, SUBWORDS, folder),
    "mt5": lambda folder: train_mt5_tokenizer(TEXTS, SUBWORDS, folder),
}
SMALL_MODELS: dict[str, Callable[[Any, Any], nn.Module]] = {
    "seamless": lambda size, tokenizer: build_seamless(size, tokenizer, [], seed=1),
    "nllb": lambda size, tokenizer: build_nllb(size, tokenizer, [], seed=1),
    "whisper": lambda size, tokenizer: build_whisper(size, tokenizer, 1, False),
    "qwen": lambda size, tokenizer: _text_model(build_qwen(size, tokenizer, 1), tokenizer),
    "mt5": lambda size, tokenizer: _text_model(build_mt5(size, tokenizer, 1), tokenizer),
    "w2v_bert": lambda size, _: build_w2v_bert(size, seed=1),
}


@cache
def _tokenizer(family: str) -> PreTrainedTokenizerBase:
    """A small one of the family's class: no shape depends on its words."""
    with TemporaryDirectory() as folder, torch.utils._python_dispatch._disable_current_modes():
        return TOKENIZERS[family](Path(folder) / "tokenizer")


def _text_model(model: nn.Module, tokenizer: PreTrainedTokenizerBase) -> SpeechLm:
    return SpeechLm(None, None, model, tokenizer)


def _seamless(config: Any, tokenizer: PreTrainedTokenizerBase, text: bool) -> Seamless:
    speech = SeamlessM4Tv2ForSpeechToText(config)
    speech.generation_config.text_decoder_lang_to_code_id = {}
    return Seamless(speech, SeamlessM4Tv2ForTextToText(config) if text else None, tokenizer)


def _w2v_bert(config: Any, tokenizer: None, text: bool) -> W2vBert:
    return W2vBert(Wav2Vec2BertModel(config))


PUBLISHED_MODELS: dict[str, Callable[[Any, Any, bool], nn.Module]] = {
    "seamless": _seamless,
    "nllb": lambda config, tokenizer, _: Nllb(M2M100ForConditionalGeneration(config), tokenizer),
    "w2v_bert": _w2v_bert,
    "whisper": lambda config, tokenizer, _: WhisperRecogniser(
        WhisperForConditionalGeneration(config), tokenizer
    ),
    "qwen": lambda config, tokenizer, _: _text_model(
        AutoModelForCausalLM.from_config(config), tokenizer
    ),
    "mt5": lambda config, tokenizer, _: _text_model(
        MT5ForConditionalGeneration(config), tokenizer
    ),
}
