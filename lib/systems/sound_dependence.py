"""Decode one test set under many conditions of sound, by any trained system that hears."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from pathlib import Path

from lib.data.sound_conditions import (
    ACCENT,
    SPEAKER,
    Condition,
    accent_of,
    conditioned,
    readable,
    speak_again,
)
from lib.files import content_hash
from lib.progress import no_progress
from lib.scales import preset
from lib.scoring.baselines import shuffled
from lib.scoring.dependence import CLEAN
from lib.scoring.outputs import OutputRow, reference_of
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.tasks import Example

# over all tasks and directions; at `tiny` all conditions of a system take about a minute
CLIPS = {"smoke": 12, "tiny": 120, "lab": 600, "full": 2000}
MIN_CLIPS = 4  # of each task and direction
RECORDINGS = "not available for recordings: their text would have to be spoken anew"


@dataclass(kw_only=True)
class ConditionOutputs:
    """Outputs under each condition, which is their `subset`; the first is `CLEAN`."""

    rows: list[OutputRow] = field(default_factory=list)  # audio: what was heard
    left_out: dict[str, str] = field(default_factory=dict)  # condition, or id of a clip -> why


def chosen(examples: Sequence[Example], scale: str) -> list[Example]:
    """As many of each task and direction, those with the lowest hashes of their ids.

    So a larger scale has the clips of a smaller one, and a clip is in all of its tasks.
    """
    groups = _by_direction(examples)
    count = max(MIN_CLIPS, preset(CLIPS, scale) // max(1, len(groups)))
    return [e for own in groups for e in sorted(own, key=lambda e: content_hash(e.id))[:count]]


def decode_conditions(
    experiment: Experiment,
    system: TrainedSystem,
    examples: Sequence[Example],
    conditions: Sequence[Condition],
) -> ConditionOutputs:
    """Outputs for the sound as it is and under each condition, by the system's own search.

    Rows keep id, speaker and reference of their example, so that conditions pair. The other clip
    of an example is of the same task and direction, and has another reference.

    Raises:
        ValueError: a direction has fewer than two readable clips, or the system takes text.
    """
    usable, unreadable = readable([e for e in examples if e.task.speech_input])
    groups = _by_direction(usable)
    if not groups or min(map(len, groups)) < 2:
        raise ValueError(
            f"{len(usable)} readable clips in {len(groups)} directions, {len(unreadable)} are "
            "unreadable; give two of each direction at least, to a system that takes speech"
        )
    pairs = [
        pair
        for own in groups
        for pair in zip(own, shuffled(own, [reference_of(e) for e in own]), strict=True)
    ]
    found = ConditionOutputs(left_out={clip.id: clip.reason for clip in unreadable})
    quiet, system = copy(experiment), replace(system, truncated_texts=set())
    quiet.decoding_speed, quiet.progress = {}, no_progress  # the test set's own speed stays
    for number, condition in enumerate((None, *conditions), start=1):
        originals, heard = _heard(experiment, pairs, condition, found)
        hypotheses = quiet.decode(system, heard) if heard else []
        named = [replace(h, id=e.id) for h, e in zip(heard, originals, strict=True)]
        subset = condition.name if condition else CLEAN
        rows = quiet.rows(system, named, hypotheses)
        found.rows += [replace(row, subset=subset) for row in rows]
        experiment.progress("conditions of sound", number, len(conditions) + 1)
    return found


def _by_direction(examples: Sequence[Example]) -> list[list[Example]]:
    groups: dict[tuple[str, str, str], list[Example]] = {}
    for e in examples:
        groups.setdefault((e.task.name, e.source, e.target), []).append(e)
    return list(groups.values())


def _heard(
    experiment: Experiment,
    pairs: Sequence[tuple[Example, Example]],
    condition: Condition | None,
    found: ConditionOutputs,
) -> tuple[list[Example], list[Example]]:
    """Examples as they are, and as they are heard; `found` is told why some are left out."""
    examples, others = ([pair[index] for pair in pairs] for index in (0, 1))
    folder = Path(experiment.cache) / "sound-conditions"
    if condition is None:
        return examples, examples
    if condition not in SPEAKER:
        return examples, conditioned(examples, condition, folder, others)
    if not experiment.corpus.synthetic:
        found.left_out[condition.name] = RECORDINGS
        return [], []
    if condition == ACCENT:
        without = sorted({e.source for e in examples if accent_of(e.source) is None})
        examples = [e for e in examples if e.source not in without]
        if without:
            why = f"no voice of another language reads {', '.join(without)}"
            found.left_out[condition.name] = why
    said = {u.sound: u.texts[u.language] for u in experiment.corpus.split("test")}
    texts = [said[e.audio] for e in examples]
    return examples, speak_again(examples, texts, condition, folder) if examples else []
