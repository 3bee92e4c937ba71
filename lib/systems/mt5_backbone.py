"""The language model: mT0 of the hub at `full`, below that an MT5 trained here on text.

The one trained here copies text in every language and translates it into English, asked in the
wordings of `lib.systems.zero_resource.prompts`: mT0 was tuned on instructions, too. It never hears
speech.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from transformers import MT5ForConditionalGeneration, PreTrainedTokenizerBase, T5TokenizerFast

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Phrasebook
from lib.locks import intact
from lib.models.mt5 import MT5Size, build_mt5, train_mt5_tokenizer
from lib.systems.language_model_backbone import LanguageModelBackbone
from lib.systems.zero_resource.languages import LANGUAGES, TARGET
from lib.systems.zero_resource.prompts import PARAPHRASED, UNIVERSAL, with_prompt
from lib.tasks import ASR, Example, text_examples
from lib.training.stages import Stage


@dataclass(frozen=True, kw_only=True)
class MT5Backbone(LanguageModelBackbone):
    """How an MT5 comes about: copying, and translating into English."""

    kind = "mt5"
    version = 1

    unread: tuple[str, ...] = ()  # languages that it reads and writes nothing of

    @property
    def seen(self) -> tuple[str, ...]:
        known = self.phrasebook.codes if self.phrasebook else LANGUAGES
        return tuple(code for code in known if code not in self.unread)

    def tokenizer(self, sample: list[Example], folder: Path) -> T5TokenizerFast:
        if not intact(folder, say=True):
            texts = (f"{e.source_text} {e.prompt}" for e in sample)
            train_mt5_tokenizer(texts, self.size.subwords, folder)
        return T5TokenizerFast.from_pretrained(folder)

    def build(self, tokenizer: PreTrainedTokenizerBase) -> MT5ForConditionalGeneration:
        return build_mt5(self.size, tokenizer, self.seed)

    def text_examples(self) -> list[Example]:
        """Each content in two languages drawn at random, to be copied and to be translated."""
        rng, made = random.Random(self.seed), []
        sources = [code for code in self.seen if code != TARGET]
        for number, sentence in enumerate(self.phrasebook.sentences(self.contents)):
            copied, read = rng.choice(self.seen), rng.choice(sources)
            for example in text_examples([sentence], [(copied, copied), (read, TARGET)]):
                name = f"{number:06d}-{example.source}-{example.target}"
                wording = UNIVERSAL if rng.random() < UNIVERSAL_SHARE else PARAPHRASED
                task = ASR if example.source == example.target else example.task
                made.append(with_prompt(replace(example, id=name), wording, task))
        return made


# MT5's embeddings start ten times as large as other weights, and its position biases have to grow
# as large, so both need larger steps: after 500 updates the loss of a token was 1.17 without, 0.62
# with the embeddings alone, 0.25 with both
LARGE_STEPS = ((r"\.shared\.|relative_attention_bias", 0.12),)
UNIVERSAL_SHARE = 0.2  # of the texts are asked for by the prompt that all tasks share


def _phrasebook(**options: Any) -> Phrasebook:
    return Phrasebook(spoken=(), written=LANGUAGES, train=0, dev=0, test=0, seed=3, **options)


def _smoke() -> MT5Backbone:
    """Random weights but for a few updates: every line of code runs, nothing is learnt."""
    return MT5Backbone(
        hub=None,
        size=MT5Size(hidden=32, heads=2, layers=1, feed_forward=64, subwords=500),
        phrasebook=_phrasebook(breadth=TINY_BREADTH),
        contents=30,
        text=Stage(
            name="text",
            updates=3,
            learning_rate=1e-3,
            warmup_updates=1,
            schedule="cosine",
            batch_seconds=4.0,
        ),
    )


def _tiny() -> MT5Backbone:
    """2.2 M parameters; 363 s of processor time. Text BLEU into English and of copies 97 to 100."""
    return MT5Backbone(
        hub=None,
        size=MT5Size(hidden=160, heads=4, layers=3, feed_forward=384, subwords=900),
        phrasebook=_phrasebook(breadth=TINY_BREADTH),
        contents=12_000,
        text=Stage(
            name="text",
            updates=1600,
            learning_rate=1e-3,
            part_learning_rates=LARGE_STEPS,
            warmup_updates=150,
            schedule="cosine",
            batch_seconds=24.0,
            batch_max_items=32,
            clip_norm=1.0,
        ),
    )


def _lab() -> MT5Backbone:
    """About 40 M parameters over all of CLDR; one GPU. Not run at this size."""
    return MT5Backbone(
        hub=None,
        size=MT5Size(hidden=512, heads=8, layers=6, feed_forward=1024, subwords=8000),
        phrasebook=_phrasebook(breadth=ALL_OF_CLDR),
        contents=60_000,
        text=Stage(
            name="text",
            updates=20_000,
            learning_rate=1e-3,
            part_learning_rates=LARGE_STEPS,
            warmup_updates=1000,
            schedule="cosine",
            batch_seconds=160.0,
            batch_max_items=256,
            clip_norm=1.0,
        ),
    )


def _full() -> MT5Backbone:
    """The smaller of the paper's, Apache-2.0. Loading is tested on a small one in its layout."""
    return MT5Backbone(hub="bigscience/mt0-xl", size=None, phrasebook=None, contents=0, text=None)


PRESETS = {"smoke": _smoke(), "tiny": _tiny(), "lab": _lab(), "full": _full()}
