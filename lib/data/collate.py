"""Examples to batches: features and token layouts, padded; what is cut or unusable is counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass, field
from functools import partial
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor

from lib.corpora.audio import BadAudio
from lib.data.augment import Augment, utterance_rng
from lib.data.batch import IGNORED, Batch, TokenLayout, lengths_mask, pad
from lib.data.features import FeatureExtractor
from lib.tasks import Example
from lib.utterance import Dropped


@runtime_checkable
class LayoutModel(Protocol):
    """What the collator asks of a model; `lib.models.protocol.TranslationModel` has it."""

    pad_token_id: int

    def layout(self, example: Example, max_tokens: int) -> TokenLayout: ...

    def cost(self, example: Example) -> float: ...


@dataclass(frozen=True)
class AugmentKey:
    """Decides the augmentation of one epoch; only `fit` makes one, so test audio never changes."""

    augment: Augment
    seed: int
    epoch: int


@dataclass(frozen=True, kw_only=True)
class CollatorNotes:
    """What a collator noted of the examples that it saw."""

    truncated_texts: set[str]  # ids of examples
    dropped: dict[str, Dropped]
    truncated_audio: set[str]  # paths


@dataclass
class Collator:
    """Examples to a `Batch`.

    Audio longer than the extractor's limit and text longer than `max_tokens` are cut and counted.
    An example with unusable audio is left out of its batch and named in `dropped`.
    """

    model: LayoutModel
    extractor: FeatureExtractor | None = None  # None: the examples are text
    _: KW_ONLY
    max_tokens: int = 128  # of one text, language and end tokens included (GMU)
    truncated_texts: set[str] = field(default_factory=set)  # ids of examples
    dropped: dict[str, Dropped] = field(default_factory=dict)

    def __call__(
        self, examples: Sequence[Example], augment_key: AugmentKey | None = None
    ) -> Batch | None:
        """The batch, or None where no example of it has usable audio."""
        usable, features = list(examples), []
        if examples[0].task.speech_input:
            usable, features = self._features(examples, augment_key)
        if not usable:
            return None
        layouts = [self.model.layout(example, self.max_tokens) for example in usable]
        self.truncated_texts |= {
            e.id for e, layout in zip(usable, layouts, strict=True) if layout.truncated
        }
        padding = self.model.pad_token_id
        batch = Batch(
            examples=usable,
            prefix=pad([torch.tensor(layout.prefix) for layout in layouts], padding),
            labels=pad([torch.tensor(layout.labels) for layout in layouts], IGNORED),
            prompt_lengths=[layout.prompt_length for layout in layouts],
        )
        sources = [layout.source for layout in layouts if layout.source is not None]
        if len(sources) == len(layouts):
            batch.text = pad([torch.tensor(source) for source in sources], padding)
            batch.text_mask = lengths_mask([len(source) for source in sources])
        if features:
            batch.speech = pad(features, 0.0)
            batch.speech_mask = lengths_mask([len(row) for row in features])
        return batch

    def take_notes(self) -> CollatorNotes:
        """What was noted since the last call, which is then forgotten: for another process."""
        audio = set(self.extractor.truncated) if self.extractor else set()
        found = CollatorNotes(
            truncated_texts=set(self.truncated_texts),
            dropped=dict(self.dropped),
            truncated_audio=audio,
        )
        self.truncated_texts.clear()
        self.dropped.clear()
        if self.extractor:
            self.extractor.truncated.clear()
        return found

    def add_notes(self, found: CollatorNotes) -> None:
        """Note what a collator in another process found."""
        self.truncated_texts |= found.truncated_texts
        self.dropped |= found.dropped
        if self.extractor:
            self.extractor.truncated |= found.truncated_audio

    def cost(self, example: Example) -> float:
        """What an example costs its model; see `TranslationModel.cost`."""
        return self.model.cost(example)

    def _features(
        self, examples: Sequence[Example], key: AugmentKey | None
    ) -> tuple[list[Example], list[Tensor]]:
        rngs = [utterance_rng(key.seed, key.epoch, e.id) for e in examples] if key else []
        transforms = None
        if key and key.augment.changes_sound:
            transforms = [partial(key.augment.sound, rng=rng) for rng in rngs]
        usable, features = [], []
        extracted = self.extractor.extract([e.audio for e in examples], transforms)
        for index, (example, found) in enumerate(zip(examples, extracted, strict=True)):
            if isinstance(found, BadAudio):
                self.dropped[example.id] = Dropped(example.id, str(found))
                continue
            usable.append(example)
            if key and key.augment.changes_features:
                found = key.augment.mask(found, rngs[index], mels=self.extractor.mels)
            features.append(found)
        return usable, features
