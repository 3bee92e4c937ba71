"""GMU's studies: the runs that its claims need, over pairs and seeds or on the paper's corpora."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lib.corpora.cards import obtain_command
from lib.scoring.study import Direction
from lib.systems.gmu.pairs import PAIRS, STUDY
from lib.systems.grid import TRAINED_HERE, Grid, PlannedRun, planned

SEEDS = (1, 2, 3, 4, 5)  # each with a backbone of its own, so that a seed repeats everything
FURTHER_SEEDS = (1, 2, 3)  # of notebooks 14, 15 and 17
CONVERGENCE_PAIRS = (("est", "eng"), ("gle", "eng"))  # one seen, one unseen
FULL_MINUTES = 600.0  # a guess, for the estimate of what is left: no run at `full` has been timed
ABLATED_ON_RECORDINGS = ("11", "13")  # all cascades and all initialisations


def study_runs(scale: str, parameters: Mapping[str, Any]) -> list[PlannedRun]:
    """Four phrasebook pairs with five seeds, or, with `folder`, the paper's pairs on recordings.

    Args:
        parameters: `folder` holds the corpora, each in a folder of its name; others go to each run.

    Raises:
        ValueError: the scale needs recordings and there is no `folder`, or no corpus is in it.
    """
    further = {name: value for name, value in parameters.items() if name != "folder"}
    if parameters.get("folder"):
        runs = recordings_runs(Path(parameters["folder"]), further)
        if all(run.skip for run in runs):
            expected = ", ".join(pair.corpus for pair in PAIRS.values())
            raise ValueError(
                f"{parameters['folder']} holds none of GMU's corpora; their folders are {expected}"
            )
        return runs
    if scale not in TRAINED_HERE:
        raise ValueError(
            f"study gmu at {scale} needs recordings: add -p folder=DIR, the folder of the corpora, "
            f"such as DIR/{next(iter(PAIRS.values())).corpus}"
        )
    return list(_phrasebook(further))


def _phrasebook(further: Mapping[str, Any]) -> Iterator[PlannedRun]:
    """A backbone for each seed, then 11 to 13 on every pair and seed, then the rest."""

    def grid(notebook: str, minutes: float, seeds: tuple[int, ...], **options: Any) -> Grid:
        return Grid(
            name="gmu",
            notebook=notebook,
            seeds=seeds,
            seed_names=("seed", "backbone_seed"),
            minutes=minutes,
            **{"fixed": further, **options},
        )

    # no further parameters: it has none of the other notebooks'
    yield from planned(
        Grid(name="gmu", notebook="03", seeds=SEEDS, seed_names=("backbone_seed",), minutes=5.0)
    )
    pairs = {"pair": _levels(STUDY)}
    for notebook, minutes in (("11", 3.0), ("13", 3.0), ("12", 2.0)):
        yield from planned(grid(notebook, minutes, SEEDS, factors=pairs))
    yield from planned(
        grid("14", 2.0, FURTHER_SEEDS),
        grid("17", 14.0, FURTHER_SEEDS, factors={"pair": _levels(CONVERGENCE_PAIRS)}),
        grid("15", 9.0, FURTHER_SEEDS, fixed={**further, "ablate": True}),
        PlannedRun(notebook="16", minutes=0.5, scales=TRAINED_HERE),
    )


def _levels(pairs: Sequence[Direction]) -> dict[str, dict[str, str]]:
    """Language pairs as levels of a factor."""
    return {f"{s}→{t}": {"source": s, "target": t} for s, t in pairs}


def recordings_runs(folder: Path, further: Mapping[str, Any] | None = None) -> list[PlannedRun]:
    """Each of the paper's pairs, direct only where there are no transcripts.

    A pair whose corpus is not under `folder` is left out, and says how it is obtained.
    """
    runs = []
    for pair in PAIRS.values():
        corpus = folder / pair.corpus
        present = corpus.exists()
        given = {
            "source": pair.source,
            "target": pair.target,
            "corpus": pair.corpus,
            "folder": str(corpus),
        }
        for notebook in ("10", "11", "12", "13") if present and pair.transcripts else ("10",):
            ablation = {"ablate": True} if notebook in ABLATED_ON_RECORDINGS else {}
            runs.append(
                PlannedRun(
                    notebook=notebook,
                    minutes=FULL_MINUTES,
                    parameters=given | ablation | dict(further or {}),
                    skip="" if present else f"there is no {corpus}; {obtain_command(pair.corpus)}",
                )
            )
    return runs


STUDIES = {"gmu": study_runs}
