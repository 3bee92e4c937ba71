"""One pair on the workbench: any strategy is trained, or found where it was trained before, and listened to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from torch import nn

from lib.corpora.synthesis import Progress, no_progress
from lib.data.collate import Collator
from lib.data.features import FbankExtractor
from lib.decoding import Hypothesis, decode_in_parts, silenced
from lib.files import content_hash, lock, read_json, write_json
from lib.models.nllb import load_nllb
from lib.models.seamless import Seamless
from lib.models.tokenizer import unknown_pieces
from lib.models.translator import Translator
from lib.scales import preset
from lib.scoring.baselines import constant, shuffled
from lib.scoring.metrics import PROFILES, statistics
from lib.scoring.outputs import OutputRow
from lib.systems import nllb_backbone as nllb
from lib.systems.backbones import PATIENCE, TrainedBackbone, load_backbone, seamless_backbone
from lib.systems.backbones import PRESETS as BACKBONES
from lib.systems.gmu.corpora import fine_tuning_corpus
from lib.systems.gmu.strategies import RECIPES, RELEASED, STRATEGIES, Recipe, Strategy
from lib.tasks import Example, Task, examples
from lib.training.fit import HOW_IT_IS_RUN, FitResult, TrainingCallback, fit
from lib.training.launch import launch
from lib.training.multitask import MultiTaskObjective
from lib.training.objectives import Seq2SeqObjective
from lib.training.selection import Evaluated
from lib.training.stages import Stage
from lib.utterance import Corpus, Utterance

VERSION = 1  # raise it when the same recipe would give another system
LOST = (
    "training_clips_not_heard", "training_clips_cut", "training_texts_cut", "training_clips_left_out_as_too_long",
    "training_clips_without_a_transcript",
)  # fmt: skip
LISTENED = 4  # development utterances whose outputs are kept at each evaluation, always the same ones


def unwatched(_tick: object) -> None:
    """The watch of somebody who does not look."""


def unused(_name: str, _folder: Path) -> None:
    """The record of somebody who keeps none."""


@dataclass
class TrainedSystem:
    """A trained model with how it came about."""

    model: Translator
    strategy: Strategy
    stage: Stage
    fitted: FitResult
    folder: Path  # what `fit` left: training.csv, listening.jsonl, rehearsal.json, best.safetensors; and lost-*.json
    texts_cut: set[str] = field(default_factory=set)  # examples with a text longer than is read, as they were decoded

    @property
    def lost(self) -> dict[str, int]:
        """What was cut, dropped or left out in training, counted by whichever processes trained."""
        found: dict[str, set[str]] = {name: set() for name in LOST}
        for path in self.folder.glob("lost-*.json"):
            for name, ids in read_json(path).items():
                found[name] |= set(ids)
        return {name: len(ids) for name, ids in found.items()}

    def hear(self, longest: float, longest_text: int) -> Collator:
        """A collator for what is decoded: audio is cut at `longest` seconds, text at so many tokens, counted in `texts_cut`."""
        ears = FbankExtractor(self.model.stack, longest) if isinstance(self.model, Seamless) else None
        return Collator(self.model, ears, longest_text, cut_texts=self.texts_cut)


def material(strategy: Strategy, utterances: Sequence[Utterance], target: str) -> list[Example]:
    """The examples of a strategy's task, as they are decoded: multi-task training speaks as a listener, without transcripts."""
    found = examples(utterances, strategy.task, target)
    return [replace(e, input_text=stripped(e.input_text)) for e in found] if strategy.stripped else found


def training_material(
    strategy: Strategy, utterances: Sequence[Utterance], target: str, drop_over: float | None = None
) -> tuple[list[Example], dict[str, list[str]]]:
    """The examples that a strategy is trained on, and the ids of those left out: too long, or without a transcript.

    Raises:
        ValueError: nothing is left.
    """
    found = material(strategy, utterances, target)
    whole = examples(utterances, strategy.task, target, transcripts=True) if strategy.multitask else found
    short = [e for e in whole if drop_over is None or e.seconds <= drop_over]
    if not short:
        raise ValueError(f"no training clip is as short as {drop_over} s; switch drop_long_audio off")
    kept, read = {e.id for e in short}, {e.id for e in whole}
    return short, {
        "training_clips_without_a_transcript": [e.id for e in found if e.id not in read],
        "training_clips_left_out_as_too_long": [e.id for e in whole if e.id not in kept],
    }


