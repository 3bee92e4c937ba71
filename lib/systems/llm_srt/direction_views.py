"""Pages of notebook 30 by direction: scores, groups, costs, how much speech is enough."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib.display.html import Page, note, table
from lib.display.plots import SMALL, style_axes
from lib.languages import language
from lib.scoring.comparisons import row_difference, row_statistics, rows_of
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Direction
from lib.systems.experiment import Experiment
from lib.systems.llm_srt.experiment import PAPER_LANGUAGES
from lib.systems.llm_srt.released_scores import released_scores
from lib.systems.llm_srt.strategies import LESS_SPEECH, STAGES
from lib.systems.outputs import TrainedSystem
from lib.tasks import ST

SCRIPT_GROUPS = {"Latn": "Latin", "Cyrl": "Cyrillic"}


def bleu_by_direction(rows: Sequence[OutputRow], strategy: str) -> dict[Direction, float]:
    """BLEU of one strategy by direction, with the tokenizer of each target."""
    groups: dict[Direction, list[OutputRow]] = {}
    for row in rows:
        if row.strategy == strategy and row.task == ST.name and row.system != "baseline":
            groups.setdefault((row.source, row.target), []).append(row)
    return {pair: row_statistics(own, "BLEU", "plain").corpus_score for pair, own in groups.items()}


def direction_map(
    scores: Mapping[str, Mapping[Direction, float]], zero_shot: Sequence[Direction] = ()
) -> Figure:
    """Heat maps of BLEU, source by target, a panel for each table; the first has boxes.

    Args:
        scores: title -> BLEU by direction.
        zero_shot: directions that are boxed in the first panel.
    """
    sides = [
        [c for c in dict.fromkeys((*PAPER_LANGUAGES, *codes)) if c in codes]
        for codes in ({code for pair in found for code in pair} for found in scores.values())
    ]
    widths = [1.2 + 0.42 * len(codes) for codes in sides]
    height = 0.9 + 0.32 * max(map(len, sides))
    figure = Figure(figsize=(sum(widths), height), layout="constrained")
    panels = figure.subplots(1, len(scores), squeeze=False, width_ratios=widths)[0]
    first = panels[0]
    for axes, (title, found), codes in zip(panels, scores.items(), sides, strict=True):
        grid = [[found.get((s, t), float("nan")) for t in codes] for s in codes]
        top = max(found.values(), default=0) or 1
        axes.imshow(grid, cmap="Blues", aspect="auto", vmin=0, vmax=1.5 * top)
        for (source, target), value in found.items():
            at = codes.index(target), codes.index(source)
            axes.annotate(f"{value:.0f}", at, fontsize=SMALL, ha="center", va="center")
            if axes is first and (source, target) in zero_shot:
                corner = (at[0] - 0.5, at[1] - 0.5)
                axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor="tab:red"))
        axes.set_xticks(range(len(codes)), codes, rotation=90)
        axes.set_yticks(range(len(codes)), codes)
        style_axes(axes, "target", "source")
        axes.set_title(title, fontsize=SMALL, loc="left")
    return figure


def published_map(scores: Mapping[Direction, float], zero_shot: Sequence[Direction]) -> Figure:
    """The workbook's directions beside the released sheet of 210."""
    return direction_map(
        {"this workbook": scores, "released, Qwen2.5-3B on FLEURS": released_scores()}, zero_shot
    )


def by_group(
    experiment: Experiment, scores: Mapping[Direction, float], zero_shot: Sequence[Direction]
) -> Page:
    """Mean BLEU by trained or zero-shot, family, script, and speech that was trained on.

    Means over directions say little where the targets differ: their BLEU is of other units.
    """
    hours = {
        source: experiment.corpus.hours("train", source)
        for source in dict.fromkeys(source for source, _ in scores)
    }
    median = sorted(hours.values())[len(hours) // 2]
    rows = []
    for what, name_of in (
        ("direction", lambda s, t: "zero-shot" if (s, t) in zero_shot else "trained"),
        ("family of the source", lambda s, t: language(s).family),
        ("family of the target", lambda s, t: language(t).family),
        ("families", lambda s, t: "same" if language(s).family == language(t).family else "other"),
        ("script of the target", lambda s, t: _script(t)),
        (
            "training speech of the source",
            lambda s, t: f"{'at least' if hours[s] >= median else 'under'} {median:.2f} h",
        ),
    ):
        groups: dict[str, list[float]] = {}
        for (source, target), value in scores.items():
            groups.setdefault(name_of(source, target), []).append(value)
        for name, values in groups.items():
            mean = sum(values) / len(values)
            rows.append({"by": what, "group": name, "directions": len(values), "BLEU": mean})
    return Page(table(rows))


def _script(code: str) -> str:
    return SCRIPT_GROUPS.get(language(code).script, language(code).script)


def costs(
    systems: Sequence[TrainedSystem],
    scores: Mapping[str, Mapping[Direction, float]],
    zero_shot: Sequence[Direction],
) -> Page:
    """What each strategy trains and takes, beside its mean BLEU over the trained directions."""
    rows = []
    for system in systems:
        trained = sum(p.numel() for p in system.model.parameters() if p.requires_grad)
        peak = max((row["peak_memory_mb"] for row in system.fit_result.history), default=0.0)
        rows.append(
            {
                "strategy": system.strategy.name,
                "trained parameters, M": trained / 1e6,
                "updates": system.fit_result.updates,
                "seconds": round(system.fit_result.seconds),
                "peak memory of the process, MB": round(peak),
                "mean BLEU": _mean(scores[system.strategy.name], zero_shot),
            }
        )
    return Page(table(rows))


def _mean(scores: Mapping[Direction, float], without: Sequence[Direction]) -> float | None:
    values = [value for pair, value in scores.items() if pair not in without]
    return sum(values) / len(values) if values else None


def enough_speech(
    scores: Mapping[str, Mapping[Direction, float]],
    zero_shot: Sequence[Direction],
    kept: float,
) -> Page:
    """The smallest share of each stage's speech that keeps a share of the score.

    Args:
        scores: BLEU of each strategy by direction.
        kept: share of the score with all speech, from 0 to 1.
    """
    whole, rows = _mean(scores["srt"], zero_shot), []
    for stage in STAGES:
        own = {
            share: _mean(scores[chained[-1].name], zero_shot)
            for (name, share), chained in LESS_SPEECH.items()
            if name == stage and chained[-1].name in scores
        }
        if not own:
            continue
        fits = [share for share, value in own.items() if value >= kept * whole]
        rows.append(
            {
                "less speech in": stage,
                **{f"BLEU with {share:g}": value for share, value in own.items()},
                "BLEU with all": whole,
                f"smallest share that keeps {100 * kept:g} %": min(fits, default=1.0),
            }
        )
    if not rows:
        return note('Less speech is trained with ablate = "speech".')
    return Page(table(rows))


def below_ceiling(rows: Sequence[OutputRow]) -> Estimate:
    """BLEU of the curriculum minus that of the language model on true transcripts.

    Args:
        rows: of one direction.
    """
    ours = [row for row in rows_of(rows, "srt") if row.task == ST.name]
    return row_difference(ours, rows_of(rows, "language model"), "BLEU")
