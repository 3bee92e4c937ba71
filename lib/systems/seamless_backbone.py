"""The Seamless backbone: the hub's at `full`, below that trained here on the phrasebook.

It is trained in three stages: *ctc* (the speech encoder learns to transcribe characters), *text*
(text encoder and decoder learn to translate and to copy), *joint* (ASR, MT and ST together).
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from transformers import SeamlessM4TTokenizer

from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize
from lib.data.collate import Collator
from lib.locks import intact
from lib.models.seamless import Seamless, SeamlessSize, build_seamless, load_seamless
from lib.models.tokenizer import seamless_languages, train_seamless_tokenizer
from lib.progress import Progress
from lib.scales import scaled
from lib.systems.backbones import (
    MAX_SECONDS,
    BackboneRecipe,
    TrainingJob,
    to_train,
    train_ctc,
    train_seq2seq,
)
from lib.tasks import ASR, ST, Example, examples, text_examples
from lib.training.ctc import CtcObjective
from lib.training.finished import FitResult
from lib.training.stages import Stage
from lib.utterance import Corpus

TOKENIZER_SENTENCES = 4000
MT_PER_SENTENCE = 4  # directions drawn for each sentence of the text stage
SPEECH_PER_TEXT = 4  # speech examples for one of text in the joint stage


@dataclass(frozen=True, kw_only=True)
class SeamlessBackbone(BackboneRecipe):
    """How a Seamless backbone comes about."""

    kind = "seamless"
    version = 2

    hub: str | None = scaled("name on the hub; None: trained here")
    size: SeamlessSize | None = scaled("of the model trained here")
    phrasebook: Phrasebook | None = scaled("its speech; its spoken languages are the *seen* ones")
    sentences: int = scaled("phrasebook contents of the text stage")
    ctc: Stage | None = scaled("CTC on the characters of transcripts")
    text: Stage | None = scaled("translating and copying text")
    joint: Stage | None = scaled("ASR, MT and ST together")
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        """The languages it is trained on; from the hub, all that Seamless has a token for."""
        return self.phrasebook.spoken if self.phrasebook else tuple(seamless_languages())

    def identity(self) -> Any:
        return asdict(self)

    def corpus(self, cache: Path, progress: Progress) -> Corpus:
        return synthesize(self.phrasebook, cache, progress)

    def load(self, path: str, text: bool) -> Seamless:
        return load_seamless(path, text)

    def train(self, job: TrainingJob) -> tuple[Seamless, list[FitResult]]:
        model = self.untrained(job)
        results = [train_ctc(model, self.ctc, self.seed, job)[1]]
        collate = Collator(model, model.feature_extractor(MAX_SECONDS))
        for stage, given in (
            (self.text, self.text_examples()),
            (self.joint, self.joint_examples(job.corpus)),
        ):
            results.append(train_seq2seq(model, stage, given, collate, self.seed, job))
        return model, results

    def untrained(self, job: TrainingJob) -> Seamless:
        """The model with random weights, and its tokenizer."""
        folder = job.folder / "tokenizer"
        if not intact(folder, say=True):
            job.progress("writing the phrasebook's sentences", 0, 1)
            sentences = self.phrasebook.sentences(min(TOKENIZER_SENTENCES, self.sentences))
            texts = (text for sentence in sentences for text in sentence.values())
            train_seamless_tokenizer(texts, list(self.seen), self.size.subwords, folder)
        tokenizer = SeamlessM4TTokenizer.from_pretrained(folder)
        return build_seamless(self.size, tokenizer, list(self.seen), self.seed)

    def ctc_model(self, job: TrainingJob) -> tuple[Seamless, CtcObjective, FitResult]:
        """A model after the first stage, which the full training finds again."""
        with to_train([job.folder / self.ctc.name / "done.json"], job.folder, job.progress):
            model = self.untrained(job)
            return model, *train_ctc(model, self.ctc, self.seed, job)

    def text_examples(self) -> list[Example]:
        """MT between the seen languages, in directions drawn at random; into itself is copying."""
        directions = [(source, target) for source in self.seen for target in self.seen]
        rng = random.Random(self.seed)
        return [
            rng.choice(text_examples([sentence], directions))
            for sentence in self.phrasebook.sentences(self.sentences)
            for _ in range(MT_PER_SENTENCE)
        ]

    def joint_examples(self, corpus: Corpus) -> list[Example]:
        """ASR in every seen language, ST into every other one, and a quarter as much MT."""
        speech = [e for code in self.seen for e in examples(corpus.split("train", code), ASR)]
        for source in self.seen:
            for target in self.seen:
                if source != target:
                    speech += examples(corpus.split("train", source), ST, target)
        return speech + self.text_examples()[: len(speech) // SPEECH_PER_TEXT]
