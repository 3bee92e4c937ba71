"""Open the experiment on recordings of one pair: recogniser, translators, and their cascade."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median, quantiles

import torch

from lib.corpora.audio_stats import read_header
from lib.data.collate import Collator
from lib.decoding import GREEDY, Hypothesis, decode_segmented
from lib.decoding.minimum_bayes_risk import by_agreement
from lib.files import content_hash
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scales import set_threads
from lib.scoring.outputs import OutputRow, output_rows
from lib.systems.backbones import backbone_recipe, train_backbone
from lib.systems.experiment import Experiment
from lib.systems.gmu.strategies import STRATEGIES
from lib.systems.gmu.system import Gmu
from lib.systems.outputs import TrainedSystem, no_record
from lib.systems.recordings.corpus import count_sentences, joined
from lib.systems.recordings.recipe import RecordingsRecipe, recordings_recipe
from lib.systems.recordings.recogniser import (
    CtcRecogniser,
    RecordingsBackbone,
    load_recogniser,
)
from lib.tasks import ASR, MT, ST, Example, examples
from lib.utterance import Corpus, Utterance

MT_STRATEGY, HEARD, CASCADE, CTC = "mt", "mt, heard", "cascade", "ctc"  # in the scores table
SEED_STEP = 100  # between the seeds of translators, so that runs of seeds 1, 2, 3 share none
LONGER = 1.5  # times as long test clips as training clips: then training texts are joined
LONGEST = 0.95  # quantile of the training clips' durations; test audio is cut at `LONGER` times it


@dataclass(kw_only=True)
class Translator:
    """One of several trained translators, with its experiment."""

    experiment: Experiment
    system: TrainedSystem


@dataclass(kw_only=True)
class Recordings:
    """What is trained on a corpus of recordings; everything is trained when it is first asked for.

    Args:
        translation: the experiment of the translators, on true transcripts.
    """

    recipe: RecordingsRecipe
    translation: Experiment

    @property
    def corpus(self) -> Corpus:
        return self.translation.corpus

    @property
    def source(self) -> str:
        return self.translation.directions[0][0]

    @property
    def target(self) -> str:
        return self.translation.directions[0][1]

    @cached_property
    def recogniser(self) -> CtcRecogniser:
        """The trained recogniser."""
        return load_recogniser(self.translation.backbone).to(self.translation.device)

    @cached_property
    def max_seconds(self) -> float:
        """Where audio is cut that is longer than what was trained on."""
        seconds = [u.seconds for u in self.corpus.split("train", self.source)]
        return LONGER * quantiles(seconds, n=100)[round(100 * LONGEST) - 1]

    def st_clips(self) -> list[Utterance]:
        """The test clips that have a translation, in the order of the translation test set."""
        by_id = {u.id: u for u in self.corpus.split("test", self.source)}
        return [by_id[e.id] for e in self.translation.test(ST)]

    def asr_examples(self, utterances: Sequence[Utterance]) -> list[Example]:
        """Clips to transcribe, whether there is a true transcript or not."""
        return examples([replace(u, texts={self.source: ""}) for u in utterances], ASR)

    def collator(self) -> Collator:
        """Audio to batches for the recogniser."""
        extractor = self.recogniser.model.feature_extractor(self.max_seconds)
        return Collator(self.recogniser, extractor)

    def transcribe(self, utterances: Sequence[Utterance]) -> list[Hypothesis]:
        """The recogniser's transcripts; clips much longer than its training's are cut at pauses."""
        return decode_segmented(
            self.recogniser,
            self.asr_examples(utterances),
            self.collator(),
            GREEDY,
            self.max_seconds,
            progress=self.translation.progress,
        )

    def asr_rows(self, transcripts: Sequence[Hypothesis]) -> list[OutputRow]:
        """Transcripts of the test set as rows, of the clips that have a true one."""
        found = {hypothesis.id: hypothesis for hypothesis in transcripts}
        test = [e for e in self.translation.test(ASR) if e.id in found]
        return output_rows(
            test,
            [found[e.id] for e in test],
            system=self.translation.system.name,
            strategy=CTC,
            stage=CTC,
            subset=self.translation.subset,
            seed=self.translation.seed,
        )

    def translators(self) -> list[Translator]:
        """Trained on true transcripts, from several seeds."""
        return self._translators(self.translation, MT_STRATEGY)

    def heard_translators(self) -> list[Translator]:
        """Trained on true transcripts and on the recogniser's."""
        amount = count_sentences(self._heard, self.source, self.target)
        experiment = self.translation.with_corpus(self._heard)
        experiment = replace(experiment, recipe=self.recipe.experiment(amount))
        return self._translators(experiment, HEARD)

    def _translators(self, experiment: Experiment, name: str) -> list[Translator]:
        seeds = [self.translation.seed + SEED_STEP * n for n in range(self.recipe.translators)]
        members = [replace(experiment, seed=seed) for seed in seeds]
        strategy = replace(STRATEGIES[MT_STRATEGY], name=name)
        return [Translator(experiment=one, system=one.train(strategy)) for one in members]

    def mt_rows(self, translators: Sequence[Translator]) -> list[OutputRow]:
        """The translators' common outputs for the true transcripts of the test set."""
        test = self.translation.test(MT)
        return self.translation.rows(translators[0].system, test, translate(translators, test))

    def cascade_rows(self, transcripts: Sequence[Hypothesis]) -> list[OutputRow]:
        """Speech translations: the recogniser's transcripts, translated.

        Args:
            transcripts: one for each test clip with a translation, in their order.
        """
        test, system = self.translation.test(ST), self.heard_translators()[0].system
        return self.translation.rows(system, test, self._translated(transcripts), CASCADE)

    def translate_files(self, paths: Sequence[str | Path]) -> list[tuple[str, str]]:
        """The transcript and the translation of audio files of any length.

        Raises:
            lib.corpora.audio.BadAudio: a file is no audio.
        """
        clips = [
            Utterance(
                id=f"{number}",
                audio=Path(path),
                seconds=read_header(Path(path)).seconds,
                language=self.source,
                speaker="",
                split="test",
                texts={},
            )
            for number, path in enumerate(paths)
        ]
        transcripts = self.transcribe(clips)
        found = self._translated(transcripts)
        return [(t.text, h.text) for t, h in zip(transcripts, found, strict=True)]

    def _translated(self, transcripts: Sequence[Hypothesis]) -> list[Hypothesis]:
        texts = [
            Example(
                id=transcript.id,
                task=MT,
                source=self.source,
                target=self.target,
                target_text="",
                source_text=transcript.text,
            )
            for transcript in transcripts
        ]
        return translate(self.heard_translators(), texts)

    @cached_property
    def _heard(self) -> Corpus:
        """The corpus with what the recogniser hears beside the true training transcripts.

        Development transcripts are the recogniser's alone: weights are selected for the cascade.
        """
        train, dev = (self.corpus.split(split, self.source) for split in ("train", "dev"))
        both = [*train, *(replace(u, id=f"{u.id}/heard") for u in self._with_heard(train))]
        # as they are, and as long as the test clips
        both += joined(both, self.joined_clips, self.source, self.target)
        test = self.corpus.split("test", self.source)
        name = self.translation.backbone.name
        return replace(
            self.corpus,
            utterances=[*both, *self._with_heard(dev), *test],
            hash=content_hash([self.corpus.hash, name, self.max_seconds, self.joined_clips]),
        )

    def _with_heard(self, utterances: Sequence[Utterance]) -> list[Utterance]:
        """Utterances with the recogniser's transcripts in place of the true ones."""
        heard = zip(utterances, self.transcribe(utterances), strict=True)
        return [replace(u, texts=u.texts | {u.language: found.text}) for u, found in heard]

    @property
    def joined_clips(self) -> int:
        """How many training texts are joined so that they are as long as test clips; 1: none."""
        typical = {
            split: median(u.seconds for u in self.corpus.split(split, self.source))
            for split in ("train", "test")
        }
        ratio = typical["test"] / max(typical["train"], 0.1)
        return round(ratio) if ratio >= LONGER else 1


