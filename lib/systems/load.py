"""Trained systems for use: load one from its folder, and translate audio files of any length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lib.corpora.audio import BadAudio, split_media_fragment
from lib.corpora.audio_stats import read_header
from lib.data import segments
from lib.data.collate import Collator
from lib.decoding import decode
from lib.files import Damaged, as_written, read_json
from lib.models.protocol import Search
from lib.progress import Progress, no_progress
from lib.scales import set_threads
from lib.systems.registry import SYSTEMS
from lib.systems.strategy import Strategy, System
from lib.systems.variant import named_strategy
from lib.tasks import TASKS, Example, Task


@dataclass(frozen=True, kw_only=True)
class Segment:
    """The output for one stretch of a file."""

    start: float  # seconds
    end: float  # seconds
    text: str


@dataclass(frozen=True, kw_only=True)
class Translation:
    """The output for one file."""

    path: Path
    segments: tuple[Segment, ...]
    text: str  # of all segments
    error: str = ""  # why the file, or a part of it, could not be read


@dataclass(kw_only=True)
class LoadedSystem:
    """A trained system, ready for use."""

    folder: Path
    card: dict[str, Any]  # system.json
    model: nn.Module
    system: System
    strategy: Strategy

    @property
    def task(self) -> Task:
        return TASKS[self.card["task"]]

    @property
    def directions(self) -> list[tuple[str, str]]:
        """Source and target languages that it was trained on, ISO 639-3."""
        return [(source, target) for source, target in self.card["directions"]]

    @cached_property
    def collate(self) -> Collator:
        """Audio and texts to batches, with the limits of the system's recipe."""
        facts = self.card["model"]
        extractor = self.model.feature_extractor(facts["max_seconds"])
        return Collator(self.model, extractor, max_tokens=facts["max_tokens"])

    def translate(
        self,
        paths: Sequence[str | Path],
        source: str = "",
        target: str = "",
        progress: Progress = no_progress,
    ) -> list[Translation]:
        """Translate (or, for ASR, transcribe) audio files of any length.

        Long files are decoded in segments, each with its times.

        Args:
            source, target: needed where the system was trained on several directions.

        Raises:
            ValueError: the system takes text, or was not trained on that direction.
        """
        source, target = self._direction(source, target)
        direction = (source, target if self.task.translates else source)
        self.collate.dropped.clear()  # of an earlier call
        errors: dict[Path, str] = {}
        parts: list[Example] = []
        for number, path in enumerate(map(Path, paths)):
            try:
                parts += self._segments(f"{number}", path, *direction)
            except BadAudio as error:
                errors[path] = str(error)
        hypotheses = []
        if parts:
            search = Search(**self.card["model"]["search"])
            parse = partial(self.system.parse, self.strategy)
            hypotheses = decode(
                self.model,
                parts,
                self.collate,
                search,
                progress=progress,
                parse=parse,
                precision=self.card["stage"]["precision"],
            )
        found: dict[str, list[Segment]] = {}
        for part, hypothesis in zip(parts, hypotheses, strict=True):
            number, _, _ = part.id.partition("#")
            _, start, end = split_media_fragment(part.audio)
            end = start + part.seconds if end is None else end
            segment = Segment(start=start, end=end, text=hypothesis.text)
            found.setdefault(number, []).append(segment)
        for dropped in self.collate.dropped.values():
            path = Path(paths[int(dropped.id.partition("#")[0])])
            errors.setdefault(path, dropped.reason)
        return [
            self._translation(Path(path), found.get(f"{number}", []), direction[1], errors)
            for number, path in enumerate(paths)
        ]

    def _translation(
        self, path: Path, parts: Sequence[Segment], code: str, errors: dict[Path, str]
    ) -> Translation:
        overlap = self.card["model"]["overlap_seconds"] > 0
        text = segments.join_texts([part.text for part in parts], code, overlap)
        return Translation(path=path, segments=tuple(parts), text=text, error=errors.get(path, ""))

    def _direction(self, source: str, target: str) -> tuple[str, str]:
        if not self.task.speech_input:
            raise ValueError(f"{self.folder.name} translates text, not audio: {self.task.name}")
        fits = [
            pair
            for pair in self.directions
            if source in ("", pair[0]) and target in ("", pair[1])
        ]
        if len(fits) != 1:
            known = ", ".join("→".join(pair) for pair in self.directions)
            asked = f"{source or 'any language'}→{target or 'any language'}"
            raise ValueError(f"{self.folder.name} was trained on {known}, not on {asked}")
        return fits[0]

    def _segments(self, name: str, path: Path, source: str, target: str) -> list[Example]:
        file, start, end = split_media_fragment(path)
        seconds = (read_header(file).seconds if end is None else end) - start
        example = Example(
            id=name,
            task=self.task,
            source=source,
            target=target,
            target_text="",
            audio=path.resolve(),
            seconds=seconds,
        )
        facts, example = self.card["model"], self.system.prepare(self.strategy, example)
        return segments.segment(example, facts["max_seconds"], facts["overlap_seconds"])


def load_system(folder: str | Path, device: torch.device | str = "cpu") -> LoadedSystem:
    """A trained system from its folder in the cache.

    Raises:
        ValueError: the folder holds no finished system.
        Damaged: a file of it, or of a backbone, is not what was written.
        WrongCheckpoint: its weights do not fit its model.
    """
    folder = Path(folder).resolve()
    for name in ("system.json", "best.safetensors", "done.json"):
        if not (folder / name).exists():
            raise ValueError(f"{folder} is no finished system: it lacks {name}; train it first")
    card = read_json(folder / "system.json")
    read_json(folder / "done.json")
    with as_written(folder / "system.json"):
        name, scale = card["system"], card["scale"]
    if name not in SYSTEMS:  # it names a module, which is imported
        raise Damaged(f"{folder / 'system.json'} names the system {name!r}, which there is not")
    set_threads(scale)
    module = import_module(f"lib.systems.{name}.system")
    model = module.SYSTEM.load(card["model"], folder).to(device)
    return LoadedSystem(
        folder=folder,
        card=card,
        model=model,
        system=module.SYSTEM.for_card(card),
        strategy=named_strategy(module.SYSTEM, card["strategy"], card["task"]),
    )
