"""GMU's nine language pairs as presets: where their recordings come from, and what the paper found to work."""

from __future__ import annotations

from dataclasses import dataclass

from lib.languages import language


@dataclass(frozen=True)
class Pair:
    """One pair; a tenth is one more of these (see `EXAMPLE`), and a row of lib/languages.py where its language is new."""

    source: str  # ISO 639-3, spoken
    target: str  # written
    corpus: str  # a source of data_cards/, or own
    strategy: str  # the one to begin with
    because: str  # the paper's own evidence for it, with where it is from
    transcripts: bool = True  # does that corpus have them? ASR, MT, the cascade and multi-task training need them

    @property
    def seen(self) -> bool:
        """Has SeamlessM4T-v2 been trained on this speech? (est, gle, mar and mlt it has)"""
        return language(self.source).seamless is not None

    @property
    def name(self) -> str:
        return f"{self.source}-{self.target}"


_SEEN = "ASR initialisation moves a seen language by no more than 1 BLEU"

PAIRS = {
    pair.name: pair
    for pair in (
        Pair("aeb", "eng", "iwslt_aeb_eng", "asr_init", "ASR initialisation gains 3 to 5 BLEU, multi-task about 2"),
        Pair("bem", "eng", "bigc", "asr_init", "32.39 BLEU with ASR initialisation, 30.74 direct, 30.28 multi-task"),
        Pair("fon", "fra", "iwslt_fon_fra", "direct", "unseen, but the task's data has no transcripts to learn from first", False),
        Pair("gle", "eng", "iwslt_gle_eng", "direct", f"{_SEEN}; 200 h of synthetic data cost about 1 BLEU", False),
        Pair("bho", "hin", "iwslt_bho_hin", "direct", "ASR initialisation gains 3 to 5 BLEU, from transcripts "
             "that the task's data does not have", False),
        Pair("est", "eng", "iwslt_est_eng", "direct", f"{_SEEN}; the cascade is 0.1 BLEU above it"),
        Pair("mlt", "eng", "iwslt_mlt_eng", "direct", _SEEN),
        Pair("mar", "hin", "iwslt_mar_hin", "direct", _SEEN, False),
        Pair("que", "spa", "iwslt_que_spa", "multitask", "multi-task gains about 0.7 BLEU, and synthetic data helps"),
    )
}  # fmt: skip

# the pair that the paper left out, as an example of adding a tenth: recordings of one's own, by a manifest
EXAMPLE = Pair("apc", "eng", "own", "asr_init", "unseen, and near to Tunisian Arabic, which gained 3 to 5 BLEU")

# what stands for seen and unseen languages where the backbone was trained here: it has heard est, eng, spa and fra
STUDY = (("est", "eng"), ("fra", "eng"), ("que", "spa"), ("mlt", "eng"))
