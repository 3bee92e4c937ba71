"""The cascade: ASR, then MT of its transcripts (2505.21781)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lib.models.protocol import Hypothesis
from lib.scoring.baselines import nearest_transcript
from lib.scoring.outputs import OutputRow
from lib.systems.baselines import as_hypothesis
from lib.systems.experiment import Experiment
from lib.systems.gmu.system import strip_text
from lib.systems.outputs import TrainedSystem
from lib.tasks import ASR, MT, ST, Example, examples


@dataclass(frozen=True, kw_only=True)
class Cascade:
    """One way to connect ASR and MT; the paper says only that ASR output goes into MT."""

    name: str  # as in the scores table
    translator: str = "mt"  # a strategy; mt_stripped was trained without punctuation and capitals
    n_best: int = 1  # transcripts translated; the best sum of both scores wins
    transcript_weight: float = 1.0  # of the transcript's score in that sum
    strip: bool = False  # remove punctuation and capitals from the transcript


CASCADES = {
    cascade.name: cascade
    for cascade in (
        Cascade(name="cascade"),
        Cascade(name="cascade 5-best", n_best=5),
        # mismatch: this translator was trained on punctuated, cased text
        Cascade(name="cascade stripped", strip=True),
        Cascade(name="cascade stripped in both", translator="mt_stripped", strip=True),
        Cascade(name="cascade nllb", translator="nllb"),
    )
}


def transcribe_test(experiment: Experiment, recogniser: TrainedSystem) -> list[Hypothesis]:
    """Transcripts of the speech translation test set, with as many n-best as there are beams.

    Clips without a true transcript are included: a cascade needs none.
    """
    test = [
        replace(example, task=ASR, target=example.source, target_text="")
        for example in experiment.test(ST)
    ]
    return experiment.decode(recogniser, test, n_best=experiment.recipe.beams)


def transcript_rows(
    experiment: Experiment, recogniser: TrainedSystem, transcripts: Sequence[Hypothesis]
) -> list[OutputRow]:
    """The transcripts of the clips that have a true one, as ASR rows."""
    found = {transcript.id: transcript for transcript in transcripts}
    test = [e for e in experiment.test_examples(recogniser) if e.id in found]
    return experiment.rows(recogniser, test, [found[e.id] for e in test])


def translate_transcripts(
    experiment: Experiment,
    cascade: Cascade,
    transcripts: Sequence[Hypothesis],
    translator: TrainedSystem,
) -> tuple[list[OutputRow], list[Hypothesis]]:
    """The cascade's translations of the test set, and the transcript behind each of them.

    A transcript joined from segments has no n-best and is translated as it is.

    Args:
        transcripts: one for each test clip, from `transcribe_test`.
    """
    test = experiment.test(ST)
    candidates = [
        (index, transcript)
        for index, best in enumerate(transcripts)
        for transcript in [best, *best.others][: cascade.n_best]
    ]
    sources = [
        Example(
            id=f"{test[index].id}/{number}",
            task=MT,
            source=test[index].source,
            target=test[index].target,
            target_text=test[index].target_text,
            source_text=strip_text(transcript.text) if cascade.strip else transcript.text,
        )
        for number, (index, transcript) in enumerate(candidates)
    ]
    chosen: dict[int, tuple[float, Hypothesis, Hypothesis]] = {}
    translations = experiment.decode(translator, sources)
    _record_speed(experiment, cascade, test, translator.decoding_seconds)
    for (index, transcript), translation in zip(candidates, translations, strict=True):
        score = cascade.transcript_weight * (transcript.score or 0.0) + (translation.score or 0.0)
        if index not in chosen or score > chosen[index][0]:
            chosen[index] = (score, translation, transcript)
    best = [replace(chosen[index][1], id=example.id) for index, example in enumerate(test)]
    rows = experiment.rows(translator, test, best, cascade.name)
    return rows, [chosen[index][2] for index in range(len(test))]


def _record_speed(
    experiment: Experiment, cascade: Cascade, test: Sequence[Example], mt_seconds: float
) -> None:
    """Record the decoding speed of ASR, as it was measured before, followed by MT."""
    if asr_speed := experiment.decoding_speed.get("asr"):
        audio_seconds = sum(example.seconds for example in test)
        seconds = audio_seconds / asr_speed + mt_seconds
        experiment.decoding_speed[cascade.name] = audio_seconds / seconds


def nearest_transcript_rows(
    experiment: Experiment, transcripts: Sequence[Hypothesis]
) -> list[OutputRow]:
    """The baseline of a cascade: the translation of the training transcript nearest to ASR's.

    Args:
        transcripts: one for each test clip, from `transcribe_test`.
    """
    clips = list(zip(experiment.test(ST), transcripts, strict=True))
    rows: list[OutputRow] = []
    for source, target in experiment.task_directions(ST):
        own = [(e, t) for e, t in clips if (e.source, e.target) == (source, target)]
        train = examples(experiment.corpus.split("train", source), ST, target, transcripts=True)
        texts = nearest_transcript(
            [transcript.text for _, transcript in own],
            [e.source_text for e in train],
            [e.target_text for e in train],
        )
        found = [as_hypothesis(e.id, text) for (e, _), text in zip(own, texts, strict=True)]
        test = [e for e, _ in own]
        rows += experiment.baseline_rows("nearest_transcript", test, found, "asr")
    return rows


def run_cascades(
    experiment: Experiment,
    transcripts: Sequence[Hypothesis],
    cascades: Mapping[str, Cascade],
    translators: Mapping[str, TrainedSystem],
) -> list[OutputRow]:
    """The translations of several cascades with one recogniser."""
    rows = []
    for cascade in cascades.values():
        translator = translators[cascade.translator]
        rows += translate_transcripts(experiment, cascade, transcripts, translator)[0]
    return rows
