"""The encoders that zero-resource translation can start from: how, and in which languages, taught.

All are of the same size. CTC has as many updates for all that have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lib.systems.zero_resource.languages import LANGUAGES

AUDIO_ONLY, CTC_ONLY = "audio only", "CTC only"
RANDOM, SAME_LANGUAGES, OTHER_LANGUAGES = "random", "same languages", "other languages"
# those of notebook 40's ablation; "" is as the recipe has it: CTC on all paired languages
ENCODERS = ("", AUDIO_ONLY, CTC_ONLY)
ALL_ENCODERS = (*ENCODERS, RANDOM, SAME_LANGUAGES, OTHER_LANGUAGES)


def encoder_changes(
    encoder: str, trained_on: Sequence[str], held_out: Sequence[str]
) -> dict[str, Any]:
    """The fields of `BestRqBackbone` that make an encoder.

    Args:
        encoder: of `ALL_ENCODERS`.
        trained_on: the languages that the experiment trains on.

    Raises:
        ValueError: an unknown encoder, or too few languages are left to be others.
    """
    if encoder not in ALL_ENCODERS:
        known = ", ".join(map(repr, ALL_ENCODERS))
        raise ValueError(f"unknown encoder {encoder!r}; use {known}")
    if encoder == RANDOM:
        return {"best_rq": None, "ctc": None}
    hidden = tuple(sorted(held_out))
    if encoder == AUDIO_ONLY:
        return {"unpaired": hidden, "ctc": None}
    if encoder == CTC_ONLY:
        return {"unpaired": hidden, "best_rq": None}
    if not encoder:
        return {"unpaired": hidden}
    paired = trained_on if encoder == SAME_LANGUAGES else other_languages(trained_on, held_out)
    return {"unpaired": tuple(sorted(code for code in LANGUAGES if code not in paired))}


def other_languages(trained_on: Sequence[str], held_out: Sequence[str]) -> tuple[str, ...]:
    """As many as are trained on, none of them heard in the experiment: the last of `LANGUAGES`.

    The last ones are related to the fewest others.

    Raises:
        ValueError: there are not so many.
    """
    free = [code for code in LANGUAGES if code not in (*trained_on, *held_out)]
    if len(free) < len(trained_on):
        raise ValueError(
            f"encoder={OTHER_LANGUAGES!r} needs {len(trained_on)} languages beside those of the "
            f"experiment, and there are {len(free)}; name fewer in languages="
        )
    return tuple(free[-len(trained_on) :])
