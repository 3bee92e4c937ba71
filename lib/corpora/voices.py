"""The speakers of the phrasebook, and espeak-ng, which speaks for them in worker processes only.

espeak-ng keeps global state and is GPL-3, so importing this module does not load it: only
`start_engine` does, which `lib.corpora.synthesis_worker` calls.
"""

from __future__ import annotations

import ctypes
import re
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

from lib.utterance import SAMPLING_RATE

# espeak-ng's voice variants that sound human and are deterministic. Excluded: f2, f3, f5, Alicia,
# sandro, victor and the whispering ones, whose breathing noise depends on the clock. The voices of
# dev and test are in no other split.
VARIANTS = {
    "train": (
        "m1 m2 m3 m5 m6 m7 f1 f4 Andy Alex Annie Denis Gene Henrique Hugo Jacky Lee Marco Michael "
        "Mike Reed adam anika antonio aunty belinda benjamin caleb david ed edward grandpa gustave "
        "ian john linda marcelo max miguel"
    ).split(),
    "dev": "m4 rob Andrea Diogo boris steph".split(),
    "test": (
        "m8 grandma Mario Storm norbert pablo quincy robert paul pedro shelby travis zac Nguyen "
        "RicishayMax3 announcer iven iven2 iven4 kaukovalta mike2 steph3"
    ).split(),
}
PITCHES = (38, 62)  # of each variant, on espeak-ng's scale
MIN_RATE, RATES = 130, 50  # words a minute: 130 to 179

_ENGINE_SAMPLING_RATE = 22_050  # Hz, fixed by espeak-ng
# from espeak-ng's speak_lib.h
_AUDIO_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_POSITION_CHARACTER = 1
_PHONEMES_IPA = 2
_PARAMETER_RATE, _PARAMETER_PITCH = 1, 3


@dataclass(frozen=True)
class Speaker:
    """A synthetic voice: a variant at a fixed pitch and rate."""

    variant: str  # the corpus's speaker: two pitches of a variant are one voice
    pitch: int  # 0 to 99, espeak-ng's scale
    rate: int  # words a minute


def speakers(split: str) -> list[Speaker]:
    """All speakers of a split: each variant at two pitches; no variant is in two splits."""
    return [
        Speaker(variant, pitch, MIN_RATE + zlib.crc32(f"{variant}{pitch}".encode()) % RATES)
        for variant in VARIANTS[split]
        for pitch in PITCHES
    ]


@cache
def declared_gender(variant: str) -> str:
    """The gender that espeak-ng's file of a variant declares; empty for the many without one."""
    import espeakng_loader

    path = Path(espeakng_loader.get_data_path(), "voices", "!v", variant)
    found = re.search(r"^gender\s+(\w+)", path.read_text("utf-8", "replace"), re.MULTILINE)
    return found[1].lower() if found else ""


_library: ctypes.CDLL | None = None
_blocks: list[bytes] = []  # samples of the current utterance
_SynthCallback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


@_SynthCallback
def _collect(samples, count, _events):
    if samples and count > 0:
        _blocks.append(ctypes.string_at(samples, count * 2))
    return 0


def start_engine() -> None:
    """Load espeak-ng into this process, which must be a worker."""
    global _library
    import espeakng_loader

    _library = ctypes.CDLL(espeakng_loader.get_library_path())
    data = espeakng_loader.get_data_path().encode()
    rate = _library.espeak_Initialize(_AUDIO_OUTPUT_SYNCHRONOUS, 0, data, 0)
    if rate != _ENGINE_SAMPLING_RATE:
        raise RuntimeError(f"espeak-ng's rate is {rate} Hz; expected {_ENGINE_SAMPLING_RATE} Hz")
    _library.espeak_SetSynthCallback(_collect)
    _library.espeak_TextToPhonemes.restype = ctypes.c_char_p


def seed_libc() -> None:
    """Seed the C library's generator, which some voices use for breathing noise."""
    ctypes.CDLL(None).srand(1)


def speak(text: str, voice: str, speaker: Speaker) -> Float[np.ndarray, "samples"]:
    """Synthesize `text`.

    Args:
        voice: espeak-ng's name of the language.

    Returns:
        float32 samples in [-1, 1] at 16 kHz.

    Raises:
        ValueError: espeak-ng lacks the voice or gives no sound.
    """
    from scipy.signal import resample_poly

    if _library is None:
        raise RuntimeError("espeak-ng runs in worker processes only; call synthesize() instead")
    if _library.espeak_SetVoiceByName(f"{voice}+{speaker.variant}".encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice!r}")
    _library.espeak_SetParameter(_PARAMETER_RATE, speaker.rate, 0)
    _library.espeak_SetParameter(_PARAMETER_PITCH, speaker.pitch, 0)
    data = text.encode("utf-8")
    _blocks.clear()
    size = len(data) + 1
    _library.espeak_Synth(data, size, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)
    _library.espeak_Synchronize()
    samples = np.frombuffer(b"".join(_blocks), dtype=np.int16)
    if not samples.size or not samples.any():
        raise ValueError(f"voice {voice!r} gives no sound for {text!r}")
    # the greatest common divisor of both rates is 50 Hz
    up, down = SAMPLING_RATE // 50, _ENGINE_SAMPLING_RATE // 50
    return resample_poly(samples.astype(np.float32) / 32768.0, up, down).astype(np.float32)


def text_phonemes(text: str, voice: str) -> str:
    """A text in the International Phonetic Alphabet, its clauses separated by spaces.

    Raises:
        ValueError: espeak-ng lacks the voice.
    """
    if _library is None:
        raise RuntimeError("espeak-ng runs in worker processes only; call phonemes() instead")
    if _library.espeak_SetVoiceByName(voice.encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice!r}")
    rest, clauses = ctypes.c_char_p(text.encode()), []
    while rest.value is not None:
        found = _library.espeak_TextToPhonemes(ctypes.byref(rest), _CHARS_UTF8, _PHONEMES_IPA)
        clauses.append(found.decode())
    return " ".join(clauses)
