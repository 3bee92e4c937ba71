"""BIG-C: Bemba conversations about photographs, transcribed and translated (ACL 2023)."""

from __future__ import annotations

from pathlib import Path

from lib.bounded import parse_json
from lib.corpora.sources.genders import gender_of
from lib.corpora.sources.reading import Entries, Lines, NotObtained
from lib.utterance import Utterance

SPLIT_OF = {"train": "train", "valid": "dev", "test": "test"}
KEYS = ("audio_id", "speaker_id", "duration", "bem_transcription", "en_translation")
INAUDIBLE = ("NOT PLAYING", "NOT FOUND")  # transcribers' texts for clips that they could not hear


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read data/bem/splits/{train,valid,test}.jsonl (train, dev, test) with data/bem/audio.

    The .tsv lists, which name the same clips, the photographs and the conversations are not read.
    """
    if spoken not in (None, "bem"):
        return
    corpus = folder / "data" / "bem"
    paths = [corpus / "splits" / f"{part}.jsonl" for part in SPLIT_OF]
    if not any(path.is_file() for path in paths):
        raise NotObtained(
            f"{corpus / 'splits'} has no train.jsonl, valid.jsonl or test.jsonl; "
            "`folder` must be a clone of csikasote/bigc"
        )
    for path in paths:
        if path.is_file():
            yield from _clips(Lines(path, folder), corpus / "audio", written)


def _clips(lines: Lines, audio: Path, written: str | None) -> Entries:
    for number, line in lines:
        if not line.strip():
            continue
        try:
            row = parse_json(line)
            name, speaker = str(row["audio_id"]), str(row["speaker_id"])
            seconds = float(row["duration"])
            bem = (row["bem_transcription"] or "").strip()
            eng = (row["en_translation"] or "").strip()
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            problem = f"cannot be read as a clip ({error!r:.200})"
            remedy = f"a line must be JSON with {', '.join(KEYS)}"
            yield lines.finding(number, "line", problem, remedy)
            continue
        inaudible = next((text for text in (bem, eng) if text.upper() in INAUDIBLE), None)
        if inaudible:
            problem, remedy = f"its text is {inaudible!r}", "nothing to do: it was inaudible"
            yield lines.finding(number, "text", problem, remedy, id=Path(name).stem)
            continue
        yield Utterance(
            id=Path(name).stem,
            audio=audio / name,
            seconds=seconds,
            language="bem",
            speaker=speaker,
            gender=gender_of(row.get("gender")),
            split=SPLIT_OF[lines.path.stem],
            texts={"bem": bem} | ({"eng": eng} if written in (None, "eng") else {}),
            origin=lines.origin(number),
        )
    yield from lines.findings
