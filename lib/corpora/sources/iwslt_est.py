"""IWSLT's Estonian-English: broadcast speech with Google's translations, and a dev set translated by people (TalTech, 2025)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained, Table
from lib.corpora.sources.splits import one_in
from lib.utterance import Finding, Utterance

DEV_SHARE = 200  # one in so many recordings of train: it has 581,647 utterances, the published dev 1,601
CUT = re.compile(r"_(\d+\.\d+)_(\d+\.\d+)\.flac")  # where in its recording a clip was cut out, in seconds


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips of train.tsv and dev.tsv, whose sound is audio/RECORDING/RECORDING_NUMBER_START_END.flac.

    The published dev, the only part that people translated, becomes the test set, since the one of 2025 is another
    repository's. One recording in 200 of train, by the hash of its name, is dev.
    """
    if spoken not in (None, "est"):
        return
    lists = [path for part in ("train", "dev") if (path := folder / f"{part}.tsv").is_file()]
    if not lists:
        raise NotObtained(f"{folder} has no train.tsv or dev.tsv; `folder` must be a clone of taltechnlp/iwslt2025_est2eng_data")
    for path in lists:
        _, first = next(iter(Lines(path, folder)), (0, ""))
        if first.startswith("version https://git-lfs"):
            raise NotObtained(f"{path} is a pointer to the list, not the list; run `git lfs pull` in {folder}")
        clips = Table(path, folder, ("audio", "Estonian", "English"))
        for number, row in clips:
            recording, _, clip = row["audio"].rpartition("/")
            if not clip:
                yield Finding("clip", "", clips.at(number), "names no clip", "fetch the list again")
                continue
            cut = CUT.search(clip)
            texts = {"est": row["Estonian"], "eng": row["English"]}
            yield Utterance(
                id=Path(clip).stem,
                audio=folder / "audio" / row["audio"],
                seconds=round(float(cut[2]) - float(cut[1]), 3) if cut else float("nan"),
                language="est",
                speaker="",
                split="test" if path.stem == "dev" else "dev" if one_in(DEV_SHARE, recording) else "train",
                texts={code: text for code, text in texts.items() if code == "est" or written in (None, code)},
                origin=clips.at(number),
            )
        yield from clips.findings
