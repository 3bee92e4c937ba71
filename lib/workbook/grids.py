"""Runs a grid, here or by the runner's jobs, says beforehand what it costs, and reads its records.

    grid = Grid(name="rank", system="zero_resource", strategy="multi-task",
                factors={"rank": (4, 16, 64)})
    grids.cost(grid)
    grids.make(grid, jobs=2)
    grids.table(grid)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lib.display import grid_views
from lib.display.html import Page
from lib.scoring.grid_scores import GridScores
from lib.scoring.outputs import OutputRow
from lib.systems.grid import ONE_SYSTEM, Grid, Point
from lib.workbook.completion import finished, is_finished
from lib.workbook.cost import cost_row
from lib.workbook.hypotheses import read_outputs
from lib.workbook.identity import own_record
from lib.workbook.manifest_reader import first_began
from lib.workbook.plan import NotebookRun, planned_run

if TYPE_CHECKING:
    from lib.workbook.record import Run


def point_run(point: Point, scale: str) -> NotebookRun:
    """The run of a notebook that a point is.

    Raises:
        BadParameter: the notebook has no such parameter.
    """
    return planned_run(point.run, scale)


def make(grid: Grid, scale: str = "tiny", jobs: int = 0, fresh: bool = False) -> int:
    """Make every point that has no record yet, side by side, as `python -m lib.workbook run` does.

    Args:
        jobs: how many go side by side; 0: one a GPU, or as many as the cores allow.
        fresh: make finished points again.

    Returns:
        0 where every point finished.

    Raises:
        BadParameter: see `point_run`.
    """
    from lib.workbook.runner import run_all

    return run_all([point_run(point, scale) for point in grid.points()], jobs, fresh)


def make_here(grid: Grid, run: Run) -> None:
    """Make every point that has no record yet in this process, each with a record of its own.

    Args:
        run: the notebook's, at whose scale it is done; it shows the progress.

    Raises:
        ValueError: the points are runs of another notebook than `ONE_SYSTEM`.
    """
    from lib.workbook.record import start_run

    if grid.notebook != ONE_SYSTEM:
        raise ValueError(f"grid {grid.name} is of notebook {grid.notebook}; use make() for it")
    points = grid.points()
    for number, point in enumerate(points):
        planned = point_run(point, run.scale)
        run.progress(f"{grid.name}: {point.label}", number, len(points))
        if finished(planned):
            continue
        own = start_run(planned.notebook.number, **planned.parameters)
        own.made_in(run)
        train_point(own)
        del own.manifest["measures"]["peak_memory_mb"]  # of all that this process has trained
        own.finish()


def open_points(grid: Grid, run: Run) -> dict[tuple[str, ...], list[Any]]:
    """The trained systems (`OneSystem`) of a grid's finished points, by levels, one a seed.

    Args:
        run: the notebook's, which shows the progress.
    """
    found: dict[tuple[str, ...], list[Any]] = {}
    for point in grid.points():
        planned = point_run(point, run.scale)
        if finished(planned):
            one = _train(planned.parameters, run)
            found.setdefault(tuple(point.levels.values()), []).append(one)
    return found


def train_point(run: Run) -> Any:
    """Train the system that the parameters of a run of `ONE_SYSTEM` name, and record it.

    Returns:
        The `OneSystem`.

    Raises:
        ValueError: as `open_variant`.
    """
    found = _train(run.manifest["parameters"], run)
    run.uses(found.experiment.corpus)
    run.hypotheses(found.rows)
    run.measure(**found.measures)
    run.count(**found.experiment.dropped_counts(found.system, found.rows))
    return found


def _train(given: Mapping[str, Any], run: Run) -> Any:
    """The system of some parameters of `ONE_SYSTEM`, with the progress and device of a run."""
    from lib.systems.one_system import train_one_system

    return train_one_system(
        *(given[name] for name in ("system", "strategy", "change", "scale", "seed")),
        cache=run.cache,
        device=run.device,
        callback=run.callback,
        progress=run.progress,
        on_system=run.on_system,
    )


def scores(grid: Grid, scale: str = "tiny") -> GridScores:
    """The outputs of every point that has a record, by levels and seed.

    Raises:
        ValueError: a run has outputs of several strategies, and the grid names none of them.
    """
    outputs: dict[tuple[str, ...], dict[int, list[OutputRow]]] = {}
    measures: dict[tuple[str, ...], dict[int, Mapping[str, float]]] = {}
    missing = 0
    for point in grid.points():
        run = point_run(point, scale)
        manifest = own_record(run)
        rows = _rows(manifest | {"folder": run.folder}, grid) if is_finished(manifest) else []
        if not rows:
            missing += 1
            continue
        levels, seed = tuple(point.levels.values()), point.seed or 0
        outputs.setdefault(levels, {})[seed] = rows
        measures.setdefault(levels, {})[seed] = manifest.get("measures", {})
    first = next(iter(grid))
    return GridScores(
        factors=tuple(grid.factors),
        outputs=outputs,
        measures=measures,
        reference=tuple(grid.reference.get(name, first[name]) for name in grid.factors),
        task=grid.task,
        metric=grid.metric,
        missing=missing,
    )


def _rows(manifest: dict[str, Any], grid: Grid) -> list[OutputRow]:
    rows = read_outputs(manifest)
    if grid.notebook == ONE_SYSTEM:  # it has one strategy
        return rows
    known = sorted({row.strategy for row in rows if row.system != "baseline"})
    if len(known) > 1 and grid.strategy not in known:
        raise ValueError(
            f"grid {grid.name}: notebook {grid.notebook} has outputs of {', '.join(known)}; set "
            f"strategy= to one of them, not {grid.strategy!r}"
        )
    chosen = grid.strategy or "".join(known)
    return [row for row in rows if row.system == "baseline" or row.strategy == chosen]


def since(*grids: Grid, scale: str = "tiny") -> str:
    """When the first point of some grids began, or its first training (UTC, ISO 8601); empty: none.

    A prediction that was committed later is post hoc.
    """
    points = (point for grid in grids for point in grid.points())
    found = (own_record(point_run(point, scale)) for point in points)
    return min((first_began(manifest) for manifest in found if manifest), default="")


def table(grid: Grid, scale: str = "tiny", **options: Any) -> Page:
    """A row for each combination of levels; options as for `grid_views.scores`."""
    return grid_views.scores(scores(grid, scale), **options)


def cost(*grids: Grid, scale: str = "tiny") -> Page:
    """What the points without a record will take, before they start."""
    return grid_views.cost(
        {grid.name: cost_row([point_run(p, scale) for p in grid.points()]) for grid in grids}
    )
