"""Mboshi-French: an unwritten Bantu language with French translations (LREC 2018)."""

from __future__ import annotations

from pathlib import Path

from lib.corpora.sources.reading import Entries, Lines, NotObtained
from lib.corpora.sources.splits import train_or_dev
from lib.utterance import Utterance

DEV_EVERY = 10  # one training sentence in 10


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Entries:
    """Read full_corpus_newsplit/{train,dev}; texts keep the linguists' case and punctuation.

    The published dev is the test set here, as in the papers that score on it. A tenth of train is
    dev, by hash of the French sentence, so that a repeated sentence is in one split.
    """
    parts = [folder / "full_corpus_newsplit" / part for part in ("train", "dev")]
    for part in parts:
        if not part.is_dir():
            remedy = "`folder` must be the repository that holds full_corpus_newsplit/"
            raise NotObtained(f"{part} is not there; {remedy}")
        for audio in sorted(part.glob("*.wav")):
            texts = {}
            for code, suffix in (("mdw", ".mb"), ("fra", ".fr")):
                lines = Lines(audio.with_suffix(suffix), folder)
                if lines.path.is_file():  # curation reports missing texts
                    texts[code] = " ".join(line.strip() for _, line in lines)
                    yield from lines.findings
            french = texts.get("fra", "")
            yield Utterance(
                id=audio.stem,
                audio=audio,
                seconds=float("nan"),
                language="mdw",
                speaker=audio.stem.partition("_")[0],
                split="test" if part.name == "dev" else train_or_dev(french, DEV_EVERY),
                texts=texts,
                origin=f"{audio.relative_to(folder)}:1",
            )
