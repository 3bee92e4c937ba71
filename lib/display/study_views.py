"""A study by system and direction: scores, differences, conflicts between its runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from matplotlib.figure import Figure

from lib.display.html import Page, note, table
from lib.display.score_plots import difference_panels
from lib.scoring.comparisons import format_interval
from lib.scoring.estimates import Estimate
from lib.scoring.study import Direction, Study


def format_seed_mean(mean: Estimate | None, sign: str = "") -> str:
    """A mean with its interval, which is left out for two seeds: Student's t makes it useless.

    Args:
        sign: "+" to show the sign of positive numbers.
    """
    if mean and len(mean.values) == 2:
        return f"{mean.value:{sign}.1f} (two seeds)"
    return format_interval(mean, sign)


def strategies(
    study: Study,
    directions: Sequence[Direction],
    names: Sequence[str],
    reference: str,
    is_seen: Callable[[str], bool],
) -> Page:
    """BLEU and chrF++ of each strategy over its seeds, and its difference to `reference`.

    Args:
        names: strategies, in the order of the rows.
        is_seen: whether the backbone was trained on speech of this language.
    """
    rows = []
    for system, part, direction in _parts(study, directions):
        for name in names:
            bleu = part.score(direction, name, "BLEU")
            if bleu is None:
                continue
            gain = None if name == reference else part.gain(direction, name, reference)
            rows.append(
                {
                    "system": system,
                    "direction": "→".join(direction),
                    "language": "seen" if is_seen(direction[0]) else "unseen",
                    "strategy": name,
                    "BLEU": format_seed_mean(bleu),
                    "chrF++": format_seed_mean(part.score(direction, name, "chrF++")),
                    f"BLEU above {reference}": format_seed_mean(gain, "+"),
                    "BLEU by seed": ", ".join(f"{value:.1f}" for value in bleu.values),
                }
            )
    return Page(table(rows))


def scores(
    study: Study, directions: Sequence[Direction], columns: Mapping[str, Mapping[str, str]]
) -> Page:
    """Selected scores of each direction.

    Args:
        columns: heading -> arguments of `Study.score`, such as strategy, metric and task.
    """
    rows = []
    for system, part, direction in _parts(study, directions):
        row = {"system": system, "direction": "→".join(direction)}
        for heading, arguments in columns.items():
            row[heading] = format_seed_mean(part.score(direction, **arguments))
        rows.append(row)
    return Page(table(rows))


def difference_chart(
    study: Study,
    directions: Sequence[Direction],
    names: Sequence[str],
    reference: str,
    metric: str = "BLEU",
) -> Figure:
    """The difference of each strategy to `reference`, a panel per system and direction."""
    systems = _systems(study)
    panels = {}
    for system, part, direction in _parts(study, directions):
        gains = {name: part.gain(direction, name, reference, metric) for name in names}
        measured = {name: gain for name, gain in gains.items() if gain is not None}
        if measured:
            title = "→".join(direction)
            panels[title if len(systems) == 1 else f"{system} {title}"] = measured
    return difference_panels(panels, f"{metric} above {reference}")


def best_strategies(
    study: Study, directions: Sequence[Direction], names: Sequence[str], metric: str = "BLEU"
) -> dict[str, str]:
    """The strategy with the highest score of each measured system and direction."""
    best = {}
    for system, part, direction in _parts(study, directions):
        means = {name: part.score(direction, name, metric) for name in names}
        values = {name: mean.value for name, mean in means.items() if mean is not None}
        if values:
            best[f"{system} {'→'.join(direction)}"] = max(values, key=values.__getitem__)
    return best


def conflicts(study: Study) -> Page:
    """Systems that have different outputs in two runs."""
    if not study.conflicts:
        return note("No conflicts: runs that share a system have the same outputs.")
    return note(
        "Two runs have different outputs of these systems, from another recipe or machine; "
        f"repeat the older run with --fresh: {'; '.join(study.conflicts)}."
    )


def _systems(study: Study) -> list[str]:
    return sorted({key.system for key in study.rows})


def _parts(
    study: Study, directions: Sequence[Direction]
) -> Iterator[tuple[str, Study, Direction]]:
    """Each system with its part of the study, for each direction that it has outputs of."""
    for system in _systems(study):
        part = study.of_system(system)
        measured = {key.direction for key in part.rows}
        for direction in directions:
            if direction in measured:
                yield system, part, direction