def stripped(text: str) -> str:
    """Text as a recogniser without punctuation and capitals writes it."""
    return PROFILES["gmu"].prepare(text)


def objective_of(model: Translator, strategy: Strategy, stage: Stage) -> nn.Module:
    """The model with the loss that a strategy trains it by, as `fit` takes it."""
    skip = int(strategy.switches.skip_language_token)
    if strategy.multitask:
        return MultiTaskObjective(model, strategy.multitask, stage.label_smoothing, skip)
    return Seq2SeqObjective(model, stage.label_smoothing, skip)


def fine_tune(
    model: Translator,
    strategy: Strategy,
    recipe: Recipe,
    corpus: Corpus,
    source: str,
    target: str,
    seed: int,
    folder: Path,
    watch: TrainingCallback = unwatched,
    device: torch.device | str = "cpu",
) -> TrainedSystem:
    """Train a model by a strategy; a language it has not seen is registered first. The one place where GMU's training happens."""
    stage: Stage = getattr(recipe, strategy.stage)
    switches = strategy.switches
    for code in (source, target):
        model.language_id(code)
    if switches.untied_head:
        model.untie_head()
    if switches.official_dropout:
        model.official_dropout()
    if strategy.multitask:
        model.part_embeddings()
    hears = isinstance(model, Seamless)
    # one counts what is lost in training, the other what is lost in evaluations, which nobody asks for
    collate, of_dev = (Collator(model, FbankExtractor(model.stack, recipe.longest_train) if hears else None) for _ in range(2))
    limit = recipe.official_longest if switches.drop_long_audio else None
    train, left_out = training_material(strategy, corpus.split("train", source), target, limit)
    dev = material(strategy, corpus.split("dev", source), target)[: recipe.select_on]

    def evaluate() -> Evaluated:
        heard = decode_in_parts(model, dev, of_dev, recipe.search(strategy, 1), recipe.longest_train, recipe.overlap)
        texts = [h.text for h in heard]
        stats = statistics(recipe.metric, texts, [e.target_text for e in dev], dev[0].target, "plain")
        return Evaluated(stats.combine(stats.rows.sum(0)), list(zip(dev, texts, strict=True))[:LISTENED])

    objective = objective_of(model, strategy, stage)
    found = (folder / "done.json").exists()
    fitted = fit(objective, stage, train, collate, folder, seed=seed, evaluate=evaluate, watch=watch, device=device)
    if not found:
        lost = left_out | {
            "training_clips_not_heard": sorted(collate.dropped),
            "training_clips_cut": sorted(collate.ears.cut) if collate.ears else [],
            "training_texts_cut": sorted(collate.cut_texts),
        }
        write_json(folder / f"lost-{os.environ.get('RANK', '0')}.json", lost)  # each process has collated its own batches
    return TrainedSystem(model, strategy, stage, fitted, folder)


