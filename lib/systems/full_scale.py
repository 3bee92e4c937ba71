"""The workbook at `full`: the papers' systems on every corpus of theirs that is there.

The corpora lie under one folder, each in a folder of its name in data_cards/. What is not there is
named, with the command that says how it is obtained, and everything else runs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.corpora.cards import card_names, obtain_command
from lib.systems.gmu.plan import FULL_MINUTES, recordings_runs
from lib.systems.grid import PlannedRun
from lib.systems.zero_resource.languages import PAPER_CORPORA

# of each system, the first that is there is taken: transcripts, or translations, of English
TRANSLATED = ("covost2", "europarl_st", "must_c")
TRANSCRIBED = (*TRANSLATED, "mls", "librispeech", "common_voice", "voxpopuli", "peoples_speech")
QUESTIONS = ("spoken_squad",)
BETWEEN_ALL = ("fleurs",)  # translations between all of LLM-SRT's languages
MORE_SPEECH = ("common_voice",)  # of its first stage
INTO_ENGLISH = ("covost2", "europarl_st", "fleurs")  # of zero-resource translation


def study_runs(scale: str, parameters: Mapping[str, Any]) -> list[PlannedRun]:
    """Curation of every corpus, the four systems, and the notebooks that read their records.

    Args:
        parameters: `corpora` is the folder of the corpora; `notebooks` are the numbers of those
            that are wanted, such as "20 21", else all; `languages` are those that zero-resource
            translation hears, where the corpora have not all of the paper's.

    Raises:
        ValueError: there is no such folder, another parameter, or no such notebook.
    """
    given = dict(parameters)
    root, wanted = Path(given.pop("corpora", "")), given.pop("notebooks", "").split()
    languages = given.pop("languages", "")
    if given:
        raise ValueError(
            f"study full has no parameter {min(given)!r}; it has corpora, notebooks and languages"
        )
    if "corpora" not in parameters or not root.is_dir():
        problem = f"{root} is no folder" if "corpora" in parameters else "none are given"
        raise ValueError(
            f"the full scale runs on recordings, and {problem}: add -p corpora=DIR (make: "
            "CORPORA=DIR), a folder with a folder for each corpus, such as DIR/covost2"
        )
    runs = list(_runs(root, languages))
    if unknown := set(wanted) - {run.notebook for run in runs}:
        raise ValueError(f"study full has no notebook {min(unknown)}")
    return [run for run in runs if not wanted or run.notebook in wanted]


def _runs(root: Path, languages: str) -> Iterator[PlannedRun]:
    here = [name for name in card_names() if (root / name).is_dir()]
    for name in here:
        yield _run("01", corpus=name, folder=str(root / name))
    yield _run("03")
    yield from recordings_runs(root)
    yield from _it_ist(root, here)
    yield from _llm_srt(root, here)
    yield _run("40", *_missing(root, here, INTO_ENGLISH), **_zero_resource(root, here, languages))
    for number in ("16", "90", "91"):
        yield _run(number)


def _it_ist(root: Path, here: Collection[str]) -> Iterator[PlannedRun]:
    heard, read = _first(here, TRANSCRIBED), _first(here, TRANSLATED)
    lacks = _missing(root, here, TRANSCRIBED)
    yield _run("20", *lacks, corpus=heard, folder=str(root / heard))
    lacks = [*_missing(root, here, TRANSLATED), *_missing(root, here, QUESTIONS)]
    yield _run("21", *lacks, corpus=_listed(root, [read, *QUESTIONS]))


def _llm_srt(root: Path, here: Collection[str]) -> Iterator[PlannedRun]:
    name = _first(here, BETWEEN_ALL)
    more = _listed(root, [name for name in MORE_SPEECH if name in here])
    given = {"corpus": name, "folder": str(root / name)} | ({"asr_corpus": more} if more else {})
    yield _run("30", *_missing(root, here, BETWEEN_ALL), **given)


def _zero_resource(root: Path, here: Collection[str], languages: str) -> dict[str, str]:
    first = _first(here, INTO_ENGLISH)
    others = [name for name in PAPER_CORPORA if name in here and name != first]
    given = {"corpora": _listed(root, [first, *others])}
    return given | ({"languages": languages} if languages else {})


def _run(notebook: str, *lacks: str, **parameters: Any) -> PlannedRun:
    """A run, left out where it lacks something."""
    return PlannedRun(
        notebook=notebook,
        minutes=FULL_MINUTES,
        parameters=dict(parameters),
        skip="; ".join(lacks),
    )


def _first(here: Collection[str], names: Sequence[str]) -> str:
    """The first of some corpora that is there; else the first."""
    return next((name for name in names if name in here), names[0])


def _listed(root: Path, names: Sequence[str]) -> str:
    return " ".join(f"{name}={root / name}" for name in names)


def _missing(root: Path, here: Collection[str], names: Sequence[str]) -> list[str]:
    """What is said where none of some corpora is there."""
    if any(name in here for name in names):
        return []
    others = f" (or {', '.join(names[1:])})" if len(names) > 1 else ""
    return [f"there is no {root / names[0]}{others}; {obtain_command(names[0])}"]


STUDIES = {"full": study_runs}
