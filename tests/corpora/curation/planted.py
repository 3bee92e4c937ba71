"""A folder of one's own with twenty defects planted among lines that are clean."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook

COLUMNS = ("id", "audio", "split", "source", "target", "transcript", "translation", "speaker", "seconds", "licence")
CLEAN = {"train": 40, "dev": 8, "test": 8}
HZ = {"s1": 110.0, "s2": 150.0, "s3": 200.0, "s4": 130.0, "s5": 170.0, "dev1": 120.0, "test1": 180.0}


def voice(path: Path, seconds: float, pitch: float, rate: int = 16000, channels: int = 1, seed: int = 0) -> None:
    """A buzzing sound with a pitch, and with a little noise, so that no two are the same."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)) * 0.1
    wave += 0.002 * np.random.default_rng(seed).standard_normal(len(time))
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate)


@dataclass
class Planted:
    """The manifest, its clean lines as they must come out, and what must be found: (step, outcome) -> line numbers."""

    manifest: Path
    clean: dict[str, dict] = field(default_factory=dict)  # id -> row
    expected: list[tuple[str, str, int, str]] = field(default_factory=list)  # defect, step, line, outcome


def plant(folder: Path) -> Planted:
    """Write the folder; sentences are the phrasebook's, in English and French."""
    spec = Phrasebook(("eng",), ("eng", "fra"), CLEAN["train"] + 40, CLEAN["dev"], CLEAN["test"], ALL_OF_CLDR, 3)
    texts = {split: [spec.texts(c) for c in spec.contents(split, len(spec_of))] for split, spec_of in _many(spec).items()}
    planted = Planted(folder / "own.tsv")
    lines: list[str] = ["\t".join(COLUMNS)]
    spare = iter(texts["train"][CLEAN["train"] :])
    number = 0

    def row(name: str, words: dict[str, str], split: str = "train", **change: str) -> dict:
        nonlocal number
        number += 1
        speaker = change.pop("speaker", {"dev": "dev1", "test": "test1"}.get(split) or f"s{number % 5 + 1}")
        seconds = round(len(words["eng"]) / 14 + 0.3, 2)
        made = {
            "id": name, "audio": f"clips/{name}.wav", "split": split, "source": "eng", "target": "fra",
            "transcript": words["eng"], "translation": words["fra"], "speaker": speaker,
            "seconds": f"{seconds:.2f}", "licence": "CC-BY-4.0",
        }  # fmt: skip
        voice(folder / made["audio"], seconds, HZ.get(speaker, 140.0), seed=number)
        return made | change

    def put(made: dict, defect: str = "", step: str = "", outcome: str = "dropped") -> Path:
        lines.append("\t".join(made[column] for column in COLUMNS))
        if defect:
            planted.expected.append((defect, step, len(lines), outcome))
        if not defect or outcome != "dropped":
            planted.clean[made["id"]] = made
        return folder / made["audio"]

    for split, count in CLEAN.items():
        for index in range(count):
            put(row(f"{split}{index}", texts[split][index], split))

    put(row("leak", texts["test"][0]), "leaked sentence", "overlap")
    path = put(row("stereo", next(spare)), "stereo", "file", "repaired")
    voice(path, soundfile.info(path).duration, 140.0, channels=2, seed=901)
    path = put(row("narrow", next(spare)), "8 kHz", "file", "repaired")
    voice(path, soundfile.info(path).duration, 140.0, rate=8000, seed=902)
    path = put(row("cut", next(spare), seconds=""), "truncated file", "file")
    os.truncate(path, path.stat().st_size // 2)
    put(row("length", next(spare), seconds="2950.00"), "wrong duration column", "length")
    words = {"eng": "Le train pour Lyon part ce matin à huit heures", "fra": "The train for Lyons leaves at eight this morning"}
    put(row("swapped", words), "swapped columns", "language")
    put(row("crlf", next(spare)), "CRLF", "line ends", "repaired")
    lines[-1] += "\r"
    planted.expected.append(("BOM", "byte order mark", 1, "repaired"))
    words = next(spare)
    put(row("quotes", words | {"fra": f'"{words["fra"]}"'}), "quotes in TSV", "text", "noted")
    put(row("empty", next(spare) | {"fra": ""}), "empty translation", "text")
    put(row("again", next(spare)) | {"id": "train0"}, "duplicate id", "identifier")
    first = len(lines) + 1
    for index in range(8):
        path = put(row(f"two{index}", next(spare), speaker="mixed"))
        voice(path, soundfile.info(path).duration, 105.0 if index % 2 else 210.0, seed=910 + index)
    for line in (first, first + 1):  # one clip of each of them
        planted.expected.append(("two speakers under one name", "sound", line, "noted"))
    words = next(spare)
    put(
        row("foreign", words | {"eng": "Der Zug nach München fährt heute leider erst um halb neun ab"}),
        "foreign-language line",
        "language",
    )
    words = next(w for w in spare if unicodedata.normalize("NFD", w["fra"]) != w["fra"])
    put(row("nfd", words), "NFD text", "text", "repaired")
    lines[-1] = lines[-1].replace(words["fra"], unicodedata.normalize("NFD", words["fra"]))
    words = next(spare)
    put(row("marks", words), "right-to-left marks", "text", "repaired")
    lines[-1] = lines[-1].replace(words["fra"], f"\u200f{words['fra']}\u202c")
    path = put(row("nothing", next(spare), seconds=""), "zero-length audio", "file")
    soundfile.write(path, np.zeros(0), 16000)
    put(row("outside", next(spare), audio="../elsewhere.wav"), "path outside the folder", "file")
    path = put(row("loop", next(spare)), "symlink loop", "file")
    path.unlink()
    path.symlink_to("loop2.wav")
    path.with_name("loop2.wav").symlink_to("loop.wav")
    path = put(row("long", next(spare), audio="clips/long.flac", seconds="10800.00"), "a 3 h file", "duration")
    with soundfile.SoundFile(path, "w", 16000, 1, "PCM_16") as file:
        for _ in range(180):
            file.write(np.zeros(60 * 16000, dtype=np.int16))
    put(row("forbidden", next(spare), licence="CC-BY-NC-ND-4.0"), "a licence that forbids", "licence")

    planted.manifest.write_bytes(b"\xef\xbb\xbf" + "".join(f"{line}\n" for line in lines).encode())
    voice(folder.parent / "elsewhere.wav", 1.0, 140.0)
    return planted


def _many(spec: Phrasebook) -> dict[str, range]:
    return {"train": range(spec.train), "dev": range(spec.dev), "test": range(spec.test)}
