"""On what a system is bad: its scores by facts about the utterances, with intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lib.corpora.audio import BadAudio, read_audio
from lib.corpora.signal_to_noise import signal_to_noise_db
from lib.corpora.text import normalize_text
from lib.languages import language
from lib.scoring.comparisons import check_same_test_set, row_statistics
from lib.scoring.estimates import (
    Estimate,
    Replicates,
    difference_of_test_sets,
    replicates,
    simultaneous,
)
from lib.scoring.metrics import Statistics, lower_is_better
from lib.scoring.outputs import OutputRow
from lib.tasks import TASKS
from lib.utterance import Corpus, Utterance

Rows = Sequence[OutputRow]
MIN_UTTERANCES = 10  # of a bucket with an interval
CATEGORIES = 30  # that are buckets of their own
NOT_KNOWN = "not known"
# facts that are numbers, with their units; others are categories
UNITS = {
    "seconds": "s",
    "speaking rate": "characters/s",
    "estimated SNR": "dB",
    "reference words": "words",
    "reference characters": "characters",
    "letters in a word": "letters",
    "phone duration": "ms",
    "rarest word in training": "times",
    "rarest character in training": "times",
}


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """The outputs of a strategy for utterances that are alike in one fact."""

    strategy: str
    name: str  # such as "2.1 to 3.4 s", "deu", "others (5)" for 5 values, or `NOT_KNOWN`
    n: int  # utterances
    metric: str
    value: float  # the score
    estimate: Estimate | None  # None: under `MIN_UTTERANCES`, or all of one meaning


def facts(
    rows: Rows, corpus: Corpus | Iterable[Utterance], training_texts: Mapping[str, Iterable[str]]
) -> pd.DataFrame:
    """What is known of the utterance and the reference of each row, a line each.

    The speaking rate counts letters and digits of the transcript. Each file is read once for
    `signal_to_noise_db`. The rarest word of the reference is what the training texts of its
    language have least often, as `normalize_text` leaves words; a character in languages without
    spaces. Language, family and script are those of the speech.

    Args:
        training_texts: by language, as often as each is trained on.

    Returns:
        NaN or "" for what is not known; what is known of no row is no column, but named in
        `attrs["left_out"]`. The index is the `meaning` of the utterance, or its id: lines of one
        meaning vary together.

    Raises:
        ValueError: there is no row, or one whose utterance is not in the corpus.
    """
    ids = {row.id for row in rows}
    listed = corpus.utterances if isinstance(corpus, Corpus) else corpus
    known = {utterance.id: utterance for utterance in listed if utterance.id in ids}
    missing = sorted(ids - known.keys())
    if missing or not rows:
        raise ValueError(
            f"{len(missing)} of {len(ids)} utterances are not in the corpus, first {missing[:1]}; "
            "give rows, and the corpus that was decoded"
        )
    counts = {
        code: Counter(word for text in training_texts[code] for word in _words(text, code))
        for code in {row.target for row in rows} & training_texts.keys()
    }
    speech = {id: _facts_of_speech(utterance) for id, utterance in known.items()}
    frame = pd.DataFrame(
        [speech[row.id] | _facts_of_reference(row, counts) for row in rows],
        index=pd.Index([known[row.id].meaning or row.id for row in rows], name="meaning"),
    )
    left_out = list(frame.columns[~(frame.notna() & (frame != "")).any()])
    frame = frame.drop(columns=left_out)
    frame.attrs["left_out"] = left_out
    return frame


def _words(text: str, code: str) -> list[str]:
    words = normalize_text(text).split()
    return list("".join(words)) if language(code).unit == "char" else words


def _facts_of_speech(utterance: Utterance) -> dict[str, float | str]:
    spoken, seconds = language(utterance.language), utterance.seconds
    transcript = normalize_text(utterance.texts.get(spoken.code, "")).replace(" ", "")
    try:
        ratio = signal_to_noise_db(read_audio(utterance.sound))
    except BadAudio:
        ratio = math.nan
    return {
        "seconds": seconds,
        "speaking rate": len(transcript) / seconds if transcript and seconds > 0 else math.nan,
        "estimated SNR": ratio,
        "speaker": utterance.speaker,
        "gender": utterance.gender,
        "source corpus": utterance.source,
        "language": spoken.code,
        "family": spoken.family,
        "script": spoken.script,
    }


def _facts_of_reference(row: OutputRow, counts: Mapping[str, Counter]) -> dict[str, float | str]:
    unit = "character" if language(row.target).unit == "char" else "word"
    words = _words(row.right_outputs[0], row.target)
    known = words if row.target in counts else []
    rarest = min((counts[row.target][word] for word in known), default=math.nan)
    return {
        "target": row.target if row.target != row.source else "",
        f"reference {unit}s": len(words),
        f"rarest {unit} in training": rarest,
    }


def default_metric(rows: Rows) -> str:
    """One that rows of a task share, whatever their languages: chrF++ of translations."""
    task = TASKS[rows[0].task]
    if task.name == "ASR":
        return "WER[gmu]" if {language(r.target).unit for r in rows} == {"word"} else "CER[gmu]"
    return "chrF++" if task.translates else task.metrics[0][0]


def bucket_scores(
    rows: Rows, facts: pd.DataFrame, column: str, metric: str | None = None, buckets: int = 4
) -> list[Bucket]:
    """Score the outputs of each strategy by one fact, from its lowest or most frequent value on.

    Numbers are cut at quantiles, into fewer buckets where some would have under `MIN_UTTERANCES`.
    Of categories, the `CATEGORIES` most frequent ones with that many are buckets; others are
    pooled. Utterances without the fact are a bucket too, so every output is in one.

    Directions are scored together, by `default_metric`, so the languages are a reason why buckets
    differ; for one direction, give its rows and lines only. BLEU is refused for languages of
    different tokenizers, whose counts have no common sum.

    Args:
        rows: of one task; several strategies, each with one or more seeds.
        facts: a line for each row, see `facts`.
        metric: as in scores.csv, such as "chrF++" or "WER[gmu]".

    Raises:
        ValueError: rows that cannot be scored together, or facts that are not theirs.
    """
    stats = _statistics(rows, metric or default_metric(rows))
    return [bucket for bucket, _ in _scored(rows, facts, column, buckets, stats)]


def gaps(
    rows: Rows, facts: pd.DataFrame, metric: str | None = None, buckets: int = 4
) -> pd.DataFrame:
    """How much worse each strategy is in its worst bucket than in its best, for each fact.

    Worst and best were selected for being so, and then the facts are sorted. The intervals are
    therefore right together with 95 %, for all pairs of buckets of all facts and strategies. A
    lower end above 0 is a difference that chance does not explain; the facts are sorted by it. A
    gap is no cause: long clips have rarer words.

    Returns:
        Columns strategy, fact, worst, best, gap, low, high, in points of the metric. NaN where
        fewer than two buckets have an interval, not counting `NOT_KNOWN`.
    """
    metric = metric or default_metric(rows)
    stats, lines, found, pairs = _statistics(rows, metric), [], [], 0
    for column in facts:
        scored = _scored(rows, facts, column, buckets, stats)
        known = [pair for pair in scored if pair[0].estimate and pair[0].name != NOT_KNOWN]
        for strategy in dict.fromkeys(row.strategy for row in rows):
            own = [pair for pair in known if pair[0].strategy == strategy]
            own.sort(key=lambda pair: pair[0].value)
            pairs += len(own) * (len(own) - 1) // 2
            ends = [own[0][0].name, own[-1][0].name] if len(own) > 1 else ["", ""]
            worst, best = ends[::-1] if lower_is_better(metric) else ends
            lines.append({"strategy": strategy, "fact": column, "worst": worst, "best": best})
            found.append(difference_of_test_sets(own[-1][1], own[0][1]) if len(own) > 1 else None)
    no_gap = dict.fromkeys(("gap", "low", "high"), math.nan)
    for line, difference in zip(lines, found, strict=True):
        gap, *_ = simultaneous([difference.estimate()] * pairs) if difference else [None]
        line |= {"gap": gap.value, "low": gap.low, "high": gap.high} if gap else no_gap
    return pd.DataFrame(lines).sort_values("low", ascending=False, ignore_index=True)


def _statistics(rows: Rows, metric: str) -> Statistics:
    """The sufficient statistics of all rows; raises as `bucket_scores` does."""
    tasks, strategies = {row.task for row in rows}, {row.strategy for row in rows}
    kinds = {(row.task, row.strategy, row.system, row.stage, row.subset) for row in rows}
    outputs = {(row.strategy, row.seed, row.source, row.target, row.id) for row in rows}
    if len(tasks) > 1 or len(kinds) > len(strategies) or len(outputs) < len(rows):
        raise ValueError(
            f"{len(rows)} rows are {len(outputs)} outputs of {sorted(kinds)}; give one task, one "
            "system, stage and test set a strategy, and each output once"
        )
    name, _, profile = metric.partition("[")
    targets = np.array([row.target for row in rows])
    if name == "BLEU" and len({language(code).bleu_tokenizer for code in targets}) > 1:
        raise ValueError(
            f"BLEU has other tokens for some of {', '.join(sorted({*targets}))}; use chrF++, or "
            "give the rows of one direction"
        )
    places, parts = [], []
    for target in dict.fromkeys(targets):
        places.append(np.flatnonzero(targets == target))
        own = [rows[place] for place in places[-1]]
        parts.append(row_statistics(own, name, profile.rstrip("]") or "plain"))
    order = np.argsort(np.concatenate(places))
    return replace(parts[0], rows=np.concatenate([part.rows for part in parts])[order])


def _scored(
    rows: Rows, facts: pd.DataFrame, column: str, buckets: int, stats: Statistics
) -> list[tuple[Bucket, Replicates]]:
    names, labels = _labels(rows, facts, column, buckets)
    strategies = list(dict.fromkeys(row.strategy for row in rows))
    groups: dict[tuple[int, int], dict[int, list[int]]] = {}
    for place, (row, label) in enumerate(zip(rows, labels, strict=True)):
        key = names.index(label), strategies.index(row.strategy)
        groups.setdefault(key, {}).setdefault(row.seed, []).append(place)
    scored = []
    for (name, strategy), seeds in sorted(groups.items()):
        first, *others = ([rows[place] for place in places] for places in seeds.values())
        for other in others:
            check_same_test_set(first, other)
        found = replicates(
            [(seed, replace(stats, rows=stats.rows[places])) for seed, places in seeds.items()],
            [row.speaker for row in first],
            list(facts.index[next(iter(seeds.values()))]),
        )
        score, n = found.score(), len({row.id for row in first})
        estimate = score if n >= MIN_UTTERANCES and len(found.units) > 1 else None
        named = {"strategy": strategies[strategy], "name": names[name], "n": n}
        bucket = Bucket(**named, metric=stats.metric, value=score.value, estimate=estimate)
        scored.append((bucket, found))
    return scored


def _labels(rows: Rows, facts: pd.DataFrame, column: str, buckets: int) -> tuple[list, list]:
    """The names of the buckets in order, and the one of each row."""
    if len(facts) != len(rows) or column not in facts:
        raise ValueError(
            f"no fact {column!r} for {len(rows)} rows in {len(facts)} lines of facts; give a line "
            f"for each row, and one of {', '.join(facts)}"
        )
    values = facts[column].reset_index(drop=True)
    known = values[values.notna() & (values != "")]
    # once, however many strategies and seeds decoded it
    again = pd.Series([(row.id, row.target) for row in rows]).duplicated()
    counted = known[~again[known.index]]
    if column in UNITS:
        count = max(1, min(buckets, len(counted) // MIN_UTTERANCES))
        edges = counted.quantile(np.arange(1, count) / count, "lower").unique()
        numbers = np.searchsorted(edges, known)
        names = _range_names(known.groupby(numbers).agg(["min", "max"]), UNITS[column])
        found = [names[number] for number in numbers]
    else:
        sizes = counted.value_counts()
        names = sorted(sizes.index, key=lambda value: (-sizes[value], value))
        large = [name for name in names[:CATEGORIES] if sizes[name] >= MIN_UTTERANCES]
        if len(names) > len(large) + 1:
            names = [*large, f"others ({len(names) - len(large)})"]
        found = [value if value in names else names[-1] for value in known]
    labels = pd.Series(found, known.index, dtype=object)
    return [*names, NOT_KNOWN], list(labels.reindex(values.index, fill_value=NOT_KNOWN))


def _range_names(ends: pd.DataFrame, unit: str) -> list[str]:
    """Names such as "2.1 to 3.4 s", with as few decimals as tell the buckets apart."""
    names: list[str] = []
    for digits in range(0 if (ends % 1 == 0).all(axis=None) else 1, 7):
        texts = ends.map(lambda end, digits=digits: f"{end:,.{digits}f}")
        names = [" to ".join(dict.fromkeys(pair)) + f" {unit}" for pair in texts.to_numpy()]
        if len({*names}) == len(names) and (texts.nunique(axis=1) == ends.nunique(axis=1)).all():
            break
    return names
