"""IWSLT's Estonian-English: broadcasts with machine translations, dev by people (TalTech, 2025)."""

from __future__ import annotations

import re
from pathlib import Path

from lib.corpora.sources.reading import Entries, Lines, NotObtained, Table
from lib.corpora.sources.splits import train_or_dev
from lib.utterance import Utterance

# one recording in 200 of train, which has 581,647 utterances; the published dev has 1,601
DEV_EVERY = 200
CLIP_TIMES = re.compile(r"_(\d+\.\d+)_(\d+\.\d+)\.flac")  # start and end in the recording, seconds


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read train.tsv and dev.tsv with audio/RECORDING/RECORDING_NUMBER_START_END.flac.

    The published dev, the only part translated by people, is the test set here, since the test set
    of 2025 is in another repository. One recording in 200 of train, by hash of its name, is dev.
    """
    if spoken not in (None, "est"):
        return
    paths = [path for part in ("train", "dev") if (path := folder / f"{part}.tsv").is_file()]
    if not paths:
        remedy = "`folder` must be a clone of taltechnlp/iwslt2025_est2eng_data"
        raise NotObtained(f"{folder} has no train.tsv or dev.tsv; {remedy}")
    for path in paths:
        _, first_line = next(iter(Lines(path, folder)), (0, ""))
        if first_line.startswith("version https://git-lfs"):
            remedy = f"run `git lfs pull` in {folder}"
            raise NotObtained(f"{path} is a Git LFS pointer, not the list; {remedy}")
        clips = Table(path, folder, ("audio", "Estonian", "English"))
        for number, row in clips:
            recording, _, clip = row["audio"].rpartition("/")
            if not clip:
                yield clips.finding(number, "clip", "names no clip", "download the list again")
                continue
            times = CLIP_TIMES.search(clip)
            translation = {"eng": row["English"]} if written in (None, "eng") else {}
            yield Utterance(
                id=Path(clip).stem,
                audio=folder / "audio" / row["audio"],
                seconds=round(float(times[2]) - float(times[1]), 3) if times else float("nan"),
                language="est",
                speaker="",
                split="test" if path.stem == "dev" else train_or_dev(recording, DEV_EVERY),
                texts={"est": row["Estonian"]} | translation,
                origin=clips.origin(number),
            )
        yield from clips.findings
