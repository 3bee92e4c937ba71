"""Speech from espeak-ng: the speakers, and the engine, which lives in worker processes only.

espeak-ng keeps global state and is GPL-3, so nothing here loads it into the process that imports this module:
`start_engine` is the initialiser of a pool's workers (see `lib.corpora.phrasebook`).
"""

from __future__ import annotations

import ctypes
import zlib
from dataclasses import dataclass

import numpy as np

SAMPLING_RATE = 16_000  # Hz, of everything the workbook hears
_ENGINE_RATE = 22_050  # Hz, espeak-ng's own

# espeak-ng's voice variants: human-sounding ones that say the same thing the same way twice (f2, f3, f5, Alicia, sandro,
# victor and the whispering ones breathe by the clock), split so that dev and test are spoken by voices never trained on.
VARIANTS = {
    "train": (
        "m1 m2 m3 m5 m6 m7 f1 f4 Andy Alex Annie Denis Gene Henrique Hugo Jacky Lee Marco Michael Mike Reed "
        "adam anika antonio aunty belinda benjamin caleb david ed edward grandpa gustave ian john linda marcelo max miguel"
    ).split(),
    "dev": "m4 rob Andrea Diogo boris steph".split(),
    "test": "m8 grandma Mario Storm norbert pablo quincy robert paul pedro shelby travis zac".split(),
}


@dataclass(frozen=True)
class Speaker:
    """A voice that stays itself over utterances: a variant at a pitch and a pace."""

    variant: str
    pitch: int  # 0..99, espeak-ng's scale
    rate: int  # words a minute

    @property
    def name(self) -> str:
        return f"{self.variant}-p{self.pitch}-r{self.rate}"


def speakers(split: str) -> list[Speaker]:
    """All speakers of a split: each variant at two pitches, each at its own pace; no variant is in two splits."""
    return [
        Speaker(variant, pitch, 130 + zlib.crc32(f"{variant}{pitch}".encode()) % 50)
        for variant in VARIANTS[split]
        for pitch in (38, 62)
    ]


_library: ctypes.CDLL | None = None
_pieces: list[bytes] = []
_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


@_Callback
def _collect(samples, count, _events):
    if samples and count > 0:
        _pieces.append(ctypes.string_at(samples, count * 2))
    return 0


def start_engine() -> None:
    """Load espeak-ng into this (worker) process."""
    global _library
    import espeakng_loader

    _library = ctypes.CDLL(espeakng_loader.get_library_path())
    rate = _library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)  # 2: synchronous, no sound card
    if rate != _ENGINE_RATE:
        raise RuntimeError(f"espeak-ng gives {rate} Hz; expected {_ENGINE_RATE}")
    _library.espeak_SetSynthCallback(_collect)


def seed_libc() -> None:
    """Seed the C library's chance, which some of espeak-ng's voices breathe with."""
    ctypes.CDLL(None).srand(1)


def speak(text: str, voice: str, speaker: Speaker) -> np.ndarray:
    """Say `text`.

    Returns:
        float32 samples in [-1, 1] at 16 kHz.

    Raises:
        ValueError: where espeak-ng lacks the voice or says nothing.
    """
    from scipy.signal import resample_poly

    if _library is None:
        raise RuntimeError("espeak-ng runs in worker processes only; make a phrasebook instead of calling speak()")
    if _library.espeak_SetVoiceByName(f"{voice}+{speaker.variant}".encode()) != 0:
        raise ValueError(f"espeak-ng has no voice {voice!r}")
    for parameter, value in ((1, speaker.rate), (3, speaker.pitch)):
        _library.espeak_SetParameter(parameter, value, 0)
    data = text.encode("utf-8")
    _pieces.clear()
    _library.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)  # position type: character; flags: UTF-8
    _library.espeak_Synchronize()
    samples = np.frombuffer(b"".join(_pieces), dtype=np.int16)
    if not samples.size or not samples.any():
        raise ValueError(f"voice {voice!r} says nothing for {text!r}")
    return resample_poly(samples.astype(np.float32) / 32768.0, 320, 441).astype(np.float32)


def room(samples: np.ndarray, noise_db: float | None, reverberation: float, seed: int) -> np.ndarray:
    """Put speech into a room: an exponentially decaying echo, then white noise.

    Args:
        noise_db: signal-to-noise ratio in dB; None adds none.
        reverberation: seconds until the echo has fallen by 60 dB; 0 adds none.
    """
    from scipy.signal import fftconvolve

    random = np.random.default_rng(seed)
    if reverberation > 0:
        time = np.arange(int(reverberation * SAMPLING_RATE)) / SAMPLING_RATE
        echo = random.standard_normal(time.size) * np.exp(-6.9 * time / reverberation) * 0.05
        echo[0] = 1.0
        samples = fftconvolve(samples, echo)[: samples.size]
    if noise_db is not None:
        power = float(np.mean(samples**2)) / 10 ** (noise_db / 10)
        samples = samples + random.standard_normal(samples.size) * power**0.5
    return np.clip(samples, -1.0, 1.0).astype(np.float32)
