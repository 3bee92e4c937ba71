"""Time and peak memory of one generation, split into parts that sum to the whole."""

from __future__ import annotations

import ctypes
import time
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import GenerationMixin, LogitsProcessor, LogitsProcessorList, PreTrainedModel

FEATURES, ENCODER, BRIDGE, PREFILL, DECODING = (
    *("features", "encoder", "bridge", "prefill", "decoding"),
)
PARTS = (FEATURES, ENCODER, BRIDGE, PREFILL, DECODING)
END, PADDING = 0, 2  # of random models; the end is forbidden until all tokens are written

M_MMAP_THRESHOLD = -3  # of glibc's malloc.h


@dataclass(frozen=True, kw_only=True)
class Timing:
    """One generation of a batch; times are of the whole batch, in seconds."""

    system: str
    clip_seconds: float
    batch: int
    repetition: int
    parts: dict[str, float]  # of `PARTS`
    tokens: int  # written for each clip
    to_first_token: float
    to_translation: float  # until the first token of the translation
    positions: int  # that the text decoder reads before it writes; Whisper: of the states

    @property
    def seconds(self) -> float:
        """From samples to the last token."""
        return sum(self.parts.values())

    @property
    def audio_per_second(self) -> float:
        """Seconds of audio translated in a second."""
        return self.batch * self.clip_seconds / self.seconds

    @property
    def tokens_per_second(self) -> float:
        """Tokens of all clips written in a second."""
        return self.batch * self.tokens / self.seconds


class Stopwatch(LogitsProcessor):
    """Time spent in each part; as a logits processor it is called after each step of decoding.

    On a GPU it is wall time, and each mark waits for the device. On a CPU with one thread it is
    processor time, which other programs on the machine disturb least.
    """

    def __init__(self, device: str) -> None:
        self.device = device
        self.parts = dict.fromkeys(PARTS, 0.0)
        self.tokens_at: list[float] = []  # since the start
        self.positions = 0
        self._reading = False
        self._start = self._last = self._now()

    def mark(self, part: str) -> None:
        """Count the time since the last mark to a part."""
        now = self._now()
        self.parts[part] += now - self._last
        self._last = now

    def reads(self, positions: int) -> None:
        """A model begins to read so many positions, before it writes."""
        self._reading, self.positions = True, self.positions + positions

    def __call__(
        self, input_ids: Int[Tensor, "rows tokens"], scores: Float[Tensor, "rows vocabulary"]
    ) -> Float[Tensor, "rows vocabulary"]:
        self.mark(PREFILL if self._reading else DECODING)
        self._reading = False
        self.tokens_at.append(self._last - self._start)
        return scores

    def _now(self) -> float:
        if self.device == "cuda":
            torch.cuda.synchronize()
        elif torch.get_num_threads() == 1:
            return time.process_time()
        return time.perf_counter()


def write(
    model: PreTrainedModel,
    tokens: int,
    watch: Stopwatch,
    **given: object,
) -> Int[Tensor, "batch tokens"]:
    """Greedy search that writes exactly so many tokens for each row.

    Args:
        given: inputs and further options of `generate`.

    Raises:
        RuntimeError: another number was written.
    """
    prompt = given.get("decoder_input_ids", given.get("input_ids"))
    sequences = GenerationMixin.generate(
        model,
        **given,
        max_new_tokens=tokens,
        min_new_tokens=tokens,
        num_beams=1,
        do_sample=False,
        use_cache=True,
        pad_token_id=PADDING,
        eos_token_id=END,
        logits_processor=LogitsProcessorList([watch]),
    )
    watch.mark(DECODING)
    written = sequences if prompt is None else sequences[:, prompt.shape[1] :]
    if written.shape[1] != tokens:
        raise RuntimeError(f"{written.shape[1]} tokens were written for {tokens}")
    return written


def free_at_once() -> None:
    """Give large tensors back to the machine when they are freed, so that its count is right."""
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, 2**16)


def peak_mb(device: str) -> float:
    """The most memory so far: of this process, or of its tensors on a GPU since the last reset."""
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return _status_mb("VmHWM")


def reset_peak(device: str) -> None:
    """Count the peak from now on."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        return
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def used_mb(device: str) -> float:
    """Memory in use now."""
    if device == "cuda":
        return torch.cuda.memory_allocated() / 2**20
    return _status_mb("VmRSS")


def _status_mb(name: str) -> float:
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024
