"""Mboshi-French: an unwritten Bantu language with French translations, from its own repository's layout (LREC 2018)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lib.corpora.sources.reading import Lines, NotObtained
from lib.corpora.sources.splits import one_in
from lib.utterance import Finding, Utterance

DEV_SHARE = 10  # one in so many training sentences, since the corpus publishes train and dev only and dev is the test set here


def read(folder: Path, spoken: str | None = None, written: str | None = None) -> Iterator[Utterance | Finding]:
    """The clips under `full_corpus_newsplit`; the text is the linguists' own, with its case and punctuation.

    The published `dev` becomes the test set, as in the papers that score on it. A tenth of `train` becomes dev, by the hash
    of the French sentence, so that a sentence said twice stays on one side.
    """
    parts = [folder / "full_corpus_newsplit" / part for part in ("train", "dev")]
    for part in parts:
        if not part.is_dir():
            raise NotObtained(f"{part} is not there; `folder` must be the repository that holds full_corpus_newsplit/")
        for sound in sorted(part.glob("*.wav")):
            texts = {}
            for code, suffix in (("mdw", ".mb"), ("fra", ".fr")):
                lines = Lines(sound.with_suffix(suffix), folder)
                if not lines.path.is_file():
                    continue  # curation says that there is no text in that language
                texts[code] = " ".join(line.strip() for _, line in lines)
                yield from lines.findings
            split = "test" if part.name == "dev" else "dev" if one_in(DEV_SHARE, texts.get("fra", "")) else "train"
            yield Utterance(
                id=sound.stem,
                audio=sound,
                seconds=float("nan"),
                language="mdw",
                speaker=sound.stem.partition("_")[0],
                split=split,
                texts=texts,
                origin=f"{sound.relative_to(folder)}:1",
            )
