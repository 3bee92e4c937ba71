"""BIG-C: Bemba conversations about photographs, transcribed and translated into English (ACL 2023)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained
from lib.utterance import Finding, Utterance

PARTS = {"train": "train", "valid": "dev", "test": "test"}
MARKS = ("NOT PLAYING", "NOT FOUND")  # what transcribers wrote where they could not hear the clip


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips of data/bem/splits/{train,valid,test}.jsonl, which are train, dev and test; their sound is in data/bem/audio.

    The lists in .tsv name the same clips and are not read; nor are the photographs and the order of the conversations.
    """
    if spoken not in (None, "bem"):
        return
    home = folder / "data" / "bem"
    parts = {part: home / "splits" / f"{part}.jsonl" for part in PARTS if (home / "splits" / f"{part}.jsonl").is_file()}
    if not parts:
        raise NotObtained(
            f"{home / 'splits'} has no train.jsonl, valid.jsonl or test.jsonl; `folder` must be a clone of csikasote/bigc"
        )
    for part, path in parts.items():
        lines = Lines(path, folder)
        for number, line in lines:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                name, speaker, seconds = row["audio_id"], str(row["speaker_id"]), float(row["duration"])
                texts = {"bem": (row["bem_transcription"] or "").strip(), "eng": (row["en_translation"] or "").strip()}
            except (ValueError, KeyError, TypeError) as error:
                what = f"is no clip ({error!r:.200})"
                remedy = "a line is JSON with audio_id, speaker_id, duration, bem_transcription and en_translation"
                yield Finding("line", "", lines.at(number), what, remedy)
                continue
            mark = next((text for text in texts.values() if text.upper() in MARKS), None)
            if mark:
                yield Finding("text", Path(name).stem, lines.at(number), f"its text is {mark!r}", "nothing: nobody could hear it")
                continue
            yield Utterance(
                id=Path(name).stem,
                audio=home / "audio" / name,
                seconds=seconds,
                language="bem",
                speaker=speaker,
                split=PARTS[part],
                texts={code: text for code, text in texts.items() if code == "bem" or written in (None, code)},
                origin=lines.at(number),
            )
        yield from lines.findings
