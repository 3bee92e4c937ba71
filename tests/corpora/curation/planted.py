"""A corpus of a user's own with twenty defects among clean lines."""

from __future__ import annotations

import os
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile

from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook

COLUMNS = ("id audio split source target transcript translation speaker seconds licence").split()
CLEAN = {"train": 40, "dev": 8, "test": 8}  # lines
PITCH = {  # Hz, by speaker
    "s1": 110.0,
    "s2": 150.0,
    "s3": 200.0,
    "s4": 130.0,
    "s5": 170.0,
    "dev1": 120.0,
    "test1": 180.0,
}
FOREIGN = "Der Zug nach München fährt heute leider erst um halb neun ab"
SWAPPED = {
    "eng": "Le train pour Lyon part ce matin à huit heures",
    "fra": "The train for Lyons leaves at eight this morning",
}


def voice(
    path: Path,
    seconds: float,
    pitch: float,
    rate: int = 16000,
    channels: int = 1,
    seed: int = 0,
) -> None:
    """Write a buzz with a pitch and a little noise, so that no two files are equal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * rate)) / rate
    wave = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 12)) * 0.1
    wave += 0.002 * np.random.default_rng(seed).standard_normal(len(time))
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate)


def seconds_of(path: Path) -> float:
    return soundfile.info(path).duration


def clean_row(name: str, split: str, texts: dict[str, str], speaker: str) -> dict[str, str]:
    """A row of a manifest without a defect, and of the length that its transcript takes to say."""
    return {
        "id": name,
        "audio": f"clips/{name}.wav",
        "split": split,
        "source": "eng",
        "target": "fra",
        "transcript": texts["eng"],
        "translation": texts["fra"],
        "speaker": speaker,
        "seconds": f"{len(texts['eng']) / 14 + 0.3:.2f}",
        "licence": "CC-BY-4.0",
    }


@dataclass(frozen=True)
class Defect:
    """A planted defect and the finding that it must give."""

    name: str
    step: str
    line: int  # of the manifest
    outcome: str


@dataclass
class Planted:
    """A manifest under construction, with the lines to be kept and the findings to be made."""

    folder: Path
    lines: list[str] = field(default_factory=lambda: ["\t".join(COLUMNS)])
    clean: dict[str, dict] = field(default_factory=dict)  # id -> row, of the lines to be kept
    defects: list[Defect] = field(default_factory=list)

    @property
    def manifest(self) -> Path:
        return self.folder / "own.tsv"

    def add(
        self,
        name: str,
        texts: dict[str, str],
        defect: str = "",
        step: str = "",
        outcome: str = "dropped",
        **columns: str,
    ) -> Path:
        """Append a line, with its defect if it has one, and write its audio."""
        number = len(self.lines)
        split = columns.get("split", "train")
        speaker = {"dev": "dev1", "test": "test1"}.get(split) or f"s{number % 5 + 1}"
        row = clean_row(name, split, texts, speaker)
        audio, seconds = self.folder / row["audio"], float(row["seconds"])
        row |= columns
        voice(audio, seconds, PITCH.get(row["speaker"], 140.0), seed=number)
        self.lines.append("\t".join(row[column] for column in COLUMNS))
        if defect:
            self.expect(defect, step, len(self.lines), outcome)
        if not defect or outcome != "dropped":
            self.clean[name] = row
        return audio

    def expect(self, name: str, step: str, line: int, outcome: str) -> None:
        """Expect a finding about a line."""
        self.defects.append(Defect(name, step, line, outcome))

    def write(self) -> None:
        """Write the manifest, with a byte order mark."""
        self.expect("BOM", "byte order mark", 1, "repaired")
        content = "".join(f"{line}\n" for line in self.lines)
        self.manifest.write_bytes(b"\xef\xbb\xbf" + content.encode())


def plant(folder: Path) -> Planted:
    """Write the corpus; its sentences are the phrasebook's, in English and French."""
    book = Phrasebook(
        spoken=("eng",),
        written=("eng", "fra"),
        train=CLEAN["train"] + 40,
        dev=CLEAN["dev"],
        test=CLEAN["test"],
        breadth=ALL_OF_CLDR,
        seed=3,
    )
    sizes = {"train": book.train, "dev": book.dev, "test": book.test}
    sentences = {
        split: [book.texts(content) for content in book.contents(split, size)]
        for split, size in sizes.items()
    }
    planted = Planted(folder)
    for split, count in CLEAN.items():
        for index in range(count):
            planted.add(f"{split}{index}", sentences[split][index], split=split)
    planted.add("leak", sentences["test"][0], "leaked sentence", "overlap")
    spare = iter(sentences["train"][CLEAN["train"] :])
    _plant_file_defects(planted, spare)
    _plant_text_defects(planted, spare)
    _plant_listing_defects(planted, spare)
    _plant_two_voices(planted, spare)
    planted.write()
    return planted


