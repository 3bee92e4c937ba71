"""What a system hears instead of a clip, when the question is whether its output depends on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from jaxtyping import Float
from torch import tensor

from lib.corpora.audio import BadAudio, read_audio
from lib.corpora.synthesis_worker import SpeechJob, speak_all
from lib.corpora.voices import VARIANTS, speakers
from lib.data.augment import add_noise, add_reverberation, change_speed, utterance_rng
from lib.files import atomic_path, content_hash
from lib.languages import LANGUAGES, language
from lib.locks import intact
from lib.tasks import Example
from lib.utterance import SAMPLING_RATE, Dropped

VERSION = 1  # raised when a condition gives other sound
TINY = 1e-12  # keeps digital silence from being divided by
Samples = Float[np.ndarray, "_"]


@dataclass(frozen=True)
class Condition:
    """A change to the sound of a clip; prompt, question and transcript stay."""

    name: str  # in tables
    kind: str  # a name in `CHANGES`, or that of one of `SPEAKER`
    level: float | None = None
    unit: str = ""


def curve(kind: str, unit: str, levels: Sequence[float]) -> tuple[Condition, ...]:
    """A kind of change at several levels."""
    return tuple(Condition(f"{kind} {level:g} {unit}", kind, level, unit) for level in levels)


# what was said is gone: an output that stays as it was has been guessed
COUNTERFACTUAL = tuple(Condition(n, n) for n in ("silence", "noise", "reversed", "another clip"))
# what was said stays: an output that changes depends on the voice
ANOTHER_SPEAKER, ACCENT = SPEAKER = tuple(Condition(n, n) for n in ("another speaker", "accent"))
CURVES = {
    "SNR": curve("SNR", "dB", (30, 20, 10, 5, 0, -5)),
    "speed": curve("speed", "×", (0.6, 0.8, 1.25, 1.6, 2.0)),
    "RT60": curve("RT60", "s", (0.2, 0.4, 0.8, 1.2)),
    "overlap": curve("overlap", "dB", (20, 10, 5, 0)),  # target-to-masker ratio
}
TWO_CLIPS = ("another clip", "overlap")  # kinds that need another clip


def all_conditions(scale: str) -> list[Condition]:
    """Every condition; at `smoke` the curves have their ends only."""
    curves = [c[:: len(c) - 1] if scale == "smoke" else c for c in CURVES.values()]
    return [*COUNTERFACTUAL, *SPEAKER, *(condition for found in curves for condition in found)]


def _level(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) + TINY


def _speech_shaped_noise(samples: Samples, rng: np.random.Generator) -> Samples:
    """Noise with the clip's own spectrum and level, so that only the words are missing."""
    spectrum = np.abs(np.fft.rfft(samples))
    phases = np.exp(2j * np.pi * rng.random(len(spectrum)))
    noise = np.fft.irfft(spectrum * phases, len(samples))
    return noise * (_level(samples) / _level(noise))


def _overlapped(samples: Samples, ratio_db: float, other: Samples) -> Samples:
    """Two clips at once; the other one is repeated or cut to the length of the first."""
    masker = np.resize(other, len(samples))
    return samples + masker * (_level(samples) / _level(masker) * 10 ** (-ratio_db / 20))


# from samples, level, random generator and samples of another clip to samples
CHANGES: dict[str, Callable[..., Samples]] = {
    "silence": lambda clip, level, rng, other: np.zeros_like(clip),
    "noise": lambda clip, level, rng, other: _speech_shaped_noise(clip, rng),
    "reversed": lambda clip, level, rng, other: clip[::-1],
    "another clip": lambda clip, level, rng, other: other,
    "SNR": lambda clip, level, rng, other: add_noise(tensor(clip), level, rng).numpy(),
    "speed": lambda clip, level, rng, other: change_speed(tensor(clip), level).numpy(),
    "RT60": lambda clip, level, rng, other: add_reverberation(tensor(clip), level, rng).numpy(),
    "overlap": lambda clip, level, rng, other: _overlapped(clip, level, other),
}


def apply(
    samples: Samples, condition: Condition, rng: np.random.Generator, other: Samples | None = None
) -> Samples:
    """The sound of a clip under a condition, scaled to a peak of 1 where it exceeds that.

    Args:
        other: samples of another clip, for the kinds in `TWO_CLIPS`.

    Raises:
        ValueError: it is no change to samples, or needs another clip that is not given.
    """
    if condition.kind not in CHANGES:
        raise ValueError(
            f"{condition.name!r} is no change to samples; use {', '.join(CHANGES)}, and "
            "speak_again for another speaker or an accent"
        )
    if condition.kind in TWO_CLIPS and other is None:
        raise ValueError(f"{condition.name!r} needs another clip: give its samples as other=")
    changed = CHANGES[condition.kind](samples, condition.level, rng, other)
    return (changed / np.abs(changed).max(initial=1.0)).astype(np.float32)


