"""The recogniser of recordings: a speech encoder trained by CTC on the corpus's own transcripts."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import torch
from transformers import SeamlessM4TTokenizer

from lib.data.batch import Batch, TokenLayout
from lib.data.collate import Collator
from lib.decoding import GREEDY, Hypothesis, Search, decode_segmented
from lib.files import read_json, write_json
from lib.models.seamless import Seamless, build_seamless, load_seamless
from lib.models.tokenizer import train_seamless_tokenizer
from lib.progress import Progress
from lib.scoring.metrics import statistics
from lib.systems.backbones import MAX_SECONDS, BackboneRecipe, TrainedBackbone, TrainingJob
from lib.systems.recordings.recipe import RecordingsRecipe
from lib.systems.seamless_backbone import SeamlessBackbone
from lib.tasks import ASR, Example, examples
from lib.training.ctc import BLANK, CtcObjective, alphabet
from lib.training.finished import FitResult
from lib.training.fit import fit
from lib.training.selection import Evaluation
from lib.training.stages import Stage
from lib.training.weights import load_trained
from lib.utterance import Corpus

TRIALS = "trials.json"  # development scores of the starts and rates


@dataclass(frozen=True, kw_only=True)
class RecordingsBackbone(BackboneRecipe):
    """A Seamless whose tokenizer and speech encoder learn from a corpus of recordings.

    Text encoder and decoder keep their random weights: the translators train them.
    """

    kind = "seamless"
    version = 1

    recipe: RecordingsRecipe
    source: str
    target: str
    recordings: Corpus = field(compare=False, repr=False)
    start: SeamlessBackbone  # the phrasebook's, whose CTC stage is one of the starts
    cache: Path = field(compare=False)
    hub: str | None = None
    seed: int = 1

    @property
    def seen(self) -> tuple[str, ...]:
        return (self.source, self.target)

    def identity(self) -> Any:
        recipe = self.recipe
        how = [recipe.trial_updates, recipe.rates, recipe.starts, self.stage.identity()]
        start = [self.start.version, self.start.identity()] if "backbone" in recipe.starts else []
        return ["recordings", asdict(recipe.size), how, start, self.source, self.target, self.seed]

    @property
    def stage(self) -> Stage:
        """Of the recogniser, for this much speech."""
        return self.recipe.ctc_stage(self.recordings.hours("train", self.source))

    def corpus(self, cache: Path, progress: Progress) -> Corpus:
        return self.recordings

    def examples(self, split: str) -> list[Example]:
        """The clips of a split with their transcripts."""
        return examples(self.recordings.split(split, self.source), ASR)

    def load(self, path: str, text: bool) -> Seamless:
        return load_seamless(path, text)

    def train(self, job: TrainingJob) -> tuple[Seamless, list[FitResult]]:
        """Try each start with each rate for a few updates, and train on with the best of them."""
        tokenizer = self._tokenizer(job)
        tried = {}
        for start, rate in product(self.recipe.starts, self.recipe.rates):
            stage = replace(
                self.stage,
                name=f"trial-{start}-{rate:g}",
                updates=self.recipe.trial_updates,
                evaluate_every=0,
            )
            tried[start, rate] = self._fit(tokenizer, start, rate, stage, job)[1].best
        start, rate = max(tried, key=tried.__getitem__)
        rows = [{"start": s, "rate": r, "CER": -score} for (s, r), score in tried.items()]
        write_json(job.folder / TRIALS, {"trials": rows, "chosen": [start, rate]}, sealed=True)
        objective, result = self._fit(tokenizer, start, rate, self.stage, job)
        return objective.model, [result]

    def _tokenizer(self, job: TrainingJob) -> SeamlessM4TTokenizer:
        codes = [self.source, self.target]
        train = self.recordings.split("train", self.source)
        texts = [u.texts[code] for u in train for code in codes if u.texts.get(code)]
        size = self.recipe.size
        return train_seamless_tokenizer(texts, codes, size.subwords, job.folder / "tokenizer")

    def _fit(
        self,
        tokenizer: SeamlessM4TTokenizer,
        start: str,
        rate: float,
        stage: Stage,
        job: TrainingJob,
    ) -> tuple[CtcRecogniser, FitResult]:
        """Train a recogniser from a start, with a peak learning rate."""
        model = build_seamless(self.recipe.size, tokenizer, list(self.seen), self.seed)
        made = CtcRecogniser(model, alphabet(self.examples("train")), self.seed)
        if start == "backbone":
            self._start_from_backbone(made, job)
        dev = self.examples("dev")[: self.recipe.gmu.selection_utterances]
        result = fit(
            made,
            replace(stage, learning_rate=rate),
            self.examples("train"),
            Collator(made, model.feature_extractor(MAX_SECONDS)),
            job.folder / stage.name,
            seed=self.seed,
            evaluate=partial(_evaluate, made, dev),
            callback=job.callback,
            device=job.device,
        )
        return made, result

    def _start_from_backbone(self, made: CtcRecogniser, job: TrainingJob) -> None:
        """Copy the speech encoder of the phrasebook's CTC stage, and its rows of equal letters."""
        speech = self.start.corpus(self.cache, job.progress)
        folder = self.start.folder(speech, self.cache)
        other = replace(job, folder=folder, corpus=speech)
        _, ctc, _ = self.start.ctc_model(other)
        made.encoder.load_state_dict(ctc.encoder.state_dict())
        copy_rows(ctc, made)


