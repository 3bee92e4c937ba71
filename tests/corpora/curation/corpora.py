"""Small corpora, and their curation."""

from __future__ import annotations

from lib.corpora.audio_stats import AudioStats
from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import Rules
from lib.utterance import Utterance

NO_AUDIO = Rules(audio="none", check_language=False)
ANY_LANGUAGE = Rules(check_language=False)
STATS = AudioStats(
    seconds=2.0,
    level_db=-20.0,
    clipped_share=0.0,
    pitch_hz=120.0,
    hash="a1",
    fingerprint="",
    modulation_db=15.0,
    drop_at_4_khz_db=5.0,
    dc_offset=0.0,
    flat_share=0.0,
    still_share=0.05,
    silent_channels="",
)


def utterance(folder, name, text="", split="train", seconds=2.0, texts=None, **fields):
    """An utterance in English; without a text, it is of its own."""
    given = {
        "id": name,
        "audio": folder / f"{name}.wav",
        "seconds": seconds,
        "language": "eng",
        "speaker": "",
        "split": split,
        "texts": texts or {"eng": text or f"sentence number {name} of all"},
        "origin": f"{name}:1",
    }
    return Utterance(**given | fields)


def curated(folder, listed, rules=NO_AUDIO):
    return curate("own", folder, listed, rules, folder / "cache")


def steps(corpus, outcome="dropped"):
    """The step of each finding with an outcome, by utterance."""
    return {finding.id: finding.step for finding in corpus.findings(outcome)}


def kept(corpus):
    return [u.id for u in corpus.store]
