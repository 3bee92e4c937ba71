"""Checks the values of a notebook's parameters by their names, before a kernel starts.

What a value must be is said once for all notebooks: `source` is a language in each of them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from lib.languages import language, parse_languages
from lib.systems.registry import SYSTEMS

PHRASEBOOK, OWN = "phrasebook", "own"
MAX_SEED = 2**32 - 1  # NumPy's
LANGUAGE = ("source", "target")
LANGUAGE_LISTS = ("sources", "targets", "languages", "held_out")
# names and folders, such as covost2=/data/covost2; a corpus alone has its folder in `folder`
CORPUS_LISTS = ("corpora", "asr_corpus", "recordings")
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
    pairs = [part.partition("=") for name in CORPUS_LISTS for part in given.get(name, "").split()]
    listed = [(name, folder) for name, _, folder in pairs]
    if corpus := given.get("corpus"):
        listed.append((corpus, values.get("folder", "")))
    for name, folder in listed:
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
    if name == PHRASEBOOK:
        return
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