class CtcRecogniser(CtcObjective):
    """CTC training that also decodes as models do, so that long audio is cut at pauses."""

    def __init__(self, model: Seamless, alphabet: str, seed: int) -> None:
        super().__init__(model, alphabet, seed)
        object.__setattr__(self, "model", model)  # its speech encoder is registered already

    def layout(self, example: Example, max_tokens: int) -> TokenLayout:
        """The characters of a transcript; the blank where there is none, as in a clip to hear."""
        ids = self.targets(example) or [BLANK]
        return TokenLayout(prefix=ids, labels=ids, prompt_length=0)

    def generate(self, batch: Batch, search: Search) -> list[list[Hypothesis]]:
        """The greedy transcript of each clip; CTC as it is has no beams."""
        return [
            [Hypothesis(id=e.id, text=text.strip(), tokens=len(text), score=None, ending="end")]
            for e, text in zip(batch.examples, self.greedy_decode(batch), strict=True)
        ]


def copy_rows(known: CtcObjective, made: CtcObjective) -> int:
    """Copy the output rows of equal letters; an accented letter takes its base letter's.

    Returns:
        How many characters of `made` have got one.
    """
    copied = 0
    with torch.no_grad():
        pairs = [(BLANK, BLANK)]
        for character, row in made.character_ids.items():
            base = unicodedata.normalize("NFD", character)[0]
            other = known.character_ids.get(character) or known.character_ids.get(base)
            pairs += [(other, row)] if other else []
            copied += bool(other)
        for other, row in pairs:
            made.output.weight[row] = known.output.weight[other]
            made.output.bias[row] = known.output.bias[other]
    return copied


def load_recogniser(backbone: TrainedBackbone) -> CtcRecogniser:
    """The trained recogniser of a `RecordingsBackbone`."""
    recipe: RecordingsBackbone = backbone.recipe
    model = backbone.load()
    made = CtcRecogniser(model, alphabet(recipe.examples("train")), recipe.seed)
    load_trained(made, Path(backbone.path).parent / recipe.stage.name / "best.safetensors")
    return made.eval()


def trials(backbone: TrainedBackbone) -> list[dict[str, Any]]:
    """What was tried, for a table: start, learning rate, CER (%), and which was chosen."""
    found = read_json(Path(backbone.path).parent / TRIALS)
    return [
        {
            "start": row["start"],
            "learning rate": f"{row['rate']:g}",
            "CER": row["CER"],
            "chosen": "yes" if [row["start"], row["rate"]] == found["chosen"] else "",
        }
        for row in found["trials"]
    ]


def _evaluate(recogniser: CtcRecogniser, dev: Sequence[Example]) -> Evaluation:
    """The development score: minus the character error rate (%)."""
    collate = Collator(recogniser, recogniser.model.feature_extractor(MAX_SECONDS))
    decoded = decode_segmented(recogniser, dev, collate, GREEDY, MAX_SECONDS)
    found = [hypothesis.text for hypothesis in decoded]
    references = [e.target_text for e in dev]
    score = statistics("CER", found, references, dev[0].target, "gmu").corpus_score
    return Evaluation(score=-score, outputs=list(zip(dev, found, strict=True)))