def _plant_file_defects(planted: Planted, spare) -> None:
    audio = planted.add("stereo", next(spare), "stereo", "file", "repaired")
    voice(audio, seconds_of(audio), 140.0, channels=2, seed=901)
    audio = planted.add("narrow", next(spare), "8 kHz", "file", "repaired")
    voice(audio, seconds_of(audio), 140.0, rate=8000, seed=902)
    audio = planted.add("cut", next(spare), "truncated file", "file", seconds="")
    os.truncate(audio, audio.stat().st_size // 2)
    audio = planted.add("nothing", next(spare), "zero-length audio", "file", seconds="")
    soundfile.write(audio, np.zeros(0), 16000)
    audio = planted.add("loop", next(spare), "symlink loop", "file")
    audio.unlink()
    audio.symlink_to("loop2.wav")
    audio.with_name("loop2.wav").symlink_to("loop.wav")
    outside = {"audio": "../elsewhere.wav"}
    planted.add("outside", next(spare), "path outside the folder", "file", **outside)
    voice(planted.folder.parent / "elsewhere.wav", 1.0, 140.0)
    long = {"audio": "clips/long.flac", "seconds": "10800.00"}
    planted.add("long", next(spare), "a 3 h file", "duration", **long)
    with soundfile.SoundFile(planted.folder / long["audio"], "w", 16000, 1, "PCM_16") as file:
        for _ in range(180):
            file.write(np.zeros(60 * 16000, dtype=np.int16))


def _plant_text_defects(planted: Planted, spare) -> None:
    planted.add("swapped", SWAPPED, "swapped columns", "language")
    foreign = next(spare) | {"eng": FOREIGN}
    planted.add("foreign", foreign, "foreign-language line", "language")
    planted.add("empty", next(spare) | {"fra": ""}, "empty translation", "text")
    texts = next(spare)
    quoted = texts | {"fra": f'"{texts["fra"]}"'}
    planted.add("quotes", quoted, "quotes in TSV", "text", "noted")
    texts = next(t for t in spare if unicodedata.normalize("NFD", t["fra"]) != t["fra"])
    decomposed = texts | {"fra": unicodedata.normalize("NFD", texts["fra"])}
    planted.add("nfd", decomposed, "NFD text", "text", "repaired")
    planted.clean["nfd"]["translation"] = texts["fra"]
    texts = next(spare)
    marked = texts | {"fra": f"\u200f{texts['fra']}\u202c"}
    planted.add("marks", marked, "right-to-left marks", "text", "repaired")
    planted.clean["marks"]["translation"] = texts["fra"]


def _plant_listing_defects(planted: Planted, spare) -> None:
    wrong = {"seconds": "2950.00"}
    planted.add("length", next(spare), "wrong duration column", "length", **wrong)
    planted.add("again", next(spare), "duplicate id", "identifier", id="train0")
    licence = {"licence": "CC-BY-NC-ND-4.0"}
    planted.add("forbidden", next(spare), "a licence that forbids", "licence", **licence)
    planted.add("crlf", next(spare), "CRLF", "line ends", "repaired")
    planted.lines[-1] += "\r"


def _plant_two_voices(planted: Planted, spare) -> None:
    first_line = len(planted.lines) + 1
    for index in range(8):
        audio = planted.add(f"two{index}", next(spare), speaker="mixed")
        voice(audio, seconds_of(audio), 105.0 if index % 2 else 210.0, seed=910 + index)
    for line in (first_line, first_line + 1):  # one clip of each voice
        planted.expect("two speakers under one name", "sound", line, "noted")
