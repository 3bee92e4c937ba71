"""Recommend a strategy for a language pair from the paper's results and the workbook's own."""

from __future__ import annotations

from dataclasses import dataclass

from lib.languages import language
from lib.scoring.comparisons import format_interval
from lib.scoring.estimates import Estimate, simultaneous
from lib.scoring.study import Direction, Study
from lib.systems.gmu.claims import FAR_ABOVE
from lib.systems.gmu.pairs import PAIRS, PUBLISHED_GAINS

SCARCE_HOURS = 5.0  # Quechua (1.67 h, data_cards/iwslt_que_spa.md) gained from synthetic data
LOW_WER = 15.0  # percent; a cascade loses little below it. The workbook's own guess
MIN_SEEDS = 2  # for a measured gain to decide
RECOMMENDED_SEEDS = 3
STRATEGIES = ("direct_twice", "cascade", "multitask", "asr_init", "mt_init", "both_init")


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is known about a pair; None where it was not measured."""

    pair: Direction
    seen: bool  # the backbone was trained on speech of the source language
    hours: float  # of training speech with translations; 0: not known
    transcripts: bool
    asr_wer: float | None  # percent, of the fine-tuned ASR
    mt_bleu: float | None  # on true transcripts
    direct_bleu: float | None
    options: str = ""  # of the recommended commands, see `command_options`

    @property
    def mt_minus_direct(self) -> float | None:
        if self.mt_bleu is None or self.direct_bleu is None:
            return None
        return self.mt_bleu - self.direct_bleu

    @property
    def mt_far_above_direct(self) -> bool:
        return (self.mt_minus_direct or 0.0) > FAR_ABOVE


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """The gain of one strategy over direct fine-tuning on one pair."""

    source: str  # the paper, or this workbook
    pair: str
    strategy: str
    gain: str  # BLEU
    seeds: str = ""  # number of the workbook's own


@dataclass(frozen=True)
class Advice:
    """A recommended strategy with its reasons and evidence."""

    strategy: str
    reasons: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    next_steps: tuple[str, ...]  # measurements that may change the advice


def situation(
    study: Study,
    pair: Direction,
    seen: bool,
    hours: float = 0.0,
    transcripts: bool = True,
    options: str = "",
) -> Situation:
    """Read from a study what is known about a pair.

    Args:
        hours: of training speech with translations; 0: not known.
        options: of the recommended commands, see `command_options`.
    """
    asr = study.score(pair, "asr", "WER", "ASR", "gmu")
    mt = study.score(pair, "mt", "BLEU", "MT")
    direct = study.score(pair, "direct", "BLEU")
    return Situation(
        pair=pair,
        seen=seen,
        hours=hours,
        transcripts=transcripts,
        asr_wer=asr.value if asr else None,
        mt_bleu=mt.value if mt else None,
        direct_bleu=direct.value if direct else None,
        options=options,
    )


def command_options(scale: str, pair: Direction, corpus: str) -> str:
    """Return the options of a workbook command for a pair.

    A pair without a synthetic voice needs a corpus of recordings: its preset's, or "own".
    """
    if corpus == "phrasebook" and language(pair[0]).voice is None:
        preset = PAIRS.get("-".join(pair))
        corpus = preset.corpus if preset else "own"
    options = f"--scale {scale} -p source={pair[0]} -p target={pair[1]}"
    return options if corpus == "phrasebook" else f"{options} -p corpus={corpus} -p folder=..."


def advise(study: Study, now: Situation) -> Advice:
    """Recommend a strategy to begin with.

    Without transcripts only direct fine-tuning is possible. Otherwise the largest gain measured on
    this pair decides, if its interval is above zero over two seeds or more. Otherwise the paper
    does: by its own result for the pair while nothing is measured, else by its general findings.
    """
    gains = _gains(study, now.pair)
    strategy, reasons = _rule(now)
    certain = {
        name: gain
        for name, gain in gains.items()
        if gain.low > 0 and len(gain.values) >= MIN_SEEDS
    }
    preset = PAIRS.get("-".join(now.pair))
    if now.transcripts and certain:
        strategy, reasons = _measured_choice(study, now, certain, strategy, reasons)
    elif now.transcripts and gains:
        found = ", ".join(f"{name} {format_interval(gain, '+')}" for name, gain in gains.items())
        reasons += (f"no strategy is reliably better than direct here over two seeds: {found}",)
    elif now.transcripts and preset and preset.transcripts and now.direct_bleu is None:
        strategy, reasons = preset.strategy, (f"the paper on this pair: {preset.reason}",)
    return Advice(strategy, reasons, _evidence(study, now.pair, gains), _next_steps(now, gains))


def _gains(study: Study, pair: Direction) -> dict[str, Estimate]:
    """Return the gain over direct of each strategy that was measured on a pair."""
    gains = {name: study.gain(pair, name, "direct") for name in STRATEGIES}
    measured = {name: gain for name, gain in gains.items() if gain is not None}
    # the largest of them is chosen, so the intervals are simultaneous
    return dict(zip(measured, simultaneous(list(measured.values())), strict=True))


def _rule(now: Situation) -> tuple[str, tuple[str, ...]]:
    """Apply the paper's general findings."""
    name = language(now.pair[0]).name
    if not now.transcripts:
        return "direct", ("ASR, MT, cascade and multi-task training all need transcripts",)
    if now.mt_far_above_direct and not now.seen:
        return "multitask", (
            f"MT on true transcripts is {now.mt_minus_direct:.1f} BLEU above direct, "
            "so distillation from MT has room to help",
            f"{name} is unseen, so training should start from ASR, as multi-task training does",
        )
    if not now.seen:
        return "asr_init", (
            f"{name} is unseen: the encoder must adapt, and ASR training does it faster",
        )
    low_wer = now.asr_wer is not None and now.asr_wer <= LOW_WER
    if low_wer and (now.mt_minus_direct or 0.0) > 0:
        return "cascade", (
            f"ASR of {name} is good ({now.asr_wer:.0f} % WER), and MT scores higher than direct ST",
        )
    return "direct", (
        f"{name} is seen: in the paper ASR initialisation gains at most 1 BLEU, the cascade 0.1",
    )