def open_recordings(
    corpus: Corpus,
    scale: str,
    source: str,
    target: str,
    seed: int,
    cache: Path,
    *,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Recordings:
    """Train the recogniser of a pair's recordings, or find it trained.

    Args:
        corpus: see `load_recordings`.

    Raises:
        ValueError: a scale that starts from published checkpoints, or no transcripts.
    """
    recipe = recordings_recipe(scale)
    set_threads(scale)
    backbone = train_backbone(
        RecordingsBackbone(
            recipe=recipe,
            source=source,
            target=target,
            recordings=corpus,
            start=backbone_recipe("seamless", scale),
            cache=cache,
            seed=seed,
        ),
        cache,
        callback,
        progress,
        device,
    )
    translation = Experiment(
        system=Gmu(),
        scale=scale,
        recipe=recipe.experiment(count_sentences(corpus, source, target)),
        corpus=corpus,
        backbone=backbone,
        directions=((source, target),),
        seed=seed,
        cache=cache,
        callback=callback,
        progress=progress,
        device=device,
        on_system=on_system,
    )
    return Recordings(recipe=recipe, translation=translation)


def translate(translators: Sequence[Translator], texts: Sequence[Example]) -> list[Hypothesis]:
    """For each text, of all translators' beams, the output that the others agree with most.

    Equal texts, such as what is heard in silence, are translated once.
    """
    distinct = {e.source_text: e for e in texts}
    found = [
        one.experiment.decode(one.system, list(distinct.values()), one.experiment.recipe.beams)
        for one in translators
    ]
    votes = [
        by_agreement([h for best in own for h in (best, *best.others)])[0]
        for own in zip(*found, strict=True)
    ]
    by_text = dict(zip(distinct, votes, strict=True))
    return [replace(by_text[e.source_text], id=e.id) for e in texts]