@dataclass
class Experiment:
    """Everything that the strategies of one pair share.

    What is trained lies in `cache` under the hash of all that decided it, so that notebooks find each other's work and a
    training that was interrupted goes on.
    """

    scale: str  # of the NLLB backbone
    recipe: Recipe
    backbone: TrainedBackbone
    corpus: Corpus
    source: str
    target: str
    seed: int
    cache: Path
    watch: TrainingCallback = unwatched
    progress: Progress = no_progress
    device: torch.device | str = "cpu"
    processes: int = 1  # that share a training; see `Stage.split`
    released: bool = False  # strategies that are asked for by name have the switches of GMU's released runs
    using: Callable[[str, Path], None] = unused  # told the name and folder of each system before it is trained or loaded

    def __post_init__(self) -> None:
        for name in ("asr", "mt", "nllb", "st", "st_from_asr", "multitask"):
            stage = getattr(self.recipe, name)
            if stage.accumulate % self.processes:
                self.recipe = replace(self.recipe, **{name: stage.split(self.processes)})

    def train(self, strategy: Strategy | str) -> TrainedSystem:
        """A strategy's system: trained now, together with what it starts from, or loaded.

        Raises:
            RankDied: one of several processes ended.
            ValueError: the corpus lacks what the strategy needs, such as transcripts.
        """
        strategy = self.strategy(strategy) if isinstance(strategy, str) else strategy
        folder = self.folder(strategy)
        self.using(strategy.name, folder)
        with lock(folder.with_name(f".{folder.name}.lock"), f"system {folder.name}", PATIENCE, self._waits):
            model = self._start(strategy)
            if self.processes > 1 and not (folder / "done.json").exists():
                alone = replace(self, watch=unwatched, progress=no_progress, using=unused)
                launch(f"{__name__}:_train", {"bench": alone, "strategy": strategy}, self.processes, folder, self.watch)
            system = fine_tune(
                model, strategy, self.recipe, self.corpus, self.source, self.target, self.seed, folder, self.watch, self.device
            )
        system.model.to(self.device)
        return system

    def strategy(self, name: str) -> Strategy:
        """The strategy of a name, as this bench trains it."""
        found = STRATEGIES[name]
        return replace(found, switches=RELEASED[found.task]) if self.released and not found.nllb else found

    def _waits(self, line: str) -> None:
        self.progress(line, 0, 1)

    def folder(self, strategy: Strategy) -> Path:
        """Where a strategy's system lies."""
        slug = re.sub(r"[^a-z0-9_]+", "-", strategy.name.lower())
        return Path(self.cache) / f"gmu-{slug}-{self.source}-{self.target}-s{self.seed}-{self._hash(strategy)}"

    def _hash(self, strategy: Strategy) -> str:
        recipe = self.recipe
        plain = asdict(strategy) | {"name": "", "task": strategy.task.value}
        stage = {name: value for name, value in asdict(getattr(recipe, strategy.stage)).items() if name not in HOW_IT_IS_RUN}
        starts = [self._hash(self.strategy(name)) for name in (strategy.encoder, strategy.decoder) if name]
        how = [stage, recipe.select_on, recipe.metric, recipe.longest_train, recipe.overlap]
        how += [
            recipe.search(strategy, 1).longest,
            recipe.length_penalty,
            recipe.official_longest if strategy.switches.drop_long_audio else 0,
        ]
        base = [nllb.VERSION, repr(preset(nllb.PRESETS, self.scale))] if strategy.nllb else self.backbone.name
        return content_hash([VERSION, plain, starts, how, base, self.corpus.hash, self.source, self.target, self.seed])

    def _start(self, strategy: Strategy) -> Translator:
        """The model that a strategy's training starts from."""
        if strategy.nllb:
            return load_nllb(nllb.nllb_backbone(self.scale, self.cache, self.watch, self.progress, self.device).path)
        model = load_backbone(self.backbone, text=strategy.reads)
        for code in (self.source, self.target):
            model.language_id(code)
        # one at a time: each holds a model
        if strategy.encoder:
            model.start_from(encoder=self.train(strategy.encoder).model.cpu())
        if strategy.decoder:
            model.start_from(decoder=self.train(strategy.decoder).model.cpu())
        return model

    def on(self, corpus: Corpus) -> Experiment:
        """The same bench with other training material."""
        return replace(self, corpus=corpus)

    def test(self, task: Task) -> list[Example]:
        """The test set as examples of a task."""
        return examples(self.corpus.split("test", self.source), task, self.target)

    def outputs(self, system: TrainedSystem, name: str = "") -> list[OutputRow]:
        """What a system says to the test set of its own task.

        Args:
            name: of the strategy in the scores table, where it is not the strategy's own.
        """
        return self.said(system, self.decode(system, self.own_test(system)), name)

    def own_test(self, system: TrainedSystem) -> list[Example]:
        """The test set as a system's own task has it."""
        return material(system.strategy, self.corpus.split("test", self.source), self.target)

    def said(self, system: TrainedSystem, hypotheses: Sequence[Hypothesis], name: str = "") -> list[OutputRow]:
        """What a system was found to say, as rows: for each clip of its own task's test set the hypothesis of that id."""
        how, found = name or system.strategy.name, {h.id: h for h in hypotheses}
        test = [example for example in self.own_test(system) if example.id in found]
        return output_rows(test, [found[e.id] for e in test], "gmu", how, system.stage.name, "test", self.seed)

    def decode(self, system: TrainedSystem, test: Sequence[Example], n_best: int = 1, silence_audio: bool = False) -> list[Hypothesis]:
        """Beam search, with audio that is too long decoded in parts.

        Args:
            deaf: the audio is silenced.
        """
        recipe = self.recipe
        collate = system.hear(recipe.longest_test, recipe.longest_read)
        search = recipe.search(system.strategy, recipe.beams, n_best)
        change = {"change": silenced} if silence_audio else {}
        return decode_in_parts(
            system.model, list(test), collate, search, recipe.longest_test, recipe.overlap, progress=self.progress, **change
        )

    def baselines(self, system: TrainedSystem, rows: Sequence[OutputRow]) -> list[OutputRow]:
        """The three trivial baselines of a speech translation system: one constant sentence, shuffled audio, and silence.

        Args:
            rows: what the system says to the test set.
        """
        test = self.test(Task.ST)

        def words(texts: list[str]) -> list[Hypothesis]:
            return [Hypothesis(e.id, text, len(text.split()), None, "end") for e, text in zip(test, texts, strict=True)]

        dev, train = (
            [e.target_text for e in examples(self.corpus.split(split, self.source), Task.ST, self.target)]
            for split in ("dev", "train")
        )
        made = {
            "constant": words([constant(train, dev, self.target)] * len(test)),
            "shuffled_audio": words(shuffled([row.hypothesis for row in rows], [row.reference for row in rows])),
            "silence": self.decode(system, test, silence_audio=True),
        }
        stage = system.stage.name
        return [row for how, heard in made.items() for row in output_rows(test, heard, "baseline", how, stage, "test", self.seed)]

    def dropped_counts(self, system: TrainedSystem, rows: Sequence[OutputRow]) -> dict[str, int]:
        """Everything of one system that was cut, left out, or could not be written, counted.

        Args:
            rows: what it said; those of other systems are passed over.
        """
        own = [row for row in rows if row.system != "baseline" and row.strategy == system.strategy.name]
        tokenizer, target = system.model.tokenizer, own[0].target
        train = [u.texts[target] for u in self.corpus.utterances if u.split == "train" and target in u.texts]
        return {
            "lines_left_out_of_the_corpus": len(self.corpus.dropped),
            "test_clips_decoded_in_parts": sum(row.seconds > self.recipe.longest_test for row in own),
            **system.lost,
            "test_texts_cut": len(system.texts_cut),
            "updates_left_out_as_not_finite": system.fitted.not_finite,
            "pieces_unknown_in_training": unknown_pieces(tokenizer, train),
            "pieces_unknown_in_test_references": unknown_pieces(tokenizer, {row.id: row.reference for row in own}.values()),
            "outputs_that_did_not_end": sum(row.ending == "longest" for row in own),
            "empty_outputs": sum(not row.hypothesis for row in own),
        }


