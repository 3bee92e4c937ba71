"""What the notebooks show, each as one call: clips with their texts, curves, scores, and examples chosen by a rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure
from torch import nn

from lib.display.alignment import difference as marked
from lib.display.html import Page, escape, table
from lib.display.player import Clips
from lib.display.plots import scores_with_intervals, training_curves
from lib.languages import language
from lib.scoring.metrics import PROFILES, statistics
from lib.scoring.outputs import OutputRow
from lib.scoring.significance import Difference, difference
from lib.systems.backbones import TrainedBackbone
from lib.training.fit import FitResult
from lib.training.stages import parameter_table
from lib.utterance import Utterance


def parallel(utterances: Sequence[Utterance], caption: str, also: str = "") -> Clips:
    """Clips with their transcripts, such as one thing said in several languages.

    Args:
        also: a language whose text stands beside the transcript.
    """
    rows = [
        {
            "language": language(u.language).name,
            "text": u.texts.get(u.language, ""),
            **({language(also).name: u.texts.get(also, "")} if also else {}),
            "voice": u.speaker,
            "seconds": round(u.seconds, 2),
        }
        for u in utterances
    ]
    return Clips(rows, [u.audio for u in utterances], caption)


def texts(utterances: Sequence[Utterance], heard: Sequence[str], title: str) -> Page:
    """What was said and what was made of it, a row an utterance."""
    rows = [{"said": u.texts[u.language], title: text} for u, text in zip(utterances, heard, strict=True)]
    return Page(table(rows))


def curves(stages: Sequence[FitResult]) -> Figure:
    """How each stage went."""
    return training_curves({stage.stage: stage.history for stage in stages})


def scores(frame: pd.DataFrame, metric: str) -> Figure:
    """Scores of a metric with their intervals, baselines grey."""
    return scores_with_intervals(frame.to_dict("records"), metric)


def best_baseline(said: Sequence[OutputRow], metric: str, profile: str = "plain") -> str:
    """The strategy of the trivial baseline that scores best."""

    def worth(strategy: str) -> float:
        rows = [row for row in said if row.system == "baseline" and row.strategy == strategy]
        stats = statistics(metric, [r.hypothesis for r in rows], [r.reference for r in rows], rows[0].target, profile)
        return stats.combine(stats.rows.sum(0))

    return max({row.strategy for row in said if row.system == "baseline"}, key=worth)


def against_best_baseline(said: Sequence[OutputRow], metric: str, profile: str = "plain") -> Difference:
    """How far the trained system is above the best trivial baseline, with its interval."""
    baseline = best_baseline(said, metric, profile)
    ours = [row for row in said if row.system != "baseline"]
    theirs = [row for row in said if row.system == "baseline" and row.strategy == baseline]
    if [row.id for row in ours] != [row.id for row in theirs]:
        raise ValueError("system and baseline do not speak to the same utterances in the same order")
    return difference(
        metric,
        [row.hypothesis for row in ours],
        [row.hypothesis for row in theirs],
        [row.reference for row in ours],
        ours[0].target,
        [row.speaker for row in ours],
        profile,
    )


def chosen(said: Sequence[OutputRow], count: int) -> Clips:
    """Clips chosen by a rule: a third each from the best, the middle and the worst by chrF++ of the utterance."""
    ours = [row for row in said if row.system != "baseline"]
    stats = statistics("chrF++", [r.hypothesis for r in ours], [r.reference for r in ours], ours[0].target, "plain")
    each = [stats.combine(row) for row in stats.rows]
    order = sorted(range(len(ours)), key=lambda index: (-each[index], ours[index].id))
    third = max(1, count // 3)
    middle = max(0, len(order) // 2 - third // 2)
    places = list(dict.fromkeys(order[:third] + order[middle : middle + third] + order[-third:]))
    rows = [
        {
            "chrF++": round(each[index], 1),
            "should say": escape(ours[index].reference),
            "says": marked(ours[index].reference, ours[index].hypothesis),
        }
        for index in places
    ]
    caption = f"{len(places)} of {len(ours)} test clips, by rule: best, middle, worst"
    return Clips(rows, [Path(ours[index].audio) for index in places], caption, safe=frozenset({"should say", "says"}))


def exact_share_check(guess: float, said: Sequence[OutputRow]) -> Page:
    """How far a guess of the share of exactly right outputs is from the truth."""
    ours = [row for row in said if row.system != "baseline"]
    prepare = PROFILES["plain"].prepare
    share = sum(prepare(row.hypothesis) == prepare(row.reference) for row in ours) / len(ours)
    off = abs(guess - share)
    word = "close" if off <= 0.05 else "not far" if off <= 0.15 else "far off"
    return Page(f"<p>You guessed {guess:.2f}; it is {share:.2f}: {word}.</p>")


def parameters(model: nn.Module) -> Page:
    """The parts of a model and their parameters."""
    rows = parameter_table(model)
    total = {
        "part": "all",
        "parameters": sum(row["parameters"] for row in rows),
        "trainable": sum(row["trainable"] for row in rows),
    }
    return Page(table([*rows, total]))


def seen_or_not(source: str, target: str, backbone: TrainedBackbone) -> Page:
    """Which of a pair's languages the backbone was trained on."""
    words = [
        f"{language(code).name} is {'a seen' if code in backbone.seen else 'an unseen'} language" for code in (source, target)
    ]
    return Page(f"<p>{escape('; '.join(words))}. The backbone has seen {escape(', '.join(backbone.seen))}.</p>")


def score_table(frame: pd.DataFrame) -> Page:
    """Scores with intervals; how they were computed, the signature, stands in scores.csv."""
    columns = ["system", "strategy", "metric", "value", "low", "high", "n"]
    return Page(table(frame[columns].to_dict("records")))


def counts(losses: dict[str, int]) -> Page:
    """What was counted, a row each."""
    return Page(table([{"counted": name.replace("_", " "), "times": value} for name, value in losses.items()]))


def lowest_error_check(guess: str, frame: pd.DataFrame) -> Page:
    """Was the language with the lowest word error rate guessed?"""
    rows = frame[(frame["task"] == "ASR") & (frame["metric"] == "WER[gmu]")]
    best = rows.loc[rows["value"].idxmin()]
    word = "Right" if guess == best["source"] else "Not quite"
    return Page(f"<p>{word}: it is {escape(language(best['source']).name)}, with a word error rate of {best['value']:.1f} %.</p>")
