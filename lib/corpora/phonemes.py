"""The phonemes of texts, from espeak-ng, in a process of its own.

`lib.corpora.voices` says why.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.corpora.voices import start_engine, text_phonemes
from lib.languages import language

ROOT = Path(__file__).parents[2]
# stress, spaces, and marks such as "(en)" where espeak-ng reads a foreign word
_NO_PHONEMES = re.compile(r"[ˈˌ ]|\([a-z-]+\)")


def phonemes(texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Texts of each language in the International Phonetic Alphabet, without stress and spaces.

    Raises:
        ValueError: a language has no espeak-ng voice.
        RuntimeError: the process ended early; its message is on stderr.
    """
    for code in texts:
        if not language(code).voice:
            raise ValueError(f"{language(code).name} ({code}) has no espeak-ng voice")
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    done = subprocess.run(
        # -P: a folder named lib in the current directory must not be imported
        [sys.executable, "-P", "-m", "lib.corpora.phonemes"],
        input=json.dumps({language(code).voice: list(own) for code, own in texts.items()}),
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    )
    if done.returncode:
        raise RuntimeError(f"espeak-ng ended with status {done.returncode}; see stderr")
    found = json.loads(done.stdout)
    return {code: found[language(code).voice] for code in texts}


def main() -> None:
    """The process: texts by voice on stdin, their phonemes on stdout."""
    start_engine()
    given: dict[str, list[str]] = json.load(sys.stdin)
    found = {
        voice: [_NO_PHONEMES.sub("", text_phonemes(text, voice)) for text in texts]
        for voice, texts in given.items()
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
