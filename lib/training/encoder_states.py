"""Encoder states on disk: a frozen speech encoder encodes each file once, not once an epoch."""

from __future__ import annotations

import errno
import hashlib
import json
import operator
import os
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensor

from lib.bounded import parse_json
from lib.corpora.audio import split_media_fragment
from lib.data.batch import Batch, lengths_mask, pad
from lib.files import stamp
from lib.locks import lock
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
    end, and an index beside it, with the hash of each clip's numbers; what is incomplete, damaged,
    or of a file that has changed is computed again. Processes that share the folder write one
    after another; what a full disk has no room for, or another user's folder, is not stored.

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
        self._lock = folder / f".{name}.lock"
        # audio -> its first number, how many states, and the hash of their bytes
        self._positions: dict[str, tuple[int, int, str]] = {}
        self._keys: dict[str, str] = {}  # audio -> key
        self._verified: set[str] = set()
        self.computed = 0  # utterances encoded, not read from disk
        self.not_stored = 0  # of these, those that could not be stored
        stored = self._data.stat().st_size if self._data.exists() else 0
        disk = next(path for path in self._data.parents if path.exists())
        room = int(shutil.disk_usage(disk).free * MAX_FREE_SHARE)
        self.max_bytes = min(max_bytes, stored + room)
        if self._index.exists():
            self._load_index(stored // 4)

    def __call__(self, batch: Batch) -> Batch:
        """The batch with its encoder states; only files that are new are encoded."""
        keys = [self._key(example.audio) for example in batch.examples]
        rows = [self._read(key) for key in keys]
        new = [index for index, row in enumerate(rows) if row is None]
        if self._encoder.training:
            raise ValueError(
                "the speech encoder is in train mode, so dropout changes its states; freeze it, or "
                "train without a state cache"
            )
        if new:
            with torch.no_grad():
                states, mask = self.model.encode_speech(batch.speech[new], batch.speech_mask[new])
            for index, row, count in zip(new, states, mask.sum(1).tolist(), strict=True):
                rows[index] = row[:count].float().cpu()
                self._write(keys[index], rows[index])
        device = batch.mask.device
        mask = lengths_mask([len(row) for row in rows])
        return replace(batch, states=pad(rows, 0.0).to(device), states_mask=mask.to(device))

    def _key(self, audio: Path) -> str:
        """A file's path and what tells that it has changed; looked at once in a process."""
        if str(audio) not in self._keys:
            self._keys[str(audio)] = f"{audio} {stamp(split_media_fragment(audio)[0])}"
        return self._keys[str(audio)]

    def _load_index(self, numbers: int) -> None:
        """Read where clips are among so many numbers; several lines of one clip: the last holds."""
        with open(self._index, encoding="utf-8", errors="replace") as lines:
            for line in lines:
                try:
                    key, *position, digest = parse_json(line)
                    start, count = map(operator.index, position)
                    within = 0 <= start <= start + count * self.model.states_width <= numbers
                except (TypeError, ValueError):  # damaged, incomplete or empty
                    continue
                if within:
                    self._positions[str(key)] = (start, count, str(digest))

    def _write(self, key: str, states: Float[Tensor, "_ hidden"]) -> None:
        """Store the states of a clip, if the budget and the disk have room for them."""
        self.computed += 1
        self.not_stored += 1
        if not self.max_bytes:
            return
        numbers = states.numpy().tobytes()
        digest = hashlib.sha256(numbers).hexdigest()
        try:
            with lock(self._lock, "the storing of encoder states"):
                start = self._append(numbers)
                # the line before may have lost its end in a kill
                line = json.dumps([key, start, len(states), digest])
                with open(self._index, "a", encoding="utf-8") as index:
                    index.write(f"\n{line}\n")
        except (OSError, RuntimeError):  # a full disk, another user's, or one that does not answer
            self.max_bytes = 0
            return
        self.not_stored -= 1
        self._positions[key] = (start, len(states), digest)
        self._verified.add(key)

    def _append(self, numbers: bytes) -> int:
        """Write numbers at the end of the file; returns the place of the first.

        Raises:
            OSError: there is no room for them; the file is as before.
        """
        with open(self._data, "ab", buffering=0) as data:
            # a kill may have left half a number at the end
            end = data.seek(0, os.SEEK_END) // 4 * 4
            data.truncate(end)
            full = end + len(numbers) > self.max_bytes
            if full or data.write(numbers) < len(numbers):
                data.truncate(end)
                raise OSError(errno.ENOSPC, "no space left")
        return end // 4

    def _read(self, key: str) -> Float[Tensor, "_ hidden"] | None:
        """The states of a clip; None where they are not stored or damaged."""
        if key not in self._positions:
            return None
        start, count, digest = self._positions[key]
        width = self.model.states_width
        with open(self._data, "rb") as file:
            numbers = os.pread(file.fileno(), count * width * 4, start * 4)
        if key not in self._verified and hashlib.sha256(numbers).hexdigest() != digest:
            print(f"{self._data}: the states of {key} are damaged; computed again", file=sys.stderr)
            del self._positions[key]
            return None
        self._verified.add(key)
        rows = np.frombuffer(numbers, np.float32).reshape(count, width)
        return torch.from_numpy(rows.copy())


def encoder_state_cache(
    model: nn.Module, stage: Stage, folder: Path
) -> EncoderStateCache | None:
    """A cache where a stage allows it: its speech encoder is frozen and nothing is augmented.

    None for a model of shapes alone (`lib.training.footprint`), which has no states to keep.
    """
    if any(isinstance(parameter, FakeTensor) for parameter in model.parameters()):
        return None
    parameters = {name for name, _ in model.named_parameters()}
    names = [f"model.{name}" for name in part_names(model, PART) if name in parameters]
    frozen = all(any(re.search(pattern, name) for pattern in stage.frozen) for name in names)
    return EncoderStateCache(folder, model) if frozen and stage.augment is None else None
