"""What limits speech translation on a corpus: the recogniser, the translator, or both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lib.scoring.comparisons import paired_difference, row_difference, rows_of, score_runs
from lib.scoring.estimates import Estimate
from lib.scoring.outputs import OutputRow
from lib.systems.recordings.experiment import CASCADE, CTC, HEARD, MT_STRATEGY

METRIC = "chrF++"
RECOGNISER, TRANSLATOR = "recogniser", "translator"
REMEDIES = {
    RECOGNISER: "more transcribed speech in the language, also without translations (more=)",
    TRANSLATOR: "more transcripts with their translations, in lists of whatever speech (more=)",
}


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Scores of the parts, with 95 % intervals over the test set; differences in chrF++."""

    cer: Estimate  # of the recogniser, percent
    mt_over_constant: Estimate  # of true transcripts, over one sentence for all
    lost_to_errors: Estimate  # the cascade's translator on true transcripts, over the cascade
    st_over_shuffled: Estimate  # the cascade, over another clip's output
    st_over_constant: Estimate

    @property
    def limited_by(self) -> tuple[str, ...]:
        """The parts that limit it: true transcripts would help, or would not suffice."""
        heard_better = (RECOGNISER,) if self.lost_to_errors.low > 0 else ()
        return heard_better + ((TRANSLATOR,) if self.mt_over_constant.low <= 0 else ())

    @property
    def sentence(self) -> str:
        """What was found, in a sentence."""
        if not self.limited_by:
            return "Neither part limits it measurably."
        return f"It is limited by the {' and the '.join(self.limited_by)}."

    @property
    def measures(self) -> dict[str, float]:
        """Every number with its interval, for a record."""
        return {
            f"{name}{end}": getattr(found, field)
            for name, found in vars(self).items()
            for end, field in (("", "value"), ("_low", "low"), ("_high", "high"))
        }


def limits(
    asr: Sequence[OutputRow],
    mt: Sequence[OutputRow],
    st: Sequence[OutputRow],
) -> Limits:
    """Compare the parts.

    Args:
        asr: the recogniser's outputs.
        mt: of both translators on true transcripts, and of the constant baseline.
        st: of the cascade and of its baselines.

    Raises:
        ValueError: outputs of one of them are missing.
    """
    clips = {row.id for row in rows_of(mt, HEARD)}  # those with a true transcript
    heard = [row for row in rows_of(st, CASCADE) if row.id in clips]
    return Limits(
        cer=score_runs({0: rows_of(asr, CTC)}, "CER", "gmu").estimate(),
        mt_over_constant=paired_difference(mt, MT_STRATEGY, "constant", METRIC),
        lost_to_errors=row_difference(rows_of(mt, HEARD), heard, METRIC),
        st_over_shuffled=paired_difference(st, CASCADE, "shuffled_audio", METRIC),
        st_over_constant=paired_difference(st, CASCADE, "constant", METRIC),
    )
