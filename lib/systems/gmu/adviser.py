"""Which strategy for a pair? The paper's evidence and the workbook's own, side by side, and what to measure next."""

from __future__ import annotations

from dataclasses import dataclass

from lib.languages import language
from lib.scoring.seeds import OverSeeds
from lib.scoring.study import Pair, Study
from lib.systems.gmu.claims import FAR, FOUND, mt_minus_st
from lib.systems.gmu.pairs import PAIRS
from lib.tasks import Task

FEW_HOURS = 5.0  # less than this: Quechua has 1.67 h (data_cards/iwslt_que_spa.md), and gained from synthetic data
GOOD_EARS = 15.0  # percent of wrong words below which a cascade loses little; the workbook's own guess
CHOICES = ("direct_twice", "cascade", "multitask", "asr_init", "mt_init", "both_init")


@dataclass(frozen=True)
class Situation:
    """What is known of a pair before a strategy is chosen; None is not measured yet."""

    pair: Pair
    seen: bool  # was the backbone trained on this language's speech?
    hours: float  # of translated training speech; 0: not known
    transcripts: bool
    word_errors: float | None  # WER of the fine-tuned recogniser, percent
    reading: float | None  # BLEU of MT on true transcripts
    listening: float | None  # BLEU of direct ST
    reading_is_far: float | None  # how far the one is above the other
    options: str = ""  # of the commands that measure more


@dataclass(frozen=True)
class Evidence:
    """One finding that speaks for or against a strategy."""

    by: str  # the paper, or the workbook
    pair: str
    strategy: str
    above_direct: str  # BLEU
    seeds: str = ""  # of the workbook's own


@dataclass(frozen=True)
class Advice:
    """A strategy to begin with, why, on what evidence, and what would change it."""

    strategy: str
    why: tuple[str, ...]
    evidence: tuple[Evidence, ...]
    measure_next: tuple[str, ...]


def situation(study: Study, pair: Pair, seen: bool, hours: float = 0.0, transcripts: bool = True, options: str = "") -> Situation:
    """A pair's situation, with the baselines as far as the runs of `study` have measured them.

    Args:
        options: of the commands that are recommended; see `options_of`.
    """
    heard = study.score(pair, "asr", "WER", Task.ASR, "gmu")
    read, direct = study.score(pair, "mt", "BLEU", Task.MT), study.score(pair, "direct", "BLEU")
    values = [found.value if found else None for found in (heard, read, direct)]
    return Situation(pair, seen, hours, transcripts, *values, mt_minus_st(study, pair), options)


def options_of(scale: str, pair: Pair, corpus: str) -> str:
    """What has to stand behind a command of the workbook for this pair: the scale, and a corpus where the phrasebook has none."""
    preset = PAIRS.get("-".join(pair))
    if corpus == "phrasebook" and language(pair[0]).voice is None:  # it cannot be spoken
        corpus = preset.corpus if preset else "own"
    words = [f"-p source={pair[0]} -p target={pair[1]}"]
    words += [f"-p corpus={corpus} -p folder=..."] if corpus != "phrasebook" else []
    return " ".join([f"--scale {scale}", *words])


def advise(study: Study, now: Situation) -> Advice:
    """What to begin with.

    Without transcripts there is one way. Else, what was measured on this very pair with two seeds at least and is surely
    better than direct decides; where there is none, the paper: its own choice for the pair while nothing is measured, and its
    reasons.
    """
    strategy, why = _rule(now)
    measured = {name: gain for name in CHOICES if (gain := study.gain(now.pair, name, "direct")) is not None}
    surely = {name: gain for name, gain in measured.items() if gain.low > 0 and len(gain.each) > 1}
    preset = PAIRS.get("-".join(now.pair))
    if now.transcripts and surely:
        best = max(surely, key=lambda name: surely[name].value)
        gain = surely[best]
        first = (f"measured here: {best} is {_said(gain)} BLEU above direct, {len(gain.each)} seeds", *_longer(study, now, best))
        other = "the paper's reasons say so too" if strategy == best else f"the paper's reasons would say {strategy}"
        strategy, why = best, (*first, f"{other}: {why[0]}")
    elif measured and now.transcripts:
        found = ", ".join(f"{name} {_said(gain)}" for name, gain in measured.items())
        why = (*why, f"of what was measured on this pair nothing is surely better than direct, by two seeds: {found}")
    elif preset and preset.transcripts and now.transcripts and now.listening is None:
        strategy, why = preset.strategy, (f"the paper on this pair: {preset.because}",)
    return Advice(strategy, why, _evidence(study, now, measured), _measure_next(now, measured))


