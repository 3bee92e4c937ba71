"""Readers of real corpora: one module each, for the published layout. Nothing is downloaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lib.corpora.sources import (
    bigc,
    common_voice,
    covost2,
    europarl_st,
    fleurs,
    iwslt_aeb,
    iwslt_est,
    iwslt_fon,
    iwslt_mlt,
    iwslt_que,
    iwslt_stamped,
    librispeech,
    mboshi_french,
    mls,
    must_c,
    peoples_speech,
    spoken_squad,
    voxpopuli,
)
from lib.corpora.sources.reading import Entries

# `read(folder, spoken, written)` yields utterances and findings in the order of the corpus's files.
# spoken, written: ISO 639-3 codes of speech and translations to read; None: all
Reader = Callable[[Path, str | None, str | None], Entries]

# the name of a source is the name of its data card
SOURCES: dict[str, Reader] = {
    "librispeech": librispeech.read,
    "mls": mls.read,
    "common_voice": common_voice.read,
    "fleurs": fleurs.read,
    "voxpopuli": voxpopuli.read,
    "peoples_speech": peoples_speech.read,
    "covost2": covost2.read,
    "europarl_st": europarl_st.read,
    "must_c": must_c.read,
    "spoken_squad": spoken_squad.read,
    "mboshi_french": mboshi_french.read,
    # GMU's pairs
    "bigc": bigc.read,
    "iwslt_aeb_eng": iwslt_aeb.read,
    "iwslt_fon_fra": iwslt_fon.read,
    "iwslt_gle_eng": iwslt_stamped.read_gle,
    "iwslt_bho_hin": iwslt_stamped.read_bho,
    "iwslt_est_eng": iwslt_est.read,
    "iwslt_mlt_eng": iwslt_mlt.read,
    "iwslt_mar_hin": iwslt_stamped.read_mar,
    "iwslt_que_spa": iwslt_que.read,
}