def readable(examples: Sequence[Example]) -> tuple[list[Example], list[Dropped]]:
    """The examples whose audio can be read, and the others with the reason.

    What one condition lacks, all must lack, or their outputs would not pair.
    """
    found, dropped = [], []
    for example in examples:
        try:
            read_audio(example.audio)
            found.append(example)
        except BadAudio as error:
            dropped.append(Dropped(example.id, str(error)))
    return found, dropped


def conditioned(
    examples: Sequence[Example],
    condition: Condition,
    folder: Path,
    others: Sequence[Example] | None = None,
) -> list[Example]:
    """The examples with changed sound, as FLAC files that are made once.

    The change depends on the id of the example: at each level of a curve the noise is the same.
    Ids of the results name the sound, so that no output for other sound is found for them.

    Args:
        folder: of the files, which are named by their content.
        others: for each example the one whose clip it gets, for the kinds in `TWO_CLIPS`.

    Raises:
        BadAudio: a clip is unreadable; see `readable`.
        ValueError: see `apply`.
    """
    changed = []
    for example, other in zip(examples, others or [None] * len(examples), strict=True):
        samples = read_audio(example.audio)
        masker = read_audio(other.audio) if other and condition.kind in TWO_CLIPS else None
        heard = [hashlib.sha256(s).hexdigest() for s in (samples, masker) if s is not None]
        name = content_hash([VERSION, asdict(condition), example.id, heard], 16)
        path = folder / f"{name}.flac"
        if not path.exists():
            rng = utterance_rng(0, 0, f"{condition.kind} {example.id}")
            sound = apply(samples, condition, rng, masker)
            with atomic_path(path) as new:
                soundfile.write(new, sound, SAMPLING_RATE, subtype="PCM_16", format="FLAC")
        changed.append(_hearing(example, path, condition, name))
    return changed


def _hearing(example: Example, path: Path, condition: Condition, name: str) -> Example:
    id = f"{example.id}, {condition.name} {name}"
    return replace(example, id=id, audio=path, seconds=soundfile.info(path).duration)


def accent_of(code: str) -> str | None:
    """The language whose voice reads texts in another one: of its script, if not of its family.

    Returns:
        None where no other voice reads the script.
    """
    own = language(code)
    rows = [r for r in LANGUAGES.values() if r.voice and r.script == own.script and r != own]
    return min(rows, key=lambda r: r.family == own.family).code if rows else None


def speak_again(
    examples: Sequence[Example], texts: Sequence[str], condition: Condition, folder: Path
) -> list[Example]:
    """The examples spoken by another test voice, or by the same one with an accent.

    Args:
        texts: what each one says.
        folder: where a folder of files is made; the examples are spoken as a whole, since
            espeak-ng carries state from clip to clip.

    Raises:
        ValueError: no voice of another language reads one of the languages.
        lib.corpora.synthesis_worker.SynthesisError: a text could not be spoken.
    """
    jobs = {e.id: _job(e, text, condition) for e, text in zip(examples, texts, strict=True)}
    name = content_hash([VERSION, [asdict(job) for job in jobs.values()]], 16)
    made = folder / f"speech-{name}"
    if not intact(made, say=True):
        with atomic_path(made) as new:
            speak_all([replace(job, path=str(new / job.path)) for job in jobs.values()])
    return [_hearing(e, made / jobs[e.id].path, condition, name) for e in examples]


def _job(example: Example, text: str, condition: Condition) -> SpeechJob:
    code = accent_of(example.source) if condition == ACCENT else example.source
    if code is None:
        raise ValueError(f"no voice of another language reads {example.source}; leave it out")
    if condition == ACCENT:
        voices = [s for v in VARIANTS for s in speakers(v) if s.variant == example.speaker]
    else:
        voices = [s for s in speakers("test") if s.variant != example.speaker]
    rng = utterance_rng(0, 0, f"{condition.kind} {example.id}")
    return SpeechJob(
        id=example.id,
        text=text,
        voice=language(code).voice,
        speaker=voices[int(rng.integers(len(voices)))],
        path=f"{content_hash(example.id)}.flac",
    )