def _measured_choice(
    study: Study,
    now: Situation,
    certain: dict[str, Estimate],
    paper_strategy: str,
    paper_reasons: tuple[str, ...],
) -> tuple[str, tuple[str, ...]]:
    """Choose the largest of the gains that are certain."""
    best = max(certain, key=lambda name: certain[name].value)
    gain = certain[best]
    reasons = [
        f"measured on this pair: {best} is {format_interval(gain, '+')} BLEU above direct, "
        f"{len(gain.values)} seeds"
    ]
    longer = study.gain(now.pair, best, "direct_twice")
    if best == "direct_twice":
        reasons.append("train direct for longer before trying strategies that need transcripts")
    elif longer and longer.low > 0:
        gain_left = format_interval(longer, "+")
        reasons.append(f"over direct with twice the updates the gain is {gain_left}")
    elif longer:
        reasons.append(
            f"over direct with twice the updates the gain is {format_interval(longer, '+')}, "
            "which may be none"
        )
    agrees = "agree" if paper_strategy == best else f"suggest {paper_strategy}"
    reasons.append(f"the paper's findings {agrees}: {paper_reasons[0]}")
    return best, tuple(reasons)


def _evidence(study: Study, pair: Direction, gains: dict[str, Estimate]) -> tuple[Evidence, ...]:
    """List the workbook's gains and the paper's, each with this pair first."""
    by_pair = {pair: gains}
    by_pair |= {other: _gains(study, other) for other in study.directions() if other != pair}
    own = [
        Evidence(
            source="this workbook",
            pair="→".join(measured_on),
            strategy=name,
            gain=format_interval(gain, "+"),
            seeds=str(len(gain.values)),
        )
        for measured_on, found in by_pair.items()
        for name, gain in found.items()
    ]
    published = [
        Evidence(
            source="the paper",
            pair=f"{found.source}→{found.target}",
            strategy=found.strategy,
            gain=found.gain,
        )
        for found in PUBLISHED_GAINS
    ]
    published.sort(key=lambda entry: entry.pair != "→".join(pair))
    return (*own, *published)


def _next_steps(now: Situation, gains: dict[str, Estimate]) -> tuple[str, ...]:
    """List the measurements that may change the advice, with their commands."""
    notebooks = []  # reason, number
    if now.direct_bleu is None:
        notebooks.append(("the reference: direct fine-tuning", "10"))
    if now.transcripts:
        if now.asr_wer is None or now.mt_bleu is None:
            notebooks.append(("WER of ASR, and BLEU of MT on true transcripts", "11"))
        if not {"asr_init", "both_init"} <= gains.keys():
            notebooks.append(("the gain of ASR initialisation", "13"))
        if "multitask" not in gains and now.mt_far_above_direct:
            notebooks.append(("the gain of multi-task training", "12"))
    command = "python -m lib.workbook run"
    steps = [f"{reason}: {command} {number} {now.options}".rstrip() for reason, number in notebooks]
    seeds = min((len(gain.values) for gain in gains.values()), default=0)
    if 0 < seeds < RECOMMENDED_SEEDS:
        more = f"{command} 13 11 12 {now.options} -p seed={seeds + 1}"
        steps.append(f"more seeds, {RECOMMENDED_SEEDS} at least, as training varies: {more}")
    if "corpus=" in now.options and "--scale full" not in now.options:
        # below `full` no backbone has heard the language of somebody's recordings
        steps.append(
            "a model trained on the recordings alone, whether its recogniser or its translator "
            f"limits it, and what twice as many would bring: {command} --study recordings "
            f"{now.options}"
        )
    if 0 < now.hours < SCARCE_HOURS:
        steps.append(
            f"synthetic data, as there are only {now.hours:.1f} h of speech; "
            "check its quality first (notebook 15)"
        )
    return tuple(steps)
