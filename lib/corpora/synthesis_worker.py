"""Speech synthesis in worker processes: `speak_all` starts them, and `main` is one of them.

A worker is `python -m lib.corpora.synthesis_worker`. It loads espeak-ng, reads a chunk of jobs as
a JSON line and answers with a JSON line, until its stdin closes; so it ends with its parent. A
`multiprocessing` pool would import the user's script again, which would call `synthesize` again.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from queue import SimpleQueue

import soundfile

from lib.cgroup import usable_cores
from lib.corpora.voices import Speaker, seed_libc, speak, start_engine
from lib.disk import naming_full_disk
from lib.progress import Progress, no_progress
from lib.utterance import SAMPLING_RATE

CHUNK_JOBS = 50  # part of the corpus's definition: the engine's state carries over within a chunk
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, kw_only=True)
class SpeechJob:
    """One utterance to be spoken."""

    id: str
    text: str
    voice: str  # espeak-ng's name of the language
    speaker: Speaker
    path: str  # FLAC file to be written


class SynthesisError(RuntimeError):
    """An utterance could not be spoken or written; the message names it and the cause."""


def speak_all(
    jobs: Sequence[SpeechJob], progress: Progress = no_progress, what: str = "speech synthesis"
) -> list[int]:
    """Speak and write utterances with one worker process a core.

    Args:
        what: name of the work for `progress`.

    Returns:
        The number of samples of each utterance.

    Raises:
        SynthesisError: an utterance failed, or a worker died.
    """
    chunks = [jobs[start : start + CHUNK_JOBS] for start in range(0, len(jobs), CHUNK_JOBS)]
    count = min(usable_cores(), len(chunks))
    samples: list[int] = []
    with contextlib.ExitStack() as stack:
        idle: SimpleQueue[_Worker] = SimpleQueue()
        for _ in range(count):
            idle.put(stack.enter_context(contextlib.closing(_Worker())))
        threads = ThreadPoolExecutor(max(1, count))
        stack.callback(threads.shutdown, cancel_futures=True)
        for future in [threads.submit(_speak_chunk, idle, chunk) for chunk in chunks]:
            samples += future.result()
            progress(what, len(samples), len(jobs))
    return samples


def _speak_chunk(idle: SimpleQueue[_Worker], chunk: Sequence[SpeechJob]) -> list[int]:
    worker = idle.get()
    try:
        return worker.speak(chunk)
    finally:
        idle.put(worker)


class _Worker:
    """The parent's end of a worker process."""

    def __init__(self) -> None:
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(
            # -P: a folder named lib in the current directory must not be imported
            [sys.executable, "-P", "-m", "lib.corpora.synthesis_worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": path},
        )

    def speak(self, chunk: Sequence[SpeechJob]) -> list[int]:
        """Have a chunk spoken; returns the number of samples of each utterance."""
        answer = ""
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps([asdict(job) for job in chunk]), file=self._process.stdin, flush=True)
            answer = self._process.stdout.readline()
        if not answer:
            raise SynthesisError(
                f"a synthesis worker ended with status {self._process.wait()} while it had "
                f"{chunk[0].id} to {chunk[-1].id}; see stderr"
            )
        result = json.loads(answer)
        if "error" in result:
            raise SynthesisError(result["error"])
        return result["samples"]

    def close(self) -> None:
        """Wait for the process to end."""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def main() -> None:
    """The worker process."""
    import scipy.signal  # noqa: F401 - `speak` needs it; imported once rather than in each fork

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # on Ctrl-C the parent closes stdin
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # output of libraries must not mix with the answers
    start_engine()
    for line in sys.stdin:
        rows = json.loads(line)
        jobs = [SpeechJob(**row | {"speaker": Speaker(**row["speaker"])}) for row in rows]
        print(json.dumps(_speak_in_fork(jobs)), file=answers, flush=True)


def _speak_in_fork(jobs: Sequence[SpeechJob]) -> dict:
    """Speak a chunk in a fork of the worker.

    espeak-ng carries state from one utterance to the next. The worker's own engine never speaks,
    so a chunk sounds the same whatever was spoken before it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            with os.fdopen(writer, "w") as results:
                for result in _speak_jobs(jobs):
                    print(json.dumps(result), file=results, flush=True)
        finally:
            os._exit(0)  # the exit handlers belong to the worker
    os.close(writer)
    with os.fdopen(reader) as lines:
        results = [json.loads(line) for line in lines]
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    samples = [result for result in results if isinstance(result, int)]
    if len(samples) == len(jobs):
        return {"samples": samples}
    failed = jobs[len(samples)]
    cause = results[-1] if len(results) > len(samples) else f"espeak-ng ended with status {status}"
    return {"error": f"cannot speak {failed.id} ({failed.text!r}): {cause}"}


def _speak_jobs(jobs: Sequence[SpeechJob]) -> Iterator[int | str]:
    """Yield the number of samples of each job; at the first error its message, and stop."""
    seed_libc()
    for job in jobs:
        try:
            samples = speak(job.text, job.voice, job.speaker)
            Path(job.path).parent.mkdir(parents=True, exist_ok=True)
            with naming_full_disk(job.path):
                soundfile.write(job.path, samples, SAMPLING_RATE, subtype="PCM_16", format="FLAC")
        except Exception as error:
            yield f"{type(error).__name__}: {error}"
            return
        yield len(samples)


if __name__ == "__main__":
    main()
