"""Examples to tensors: batches of like length, padded and masked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from lib.corpora.audio import BadAudio
from lib.data.augment import Augment, utterance_rng
from lib.data.features import FbankExtractor
from lib.models.tokenizer import text_ids
from lib.models.translator import Translator
from lib.tasks import Example
from lib.utterance import Dropped

REMEMBERED_TEXTS = 50_000  # texts whose pieces are kept; tokenizing costs more than it seems


@dataclass
class Batch:
    """Examples of one kind of input (all heard, or all read), ready for a model."""

    examples: list[Example]
    mask: Int[Tensor, "batch positions"]  # 1 where the input is real
    prefix: Int[Tensor, "batch tokens"]  # the decoder's input: </s> __lang__ tok ... tok
    labels: Int[Tensor, "batch tokens"]  # what it must say: __lang__ tok ... tok </s>; -100 is padding
    speech: Float[Tensor, "batch positions width"] | None = None
    text: Int[Tensor, "batch positions"] | None = None
    reading: Batch | None = None  # what is heard, as it is read: the transcripts, where the examples carry them

    def to(self, device: torch.device | str) -> Batch:
        """The batch on a device."""
        moved = {name: value.to(device) if isinstance(value, (Tensor, Batch)) else value for name, value in vars(self).items()}
        return Batch(**moved)

    @property
    def padding_share(self) -> float:
        """The share of input positions that hold nothing."""
        return 1.0 - self.mask.float().mean().item()


def pad(rows: Sequence[Tensor], value: float) -> Tensor:
    """Rows of unlike length as one tensor, padded on the right."""
    return torch.nn.utils.rnn.pad_sequence(list(rows), batch_first=True, padding_value=value)


def lengths_mask(lengths: Sequence[int]) -> Int[Tensor, "batch positions"]:
    """1 for the first `lengths[i]` positions of row i, else 0."""
    return (torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)).long()


@dataclass(frozen=True)
class AugmentKey:
    """How training audio is changed in one epoch; only `fit` makes one, so no other audio is ever changed."""

    augment: Augment
    seed: int
    epoch: int


@dataclass
class Collator:
    """Examples to a `Batch`; Seamless and NLLB lay out their tokens alike.

    Audio longer than the ears hear is cut and text longer than `longest_text` tokens is cut; both are counted.
    An example whose audio cannot be heard is left out of its batch and named in `dropped`.
    """

    model: Translator
    ears: FbankExtractor | None = None  # not needed where nothing is heard
    longest_text: int = 128  # tokens, language and end among them (GMU)
    cut_texts: set[str] = field(default_factory=set)
    dropped: dict[str, Dropped] = field(default_factory=dict)
    _known: OrderedDict[str, list[int]] = field(default_factory=OrderedDict)

    def __call__(self, examples: Sequence[Example], draw: AugmentKey | None = None) -> Batch | None:
        """The batch, or None where no example of it can be heard."""
        heard, features = self._hear(examples, draw) if examples[0].task.hears else (list(examples), [])
        if not heard:
            return None
        targets = [self._target(example) for example in heard]
        batch = {
            "examples": heard,
            "prefix": pad([target[:-1] for target in targets], self.model.tokenizer.pad_token_id),
            "labels": pad([target[1:] for target in targets], -100),
        }
        reading = None
        # an empty text may be read too: a recogniser heard nothing
        if not features or all(example.input_text for example in heard):
            read = [self._source(example) for example in heard]
            text = pad(read, self.model.tokenizer.pad_token_id)
            reading = Batch(text=text, mask=lengths_mask([len(row) for row in read]), **batch)
        if not features:
            return reading
        heard_mask = lengths_mask([len(row) for row in features])
        return Batch(speech=pad(features, 0.0), mask=heard_mask, reading=reading, **batch)

    def _hear(self, examples: Sequence[Example], draw: AugmentKey | None) -> tuple[list[Example], list[Tensor]]:
        rng_states = [utterance_rng(draw.seed, draw.epoch, e.id) for e in examples] if draw else []
        changes = None
        if draw and draw.augment.changes_sound:
            changes = [lambda samples, rng=rng: draw.augment.sound(samples, rng) for rng in rng_states]
        heard, features = [], []
        for index, found in enumerate(self.ears.hear([e.audio for e in examples], changes)):
            if isinstance(found, BadAudio):
                self.dropped[examples[index].id] = Dropped(examples[index].id, str(found))
                continue
            heard.append(examples[index])
            masked = draw and draw.augment.changes_features
            features.append(draw.augment.mask(found, rng_states[index]) if masked else found)
        return heard, features

    def _target(self, example: Example) -> Int[Tensor, "tokens"]:
        end = self.model.tokenizer.eos_token_id
        return torch.tensor([end, self.model.language_id(example.target), *self._pieces(example, example.target_text, 3), end])

    def _source(self, example: Example) -> Int[Tensor, "tokens"]:
        end = self.model.tokenizer.eos_token_id
        return torch.tensor([self.model.language_id(example.source), *self._pieces(example, example.input_text, 2), end])

    def _pieces(self, example: Example, text: str, special: int) -> list[int]:
        if text not in self._known:
            self._known[text] = text_ids(self.model.tokenizer, text)
            if len(self._known) > REMEMBERED_TEXTS:
                self._known.popitem(last=False)
        pieces = self._known[text]
        if len(pieces) + special > self.longest_text:
            self.cut_texts.add(example.id)
        return pieces[: self.longest_text - special]
