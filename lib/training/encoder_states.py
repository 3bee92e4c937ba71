"""Encoder states kept on disk: what a frozen encoder says to a file is computed once, whatever the epoch."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from lib.data.collate import Batch, lengths_mask, pad
from lib.models.seamless import Seamless
from lib.training.checkpoints import weights_fingerprint
from lib.training.stages import Stage


class EncoderStateCache:
    """The speech encoder's states of each audio file, in a folder; they are right, since a batch gives what one gives.

    One file of numbers grows at its end, and a list of where each utterance lies beside it; a line that was cut off
    in the middle is dropped and computed again. One process at a time writes.

    Args:
        folder: may be shared by stages: what another encoder said is kept under another name.
        model: its speech encoder must be frozen, and stay as it is.

    Raises:
        ValueError: when called while the encoder is in train mode.
    """

    def __init__(self, folder: Path, model: Seamless) -> None:
        self.model = model
        name = weights_fingerprint(model.speech.speech_encoder.named_parameters())
        self._numbers, self._index = folder / f"{name}.bin", folder / f"{name}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        self._numbers.touch()
        os.truncate(self._numbers, self._numbers.stat().st_size // 4 * 4)  # a kill may have left half a number at the end
        self._known: dict[str, tuple[int, int]] = {}  # audio -> first number, states
        self.computed = 0  # utterances that had to be
        if self._index.exists():
            whole = [line for line in self._index.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]
            rows = [json.loads(line) for line in whole]
            there = self._numbers.stat().st_size // 4
            self._known = {key: (start, count) for key, start, count in rows if start + count * model.config.hidden_size <= there}
            self._index.write_text("".join(json.dumps([key, *self._known[key]]) + "\n" for key in self._known), encoding="utf-8")

    def __call__(self, batch: Batch) -> tuple[Float[Tensor, "batch states hidden"], Int[Tensor, "batch states"]]:
        """What `model.encode_speech` gives for the batch, computed only for files that are new."""
        keys = [str(example.audio) for example in batch.examples]
        new = [index for index, key in enumerate(keys) if key not in self._known]
        if self.model.speech.speech_encoder.training:
            raise ValueError("the speech encoder is in train mode, so its states are by chance; freeze it, or keep no states")
        if new:
            with torch.no_grad():
                states, mask = self.model.encode_speech(batch.speech[new], batch.mask[new])
            for index, row, count in zip(new, states, mask.sum(1).tolist(), strict=True):
                self._write(keys[index], row[:count])
        rows = [self._read(key) for key in keys]
        device = batch.mask.device
        return pad(rows, 0.0).to(device), lengths_mask([len(row) for row in rows]).to(device)

    def _write(self, key: str, states: Float[Tensor, "_ hidden"]) -> None:
        self.computed += 1
        with open(self._numbers, "ab") as numbers, open(self._index, "a", encoding="utf-8") as index:
            start = numbers.tell() // 4
            numbers.write(states.float().cpu().numpy().tobytes())
            numbers.flush()
            index.write(json.dumps([key, start, len(states)]) + "\n")
        self._known[key] = (start, len(states))

    def _read(self, key: str) -> Float[Tensor, "_ hidden"]:
        start, count = self._known[key]
        width = self.model.config.hidden_size
        with open(self._numbers, "rb") as numbers:
            data = os.pread(numbers.fileno(), count * width * 4, start * 4)
        return torch.from_numpy(np.frombuffer(data, np.float32).reshape(count, width).copy())


def encoder_states(model: Seamless, stage: Stage, folder: Path) -> EncoderStateCache | None:
    """States on disk where a stage allows it: its speech encoder is frozen, and nothing by chance stands before it."""
    names = [f"model.speech.speech_encoder.{name}" for name, _ in model.speech.speech_encoder.named_parameters()]
    frozen = all(any(re.search(pattern, name) for pattern in stage.frozen) for name in names)
    return EncoderStateCache(folder, model) if frozen and stage.augment is None else None
