"""The cascade: what a recogniser hears is what a translator reads, and what that costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lib.decoding import Hypothesis
from lib.scoring.outputs import OutputRow
from lib.systems.gmu.experiment import Experiment, TrainedSystem, stripped
from lib.tasks import Example, Task


@dataclass(frozen=True)
class Cascade:
    """A way to join the two; the paper says no more than that ASR output goes into MT."""

    name: str  # as it stands in the scores table
    translator: str = "mt"  # a strategy; mt_stripped: it was trained on text without punctuation and capitals
    n_best: int = 1  # transcripts that are translated; the translation with the best sum of both scores is taken
    transcript_weight: float = 1.0  # of the transcript's score in that sum
    strip: bool = False  # punctuation and capitals are taken out of the transcript


CASCADES = {
    cascade.name: cascade
    for cascade in (
        Cascade("cascade"),
        Cascade("cascade 5-best", n_best=5),
        Cascade("cascade stripped", strip=True),  # the translator was trained on whole text: it reads what it does not know
        Cascade("cascade stripped in both", "mt_stripped", strip=True),
        Cascade("cascade nllb", "nllb"),
    )
}


def transcripts(bench: Experiment, recogniser: TrainedSystem) -> list[Hypothesis]:
    """What the recogniser hears in each clip of the speech translation test set, with as many next best ones as there are beams.

    Clips without a true transcript are heard too: a cascade needs none.
    """
    heard = [replace(example, task=Task.ASR, target=bench.source, target_text="") for example in bench.test(Task.ST)]
    return bench.decode(recogniser, heard, n_best=bench.recipe.beams)


def translated(
    bench: Experiment, cascade: Cascade, heard: Sequence[Hypothesis], translator: TrainedSystem
) -> tuple[list[OutputRow], list[Hypothesis]]:
    """The cascade's speech translations of the test set, and the transcript that each was made of.

    A transcript that was put together from parts of a long recording has no next best ones, and is translated as it is.

    Args:
        heard: as `transcripts` gives them, one for each clip of the test set.
    """
    test = bench.test(Task.ST)
    prepare = stripped if cascade.strip else str
    tried: list[tuple[int, Hypothesis]] = [
        (index, transcript)
        for index, best in enumerate(heard)
        for transcript in [best, *best.others][: cascade.n_best]
    ]  # fmt: skip
    read = [
        Example(
            f"{test[index].id}/{number}", Task.MT, bench.source, bench.target, test[index].target_text, prepare(transcript.text)
        )
        for number, (index, transcript) in enumerate(tried)
    ]
    chosen: dict[int, tuple[float, Hypothesis, Hypothesis]] = {}
    for (index, transcript), translation in zip(tried, bench.decode(translator, read), strict=True):
        worth = cascade.transcript_weight * (transcript.score or 0.0) + (translation.score or 0.0)
        if index not in chosen or worth > chosen[index][0]:
            chosen[index] = (worth, translation, transcript)
    whole = [replace(chosen[index][1], id=example.id) for index, example in enumerate(test)]
    rows = output_rows(test, whole, "gmu", cascade.name, translator.stage.name, "test", bench.seed)
    return rows, [chosen[index][2] for index in range(len(test))]


def all_of_them(
    bench: Experiment, heard: Sequence[Hypothesis], cascades: Mapping[str, Cascade], translators: Mapping[str, TrainedSystem]
) -> list[OutputRow]:
    """The speech translations of several cascades of one recogniser."""
    return [row for cascade in cascades.values() for row in translated(bench, cascade, heard, translators[cascade.translator])[0]]
