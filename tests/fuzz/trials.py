"""A trial: damage what a part of the workbook reads, use it, and name what came of it."""

from __future__ import annotations

import random
import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

from tests.fuzz.mutations import mutate

FORK = get_context("fork")
MAX_SECONDS = 60
MAX_MORE_MEMORY = 3 << 30  # bytes above what the process has
# what can come of a trial
UNAFFECTED = "unaffected"
MADE_AGAIN = "made again, or left out by name"
CLEAR = "clear error"
OTHER_VALUE = "another valid value"
UNNAMED = "error that names no file"
TRACEBACK = "traceback"
WRONG = "wrong"
HANG = "hang"
OUTCOMES = (UNAFFECTED, MADE_AGAIN, CLEAR, OTHER_VALUE, UNNAMED, TRACEBACK, WRONG, HANG)
GOOD = OUTCOMES[:4]


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A part of the workbook, and the files that it reads."""

    name: str
    prepare: Callable[[Path], None]  # writes the files into an empty folder
    # reads them; returns all that depends on them, and what was said of damage
    use: Callable[[Path], tuple[object, str]]
    refusals: tuple[type[Exception], ...]  # its errors for a user, which name the file
    files: str = "**/*"  # that are damaged
    from_outside: bool = False  # a person's files, where another value may be what is meant


@dataclass
class Trial:
    """What came of one mutation."""

    subject: str
    seed: int
    mutation: str
    outcome: str
    message: str = field(default="", repr=False)


def in_child(function: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """Call a function in a fork of this process, within `MAX_SECONDS` and `MAX_MORE_MEMORY`.

    A signal would not do: what waits for a named pipe in C or Rust goes on waiting.
    """
    receiving, sending = FORK.Pipe(duplex=False)

    def call() -> None:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        limit = used + MAX_MORE_MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        sending.send(function())

    child = FORK.Process(target=call)
    child.start()
    sending.close()
    try:
        if not receiving.poll(MAX_SECONDS):
            return HANG, ""
        return receiving.recv()
    except EOFError:
        return TRACEBACK, "the process died"
    finally:
        child.kill()
        child.join()


class Fuzz:
    """The trials of one subject.

    Args:
        folder: for the subject's files, and for a copy of them that is damaged.
    """

    def __init__(self, subject: Subject, folder: Path) -> None:
        self.subject, self.pristine, self.copy = subject, folder / "pristine", folder / "copy"
        self.pristine.mkdir(parents=True)
        subject.prepare(self.pristine)
        self._copy()
        self.expected, _ = subject.use(self.copy)

    def _copy(self) -> None:
        shutil.rmtree(self.copy, ignore_errors=True)
        shutil.copytree(self.pristine, self.copy)  # with their times, as a backup restores them

    def trial(self, seed: int) -> Trial:
        """Damage one file and use what is there."""
        self._copy()
        rng = random.Random(f"{self.subject.name}/{seed}")
        files = [path for path in sorted(self.copy.glob(self.subject.files)) if path.is_file()]
        damaged = rng.choice(files)
        mutation = mutate(damaged, rng)
        outcome, message = in_child(lambda: self._outcome(damaged))
        return Trial(self.subject.name, seed, mutation, outcome, message)

    def _outcome(self, damaged: Path) -> tuple[str, str]:
        try:
            found, said = self.subject.use(self.copy)
        except self.subject.refusals as error:
            names = (damaged.name, damaged.parent.name, str(self.copy), "findings.tsv")
            return (CLEAR if any(n in str(error) for n in names) else UNNAMED), str(error)
        except Exception as error:
            return TRACEBACK, f"{type(error).__name__}: {error}"
        if found == self.expected:
            return (MADE_AGAIN if said else UNAFFECTED), said
        if self.subject.from_outside:
            return OTHER_VALUE, said
        # left out, with its name: not silently another result
        return (MADE_AGAIN if damaged.name in said or damaged.parent.name in said else WRONG), said