def seen(scale: str, source: str) -> bool:
    """Has the backbone of a scale been trained on this language's speech?"""
    return source in preset(BACKBONES, scale).seen


def open_experiment(
    scale: str,
    source: str,
    target: str,
    seed: int,
    cache: Path,
    watch: TrainingCallback = unwatched,
    progress: Progress = no_progress,
    device: torch.device | str = "cpu",
    processes: int = 1,
    using: Callable[[str, Path], None] = unused,
    released: bool = False,
    corpus: str = "phrasebook",
    folder: str = "",
    licences: str = "",
) -> Experiment:
    """The workbench of a pair at a scale: its corpus is read (or spoken) and its backbone found (or trained).

    Raises as `fine_tuning_corpus` does, and ValueError where there is no process.
    """
    if processes < 1:
        raise ValueError(f"processes is {processes}; it is 1, or as many as there are GPUs")
    recipe = preset(RECIPES, scale)
    data = fine_tuning_corpus(recipe, source, target, cache, progress, corpus, folder, licences)
    backbone = seamless_backbone(scale, cache, watch, progress, device)
    return Experiment(
        scale, recipe, backbone, data, source, target, seed, cache, watch, progress, device, processes, released, using
    )


def _train(bench: Experiment, strategy: Strategy, watch: TrainingCallback) -> None:
    """What each of several processes does; see `launch`."""
    folder = bench.folder(strategy)
    model = bench._start(strategy)
    fine_tune(
        model, strategy, bench.recipe, bench.corpus, bench.source, bench.target, bench.seed, folder, watch, bench.device
    )  # fmt: skip
