"""Language models trained here on text, causal or encoder-decoder: what their recipes share.

They never hear speech, but half of their texts are stretched (`Stretched`): a bridge writes a token
over several positions, which a model of billions of parameters copes with and one of a million does
not unless it has seen it.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lib.corpora.phrasebook import Phrasebook
from lib.data.batch import IGNORED, TokenLayout
from lib.data.collate import Collator
from lib.models.language_model import load_language_model
from lib.models.speech_lm.model import SpeechLm
from lib.models.speech_lm.saving import LANGUAGE_MODEL
from lib.models.tokenizer import text_ids
from lib.progress import Progress
from lib.scales import scaled
from lib.systems.backbones import BackboneRecipe, TrainingJob, train_seq2seq
from lib.systems.seamless_backbone import TOKENIZER_SENTENCES
from lib.tasks import Example
from lib.training.finished import FitResult
from lib.training.stages import Stage
from lib.utterance import Corpus

STRETCHED_SHARE = 0.5  # of the examples
REPEATS = (1, 2, 3, 4)  # of a token; speech has about 3 positions for a token of the tiny model
GAP_SHARE = 0.15  # of tokens that a space stands after


class Stretched:
    """Lays out half of the examples with source tokens that are repeated, some with a gap after.

    Args:
        model: whose layout it is otherwise.
    """

    def __init__(self, model: SpeechLm) -> None:
        self.model, self.pad_token_id, self.cost = model, model.pad_token_id, model.cost
        self._gap = text_ids(model.tokenizer, " ")  # none, where a tokenizer strips spaces: T5's

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """As the model's; which examples are stretched, and how, depends on their id alone."""
        rng = random.Random(f"stretched/{example.id}")
        found = self.model.layout(example, max_tokens)
        if rng.random() >= STRETCHED_SHARE:
            return found
        length = len(text_ids(self.model.tokenizer, example.source_text)[:max_tokens])
        # an encoder-decoder reads the source with its encoder
        given = found.prefix if found.source is None else found.source
        source: list[int] = []
        for token in given[:length]:
            source += [token] * rng.choice(REPEATS)
            source += self._gap if rng.random() < GAP_SHARE else []
        stretched = source + given[length:]
        if found.source is not None:
            return replace(found, source=stretched)
        added = len(source) - length
        return replace(
            found,
            prefix=stretched,
            labels=[IGNORED] * added + found.labels,
            prompt_length=found.prompt_length + added,
        )


@dataclass(frozen=True, kw_only=True)
class LanguageModelBackbone(BackboneRecipe):
    """How a language model comes about."""

    hub: str | None = scaled("name on the hub; None: trained here")
    size: Any = scaled("of the model trained here")
    phrasebook: Phrasebook | None = scaled("its texts; nothing of them is spoken")
    contents: int = scaled("of the phrasebook")
    text: Stage | None = scaled("what it learns to write from text")
    seed: int = 1

    def identity(self) -> Any:
        return asdict(self)

    def corpus(self, cache: Path, progress: Progress) -> Corpus | None:
        return None

    def load(self, path: str, text: bool) -> SpeechLm:
        inside = Path(path) / LANGUAGE_MODEL  # of a model that was saved here
        return SpeechLm(None, None, *load_language_model(inside if inside.exists() else path))

    @abstractmethod
    def text_examples(self) -> list[Example]:
        """What it is trained on."""

    @abstractmethod
    def tokenizer(self, sample: list[Example], folder: Path) -> PreTrainedTokenizerBase:
        """Its tokenizer, trained on some examples and saved to a folder, or found there."""

    @abstractmethod
    def build(self, tokenizer: PreTrainedTokenizerBase) -> PreTrainedModel:
        """The model with random weights."""

    def train(self, job: TrainingJob) -> tuple[SpeechLm, list[FitResult]]:
        job.progress("writing the phrasebook's sentences", 0, 1)
        given = self.text_examples()
        sample = random.Random(self.seed).sample(given, min(TOKENIZER_SENTENCES, len(given)))
        tokenizer = self.tokenizer(sample, job.folder / "tokenizer")
        model = SpeechLm(None, None, self.build(tokenizer), tokenizer)
        result = train_seq2seq(model, self.text, given, Collator(Stretched(model)), self.seed, job)
        return model, [result]