def _longer(study: Study, now: Situation, best: str) -> tuple[str, ...]:
    """How much of a gain is left where direct is trained for as long, or that training longer is the gain."""
    if best == "direct_twice":
        return ("so train direct for longer, before you try what needs transcripts",)
    left = study.gain(now.pair, best, "direct_twice")
    if not left:
        return ()
    if left.low > 0:
        return (f"of that {_said(left)} is left over direct trained twice as long",)
    return (f"against direct trained twice as long it is {_said(left)}: none of the gain is surely left",)


def _rule(now: Situation) -> tuple[str, tuple[str, ...]]:
    """The paper's reasons."""
    name = language(now.pair[0]).name
    if not now.transcripts:
        return "direct", (
            "without transcripts there is nothing else: ASR, MT, the cascade and multi-task training all need them",
        )
    if now.reading_is_far is not None and now.reading_is_far >= FAR and not now.seen:
        why = f"MT on true transcripts is {now.reading_is_far:.1f} BLEU above direct: the reader has something to teach"
        return "multitask", (why, f"{name} is unseen, so it should start from ASR, as multi-task training here does")
    if not now.seen:
        return "asr_init", (f"{name} is unseen: its ears have to be made, and transcribing makes them sooner",)
    if now.word_errors is not None and now.word_errors <= GOOD_EARS and (now.reading_is_far or 0) > 0:
        return "cascade", (
            f"{name} is heard well ({now.word_errors:.0f} % of words wrong), and text translates better than speech",
        )
    return "direct", (f"{name} is seen: the paper gains no more than 1 BLEU by ASR initialisation, and 0.1 by a cascade",)


def _evidence(study: Study, now: Situation, measured: dict[str, OverSeeds]) -> tuple[Evidence, ...]:
    own = [
        Evidence("this workbook", "→".join(now.pair), name, _said(gain), str(len(gain.each))) for name, gain in measured.items()
    ]
    for pair in study.pairs():
        if pair != now.pair:
            own += [
                Evidence("this workbook", "→".join(pair), name, _said(gain), str(len(gain.each)))
                for name in CHOICES
                if (gain := study.gain(pair, name, "direct")) is not None
            ]
    paper = [Evidence("the paper", f"{source}→{target}", name, gain) for source, target, name, gain in FOUND]
    own_pair_first = sorted(paper, key=lambda entry: entry.pair != "→".join(now.pair))
    return tuple(own + own_pair_first)


def _measure_next(now: Situation, measured: dict[str, OverSeeds]) -> tuple[str, ...]:
    todo = []

    def run(number: str, why: str) -> None:
        todo.append(f"{why}: python -m lib.workbook run {number} {now.options}".rstrip())

    if now.listening is None:
        run("10", "direct fine-tuning, which all else is held against")
    if now.transcripts and (now.word_errors is None or now.reading is None):
        run("11", "how well it is heard and read (WER, and MT on true transcripts)")
    if now.transcripts and not {"asr_init", "both_init"} <= measured.keys():
        run("13", "what transcribing first gains")
    if now.transcripts and "multitask" not in measured and (now.reading_is_far or 0) >= FAR:
        run("12", "what reading can teach")
    few = min((len(gain.each) for gain in measured.values()), default=0)
    if 0 < few < 3:
        more = f"python -m lib.workbook run 13 11 12 {now.options} -p seed={few + 1}"
        todo.append(f"more seeds, three at least, since training again may give something else: {more}")
    if 0 < now.hours < FEW_HOURS:
        todo.append(f"synthetic data, with {now.hours:.1f} h of speech; look at its quality first (notebook 15): bad data hurts")
    return tuple(todo)


def _said(gain: OverSeeds) -> str:
    return f"{gain.value:+.1f} ({gain.low:+.1f} to {gain.high:+.1f})"
