"""What a coarser ratio loses: on which clips, and when speech is fast or two people talk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd

from lib.corpora.phonemes import phonemes
from lib.corpora.text import normalize_text
from lib.data.sound_conditions import CURVES, Condition
from lib.languages import language
from lib.scoring.buckets import facts
from lib.scoring.comparisons import row_statistics
from lib.scoring.dependence import CLEAN
from lib.scoring.estimates import Estimate
from lib.scoring.grid_scores import GridScores, Levels
from lib.scoring.outputs import OutputRow
from lib.systems.one_system import OneSystem
from lib.systems.sound_dependence import chosen, decode_conditions
from lib.tasks import ASR
from lib.utterance import Corpus

# fast speech, and a second voice as loud as the first, or 10 dB below it
FAST = tuple(c for c in CURVES["speed"] if c.level and c.level > 1)
SOUNDS = (*FAST, *(c for c in CURVES["overlap"] if c.level in (10, 0)))
BROKEN = 50.0  # percent of the characters from which an output counts as broken
FACTS = ("speaking rate", "letters in a word", "phone duration")
# claims about what a ratio costs beyond what it costs on the clips as they are: claim, ratio, sound
ADDED_COSTS = (("COMP-2", "16", "speed 2 ×"), ("COMP-3", "8", "overlap 10 dB"))
ASKED = tuple(c for c in SOUNDS if c.name in {sound for _, _, sound in ADDED_COSTS})


def speech_facts(rows: Sequence[OutputRow], corpus: Corpus) -> pd.DataFrame:
    """How fast and in how long words each row's clip speaks; columns as `FACTS`.

    The duration of a phone is that of the clip over the phonemes that espeak-ng reads in its
    transcript; silence is part of it.

    Raises:
        ValueError: as `facts`.
    """
    found = facts(rows, corpus, {})
    said = {u.id: u.texts.get(u.language, "") for u in corpus.utterances}
    by_language: dict[str, dict[str, str]] = {}
    for row in rows:
        by_language.setdefault(row.source, {})[row.id] = said[row.id]
    spoken: dict[str, str] = {}
    for code, own in by_language.items():
        read = phonemes({code: list(own.values())})[code]
        spoken |= dict(zip(own, read, strict=True))
    return found[["speaking rate"]].assign(
        **{
            "letters in a word": [_letters_in_a_word(said[r.id], r.source) for r in rows],
            "phone duration": [1000 * r.seconds / max(1, len(spoken[r.id])) for r in rows],
        }
    )


def _letters_in_a_word(text: str, code: str) -> float | None:
    """The mean length of the words; None where a language writes no spaces."""
    words = normalize_text(text).split()
    return sum(map(len, words)) / len(words) if words and language(code).unit == "word" else None


def relabelled(rows: Sequence[OutputRow], label: str) -> list[OutputRow]:
    """A trained system's rows under the level of its ratio, as tables and charts name it."""
    return [replace(row, strategy=label) for row in rows if row.system != "baseline"]


def under_conditions(
    points: Mapping[Levels, Sequence[OneSystem]],
    scale: str,
    conditions: Sequence[Condition] = SOUNDS,
) -> GridScores:
    """Transcripts by ratio and sound, of some of the clips.

    Args:
        points: levels of the ratio -> its systems, one a seed.
    """
    outputs: dict[Levels, dict[int, list[OutputRow]]] = {}
    for levels, systems in points.items():
        for one in systems:
            examples = one.experiment.test_examples(one.system)
            clips = chosen([e for e in examples if e.task == ASR], scale)
            found = decode_conditions(one.experiment, one.system, clips, conditions)
            for row in relabelled(found.rows, f"{levels[0]}x"):
                own = outputs.setdefault((*levels, row.subset), {})
                own.setdefault(row.seed, []).append(row)
    ordered = sorted(outputs, key=lambda key: [CLEAN, *(c.name for c in conditions)].index(key[-1]))
    return GridScores(
        factors=("ratio", "sound"),
        outputs={key: outputs[key] for key in ordered},
        reference=(next(iter(points))[0], CLEAN),
        task="ASR",
        metric="chrF++",
    )


def first_to_break(rows: Mapping[str, Sequence[OutputRow]], count: int) -> list[OutputRow]:
    """The outputs, at every ratio, of the clips that break first as the ratio grows.

    A clip breaks at the first ratio from which on its output has more than `BROKEN` percent wrong
    characters, if it has fewer at the finest one.

    Args:
        rows: ratio, from fine to coarse -> outputs for the same clips.
        count: clips at most, those that break at the finest ratios first.
    """
    finest, *coarser = rows
    errors = {
        ratio: {(row.target, row.id): row_statistics([row], "CER").corpus_score for row in own}
        for ratio, own in rows.items()
    }
    broken: dict[tuple[str, str], int] = {}
    for clip, before in errors[finest].items():
        after = [errors[ratio].get(clip, 0.0) > BROKEN for ratio in coarser]
        if before <= BROKEN and after and after[-1]:
            unbroken = [place for place, is_broken in enumerate(after) if not is_broken]
            broken[clip] = max(unbroken, default=-1) + 1
    first = sorted(broken, key=lambda clip: (broken[clip], clip))[:count]
    return [
        row
        for clip in first
        for ratio, own in rows.items()
        for row in relabelled([r for r in own if (r.target, r.id) == clip], f"{ratio}x")
    ]

def added_cost(found: GridScores, ratio: str, finest: str, sound: str) -> Estimate:
    """What a ratio costs over the finest one under a sound, minus what it costs without.

    Raises:
        ValueError: the ratio or the sound was not decoded.
    """
    costs = [found.differences((ratio, heard), "ratio") for heard in (sound, CLEAN)]
    if None in costs:
        known = ", ".join(dict.fromkeys(levels[1] for levels in found.outputs))
        raise ValueError(f"no outputs at {ratio}x under {sound!r}; there are {known}")
    changed, clean = costs
    return (changed - clean).estimate()
