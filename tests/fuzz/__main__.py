"""Command line: `python -m tests.fuzz COUNT [FIRST_SEED]`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from transformers import SeamlessM4TTokenizer

from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize
from lib.models.tokenizer import train_seamless_tokenizer
from lib.tasks import ST, Example, examples
from tests.conftest import NARROW, SMALL_SIZE
from tests.fuzz.campaign import table, trials
from tests.fuzz.trials import GOOD

SPEC = Phrasebook(
    spoken=("est", "eng"), written=("spa", "que"), train=20, dev=4, test=6, breadth=NARROW
)


def shared(folder: Path) -> tuple[Path, list[Example]]:
    """A tokenizer and examples, for trials with a checkpoint."""
    texts = [text for sentence in SPEC.sentences(200) for text in sentence.values()]
    tokenizer = folder / "tokenizer"
    train_seamless_tokenizer(texts, ["est", "eng", "spa"], SMALL_SIZE.subwords, tokenizer)
    SeamlessM4TTokenizer.from_pretrained(tokenizer)
    return tokenizer, examples(synthesize(SPEC, folder).split("train", "est"), ST, "eng")


def main(count: int, first_seed: int = 0) -> int:
    """Print what went wrong, and the table; returns the exit code."""
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for trial in trials(count, folder, *shared(folder), first_seed):
            found.append(trial)
            if trial.outcome not in GOOD:
                print(f"{trial}\n    {trial.message[:500]!r}", flush=True)
    print(table(found))
    return any(trial.outcome not in GOOD for trial in found)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
