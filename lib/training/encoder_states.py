"""Encoder states on disk: a frozen speech encoder encodes each file once, not once an epoch."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from lib.data.batch import Batch, lengths_mask, pad
from lib.models.protocol import part_names
from lib.training.stages import Stage
from lib.training.weights import weights_fingerprint

PART = "speech_encoder"
# of one encoder's states: 30 s of Whisper-large's take 7.7 MB, so 13,000 clips
MAX_BYTES = 100_000_000_000
MAX_FREE_SHARE = 0.5  # of the disk's free space


class EncoderStateCache:
    """The speech encoder's states of each audio file, in a folder.

    Valid because encoding does not depend on the batch. One file of float32 numbers grows at its
    end, and an index beside it; an incomplete last line is dropped and computed again. Processes
    that share the folder write one after another.

    Args:
        folder: may be shared by stages: each encoder has files of its own.
        model: its speech encoder must be frozen.
        max_bytes: clips that are new when so much is stored are encoded anew each time.

    Raises:
        ValueError: called while the encoder is in train mode.
    """

    def __init__(self, folder: Path, model: nn.Module, max_bytes: int = MAX_BYTES) -> None:
        self.model = model
        self._encoder = model.get_submodule(model.parts[PART][0])
        name = weights_fingerprint(self._encoder.named_parameters())
        # the same weights have other states for clips that are padded to a window
        if getattr(getattr(model, "encoder", None), "pad_to_window", False):
            name += "-windows"
        if getattr(getattr(model, "bridge", None), "reads_layers", False):
            name += "-layers"
        self._data, self._index = folder / f"{name}.bin", folder / f"{name}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        self._positions: dict[str, tuple[int, int]] = {}  # audio -> first number, states
        self.computed = 0  # utterances encoded, not read from disk
        self.not_stored = 0  # of these, those that the budget has no room for
        with self._alone() as data:
            # a kill may have left half a number at the end
            stored = data.seek(0, os.SEEK_END) // 4 * 4
            os.truncate(self._data, stored)
            room = int(shutil.disk_usage(folder).free * MAX_FREE_SHARE)
            self.max_bytes = min(max_bytes, stored + room)
            if self._index.exists():
                self._load_index()

    @contextmanager
    def _alone(self) -> Iterator[BinaryIO]:
        """The file of numbers, while no other process writes."""
        with open(self._data, "ab") as data:
            fcntl.flock(data, fcntl.LOCK_EX)  # released when the file is closed
            yield data

    def __call__(self, batch: Batch) -> Batch:
        """The batch with its encoder states; only files that are new are encoded."""
        keys = [str(example.audio) for example in batch.examples]
        new = [index for index, key in enumerate(keys) if key not in self._positions]
        kept_out: dict[str, Tensor] = {}  # states that are not stored
        if self._encoder.training:
            raise ValueError(
                "the speech encoder is in train mode, so dropout changes its states; freeze it, or "
                "train without a state cache"
            )
        if new:
            with torch.no_grad():
                states, mask = self.model.encode_speech(batch.speech[new], batch.speech_mask[new])
            for index, row, count in zip(new, states, mask.sum(1).tolist(), strict=True):
                if not self._write(keys[index], row[:count]):
                    kept_out[keys[index]] = row[:count].float().cpu()
        rows = [kept_out[key] if key in kept_out else self._read(key) for key in keys]
        device = batch.mask.device
        mask = lengths_mask([len(row) for row in rows])
        return replace(batch, states=pad(rows, 0.0).to(device), states_mask=mask.to(device))

    def _load_index(self) -> None:
        lines = self._index.read_text(encoding="utf-8").splitlines(keepends=True)
        numbers = self._data.stat().st_size // 4
        for key, start, count in (json.loads(line) for line in lines if line.endswith("\n")):
            if start + count * self.model.states_width <= numbers:
                self._positions[key] = (start, count)
        rows = [json.dumps([key, *position]) + "\n" for key, position in self._positions.items()]
        self._index.write_text("".join(rows), encoding="utf-8")

    def _write(self, key: str, states: Float[Tensor, "_ hidden"]) -> bool:
        """Store the states of a clip, if the budget has room for them."""
        self.computed += 1
        numbers = states.float().cpu().numpy().tobytes()
        with self._alone() as data, open(self._index, "a", encoding="utf-8") as index:
            start = data.seek(0, os.SEEK_END) // 4
            if 4 * start + len(numbers) > self.max_bytes:
                self.not_stored += 1
                return False
            data.write(numbers)
            data.flush()
            index.write(json.dumps([key, start, len(states)]) + "\n")
        self._positions[key] = (start, len(states))
        return True

    def _read(self, key: str) -> Float[Tensor, "_ hidden"]:
        start, count = self._positions[key]
        width = self.model.states_width
        with open(self._data, "rb") as file:
            numbers = os.pread(file.fileno(), count * width * 4, start * 4)
        rows = np.frombuffer(numbers, np.float32).reshape(count, width)
        return torch.from_numpy(rows.copy())


def encoder_state_cache(
    model: nn.Module, stage: Stage, folder: Path
) -> EncoderStateCache | None:
    """A cache where a stage allows it: its speech encoder is frozen and nothing is augmented."""
    parameters = {name for name, _ in model.named_parameters()}
    names = [f"model.{name}" for name in part_names(model, PART) if name in parameters]
    frozen = all(any(re.search(pattern, name) for pattern in stage.frozen) for name in names)
    return EncoderStateCache(folder, model) if frozen and stage.augment is None else None
