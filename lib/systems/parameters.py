"""The values of a notebook's parameters by their names: checks, and the files that they name.

What a value must be is said once for all notebooks: `source` is a language in each of them.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from lib.languages import language, parse_languages
from lib.systems.grid import parse_changes
from lib.systems.registry import SYSTEMS

PHRASEBOOK, OWN = "phrasebook", "own"
MAX_SEED = 2**32 - 1  # NumPy's
LANGUAGE = ("source", "target")
LANGUAGE_LISTS = ("sources", "targets", "languages", "held_out")
# names and folders, such as covost2=/data/covost2
CORPUS_LISTS = ("corpora", "asr_corpus", "recordings")
# a corpus alone, and its folder; those of a pair are in changes only
CORPUS_AND_FOLDER = (("corpus", "folder"), ("pair_corpus", "pair_folder"))
AT_LEAST = {"processes": 1, "clips": 0, "hours": 0.0, "kept_share": 0.0, "max_seconds": 0.1}
AT_MOST = {"processes": 1024, "clips": 10**9, "hours": 10**7, "kept_share": 1.0}
MAY_BE_EMPTY = ("held_out", "zero_shot")  # though their defaults are not
WITH_GROUPS = ("llm_srt", "zero_resource")  # systems whose ablations have names
AUDIO = ("samples", "header", "none")


def check(
    values: Mapping[str, Any], defaults: Mapping[str, Any], reads_records: bool = False
) -> None:
    """Check the parameters of a run; those at their defaults are right.

    Args:
        reads_records: the notebook trains nothing, so that corpora are names to look for.

    Raises:
        ValueError: a value cannot be, or contradicts another; the message names both.
    """
    given = {name: value for name, value in values.items() if value != defaults.get(name)}
    for name, value in given.items():
        _check_value(name, value)
        if value == "" and name not in MAY_BE_EMPTY:
            raise ValueError(f"{name} is empty; it is such as {defaults[name]!r}")
    texts = {name: value for name, value in given.items() if isinstance(value, str) and value}
    for name in texts.keys() & {*LANGUAGE}:
        language(texts[name])
    for name in texts.keys() & {*LANGUAGE_LISTS}:
        parse_languages(texts[name])
    if texts.keys() & {*LANGUAGE} and values.get("source") == values.get("target") != "":
        raise ValueError(f"source and target are both {values['source']!r}; one is translated")
    _check_corpora(values, texts, reads_records)
    _check_system(values, texts)


def corpora(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The corpora that parameters name, and a `change` among them, each with its folder or "".

    Raises:
        ValueError: see `parse_changes`.
    """
    named = {**values, **parse_changes(values.get("change", ""))}
    text = {name: f"{value}" for name, value in named.items()}
    # a corpus may be several, each with its folder
    several = [name for name, _ in CORPUS_AND_FOLDER if "=" in text.get(name, "")]
    lists = " ".join(text.pop(name, "") for name in (*CORPUS_LISTS, *several))
    parts = [part.partition("=") for part in lists.split()]
    alone = [(text.get(corpus, ""), text.get(folder, "")) for corpus, folder in CORPUS_AND_FOLDER]
    return [*filter(any, alone), *((name, folder) for name, _, folder in parts)]


def input_paths(values: Mapping[str, Any]) -> list[str]:
    """The files and folders that a run reads by its parameters: corpora, filled rating sheets."""
    folders = [folder for _, folder in corpora(values)]
    return [path for path in (*folders, *_sheets(values.get("ratings", ""))) if path]


def _sheets(text: str) -> list[str]:
    return [path.strip() for path in text.split(";")]


def absolute(name: str, text: str) -> str:
    """A parameter from a command line with whole paths: a notebook's working directory is another.

    Args:
        text: of the parameter `name`.
    """
    if name == "folder":
        return _absolute(text)
    if name in CORPUS_LISTS or (name == "corpus" and "=" in text):
        parts = (part.partition("=") for part in text.split())
        return " ".join(f"{corpus}{equals}{_absolute(at)}" for corpus, equals, at in parts)
    if name == "ratings":
        return "; ".join(map(_absolute, _sheets(text)))
    return text


