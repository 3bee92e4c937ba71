"""GMU's own pages: the pairs of the paper, the adviser's answer, and the multi-task exercise."""

from __future__ import annotations

from collections.abc import Sequence

from lib.display import study_views
from lib.display.exercises import check_choice
from lib.display.html import Page, escape, note, table
from lib.languages import language
from lib.scoring.comparisons import format_interval, paired_difference
from lib.scoring.estimates import simultaneous
from lib.scoring.outputs import OutputRow
from lib.scoring.study import Direction, Study
from lib.systems.gmu.adviser import Advice, Evidence, Situation
from lib.systems.gmu.pairs import PairPreset

COMPONENT_SCORES = {  # heading -> arguments of `Study.score`
    "WER, %": {"strategy": "asr", "metric": "WER", "task": "ASR", "profile": "gmu"},
    "MT by mt, BLEU": {"strategy": "mt", "metric": "BLEU", "task": "MT"},
    "MT by nllb, BLEU": {"strategy": "nllb", "metric": "BLEU", "task": "MT"},
    "direct ST, BLEU": {"strategy": "direct", "metric": "BLEU"},
}
WITHOUT_LOSS = {  # loss -> the strategy that trains without it
    "ST": "multitask, MT + KD",
    "MT": "multitask, ST + KD",
    "KD": "multitask, ST + MT",
}


def components(study: Study, directions: Sequence[Direction]) -> Page:
    """ASR and MT on true transcripts beside direct ST."""
    return study_views.scores(study, directions, COMPONENT_SCORES)


def presets(pairs: Sequence[PairPreset]) -> Page:
    """The pairs with their corpora, and the strategy that the paper suggests for each."""
    rows = [
        {
            "pair": pair.name,
            "spoken": language(pair.source).name,
            "Seamless": "seen" if pair.seen else "unseen",
            "corpus": pair.corpus,
            "transcripts": "yes" if pair.transcripts else "no",
            "strategy": pair.strategy,
            "reason": pair.reason,
        }
        for pair in pairs
    ]
    return Page(table(rows))


def advice(situation: Situation, found: Advice, max_findings: int = 8) -> Page:
    """The adviser's answer: a strategy, its reasons, what to measure next, and the evidence.

    Args:
        max_findings: shown at once, of the paper and of the workbook each.
    """
    facts = {
        "language": "seen" if situation.seen else "unseen",
        "hours of training speech": situation.hours or "not known",
        "transcripts": "yes" if situation.transcripts else "no",
        "ASR, WER in %": _measured(situation.asr_wer),
        "MT on true transcripts, BLEU": _measured(situation.mt_bleu),
        "direct ST, BLEU": _measured(situation.direct_bleu),
    }
    shown, more = [], []
    for source in dict.fromkeys(entry.source for entry in found.evidence):
        findings = [_finding(entry) for entry in found.evidence if entry.source == source]
        shown += findings[:max_findings]
        more += findings[max_findings:]
    rest = ""
    if more:
        rest = f"<details><summary>{len(more)} more findings</summary>{table(more)}</details>"
    return Page(
        f"<p>{escape('→'.join(situation.pair))}: begin with <b>{escape(found.strategy)}</b>.</p>"
        + table([{"fact": name, "value": value} for name, value in facts.items()])
        + f"<p>Reasons</p>{_list(found.reasons)}"
        + f"<p>To measure next</p>{_list(found.next_steps or ('nothing',))}"
        + f"<p>Evidence</p>{table(shown)}{rest}"
    )


def _list(entries: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(entry)}</li>' for entry in entries)}</ul>"


def _finding(entry: Evidence) -> dict[str, str]:
    return {
        "source": entry.source,
        "pair": entry.pair,
        "strategy": entry.strategy,
        "BLEU above direct": entry.gain,
        "seeds": entry.seeds,
    }


def _measured(value: float | None) -> str:
    return "not measured" if value is None else f"{value:.1f}"


CANNOT_TELL = "cannot tell"


def check_dispensable_loss(guess: str, rows: Sequence[OutputRow]) -> Page:
    """Compare a guess with the loss of multi-task training whose removal costs least BLEU.

    The answer is `CANNOT_TELL` unless the ablation that scores highest is above both others, with
    simultaneous intervals: the highest of three is selected for being high.
    """
    if not set(WITHOUT_LOSS.values()) <= {row.strategy for row in rows}:
        return note("There are no ablations: run the notebook with ablate = True.")
    if guess not in (*WITHOUT_LOSS, CANNOT_TELL):
        return note(f"{guess} is not one of the losses: write ST, MT, KD or {CANNOT_TELL}.")
    differences = {
        loss: paired_difference(rows, strategy, "multitask")
        for loss, strategy in WITHOUT_LOSS.items()
    }
    best = max(differences, key=lambda loss: differences[loss].value)
    others = [
        paired_difference(rows, WITHOUT_LOSS[best], strategy)
        for loss, strategy in WITHOUT_LOSS.items()
        if loss != best
    ]
    answer = best if all(found.low > 0 for found in simultaneous(others)) else CANNOT_TELL
    effects = ", ".join(
        f"without {loss} {format_interval(difference, '+')}"
        for loss, difference in differences.items()
    )
    return check_choice(
        guess, answer, f"{answer}. BLEU {effects}, of one training each: another seed may differ"
    )