def _absolute(path: str) -> str:
    return os.path.abspath(os.path.expanduser(path)) if path else ""


def _check_value(name: str, value: Any) -> None:
    """Limits of numbers."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        low, high = AT_LEAST.get(name, -math.inf), AT_MOST.get(name, 2**63)
        if name in ("seed", "backbone_seed"):
            low, high = 0, MAX_SEED
        if not low <= value <= high or math.isinf(value):
            limits = f"from {low:g} to {high:,}" if low > -math.inf else f"at most {high:,}"
            raise ValueError(f"{name} is {f'{value}':.50}; it must be {limits}")


def _check_corpora(
    values: Mapping[str, Any], given: Mapping[str, str], reads_records: bool
) -> None:
    """Corpora, their folders, licences, and whether the phrasebook can speak a language."""
    if "licences" in given:
        from lib.corpora.curation.rules import parse_licences

        parse_licences(given["licences"])
    if "audio" in given and given["audio"] not in AUDIO:
        raise ValueError(f"audio is {given['audio']!r}; use one of {', '.join(AUDIO)}")
    for name, folder in corpora(values):
        if name in ("", PHRASEBOOK):  # a folder alone is that of the experiment's own corpus
            continue
        _check_name(name)
        if not reads_records:
            _check_folder(name, folder)
    if values.get("corpus") == PHRASEBOOK and not reads_records:
        if values.get("folder"):
            raise ValueError(
                f"folder={values['folder']} is of recordings, and corpus={PHRASEBOOK} is made "
                f"here; set corpus= to a source of data_cards/, or to {OWN}"
            )
        for role in given.keys() & {*LANGUAGE}:
            _check_speakable(role, given[role])


def _check_name(name: str) -> None:
    from lib.corpora.cards import card_names

    known = (OWN, *card_names())
    if name not in known:
        raise ValueError(f"there is no corpus {name!r:.100}; there are {', '.join(known)}")


def _check_folder(name: str, folder: str) -> None:
    if not folder:
        what = "the path of a manifest" if name == OWN else "the folder of the corpus"
        raise ValueError(f"corpus={name} needs folder=, {what}")
    if not Path(folder).expanduser().exists():
        raise ValueError(f"corpus={name}: {folder} does not exist")


def _check_speakable(role: str, code: str) -> None:
    """Refuse a language that the phrasebook has no phrases in, or no voice for."""
    from lib.corpora.cldr import locale_of

    locale_of(code)
    if role == "source" and language(code).voice is None:
        name = language(code).name
        raise ValueError(f"{name} ({code}) has no espeak-ng voice; use recordings instead")


def _check_system(values: Mapping[str, Any], given: Mapping[str, str]) -> None:
    """Systems, their strategies and ablations, and changes; each but the first loads torch."""
    for name in (given.get("system", ""), *given.get("systems", "").split()):
        if name and name not in SYSTEMS:
            known = ", ".join(SYSTEMS)
            raise ValueError(f"there is no system {name!r:.100}; the systems are {known}")
    if "strategies" in given:
        from lib.systems.analysis import chosen_strategies
        from lib.systems.variant import check_strategy

        for name in chosen_strategies(values["system"], given["strategies"]):
            check_strategy(values["system"], name)
    if "zero_shot" in given:
        from lib.systems.llm_srt.experiment import parse_directions

        parse_directions(given["zero_shot"])
    if "ablate" in given:
        from lib.systems.strategy import parse_groups

        modules = (import_module(f"{__package__}.{name}.strategies") for name in WITH_GROUPS)
        parse_groups(given["ablate"], {name for module in modules for name in module.GROUPS})
    if given.keys() & {"strategy", "change"}:
        from lib.systems.variant import check_variant

        check_variant(values["system"], values["strategy"], values["change"], values["scale"])
