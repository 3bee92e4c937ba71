"""GMU at IWSLT 2025 (arXiv 2505.21781): SeamlessM4T-v2 fine-tuned on one language pair; here the direct strategy.

Facts and constants: papers.md section 1. What the paper leaves open is a field with a comment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from lib.batches import Collator
from lib.corpora import catalogue
from lib.corpora.curation.rules import Rules, licences
from lib.corpora.phrasebook import ALL_OF_CLDR, Phrasebook
from lib.corpora.studio import Progress, record, silent
from lib.decoding import Hypothesis, Search, decode_in_parts, silenced
from lib.features import Ears
from lib.models.seamless import Seamless
from lib.models.tokenizer import unknown_pieces
from lib.recipes.backbones import TINY_BREADTH, Trained, load_backbone
from lib.recipes.scales import scaled
from lib.scoring.baselines import constant, shuffled
from lib.scoring.metrics import statistics
from lib.scoring.table import Said, said
from lib.tasks import Task, examples
from lib.training.fit import Fitted, Tick, fit
from lib.training.launch import launch
from lib.training.losses import Translation
from lib.training.selection import Evaluated
from lib.training.stages import Stage
from lib.utterance import Corpus

LISTENED = 4  # development utterances whose outputs are kept at each evaluation, always the same ones

# papers.md 1.1: the nine pairs, as (source, target)
PAIRS = (
    ("aeb", "eng"), ("bem", "eng"), ("fon", "fra"), ("gle", "eng"), ("bho", "hin"),
    ("est", "eng"), ("mlt", "eng"), ("mar", "hin"), ("que", "spa"),
)  # fmt: skip


@dataclass(frozen=True)
class Direct:
    """Direct end-to-end fine-tuning: speech in one language to text in another, all of speech encoder and decoder."""

    stage: Stage = scaled("sizes, rate and length of the training")
    train: int = scaled("phrasebook contents to train on, where no recordings are given")
    dev: int = scaled("and to select by")
    test: int = scaled("and to score")
    select_on: int = scaled("development utterances decoded at each evaluation")
    breadth: object = scaled("of the phrasebook")
    longest_output: int = scaled("tokens after which an output is stopped; the paper's 256, but smoke's models never stop")
    longest_train: float = 30.0  # seconds; longer audio is cut, and counted (1.3)
    longest_test: float = 45.0  # longer audio is decoded in parts
    overlap: float = 0.0  # seconds that such parts share; 0: they are cut at pauses
    beams: int = 5  # 1.8
    length_penalty: float = 1.0
    metric: str = "chrF++"  # of selection; the paper selects by loss, which falls on while the output turns to nonsense
    skip_language_token: bool = False  # switches of 1.6, off as in plain Hugging Face
    corpus_seed: int = 2  # not the backbone's: other contents, other speech

    def search(self, beams: int) -> Search:
        """How outputs are looked for."""
        return Search(beams, self.length_penalty, self.longest_output)


# GMU's: label smoothing 0.2, AdamW (0.9, 0.98), no weight decay, no clipping, inverse square root with warm-up
def _stage(updates: int, rate: float, warmup: int, every: int, seconds: float, most: int, accumulate: int = 1) -> Stage:
    return Stage(
        "direct", updates, rate, warmup, "inverse_sqrt", seconds, most, accumulate,
        label_smoothing=0.2, evaluate_every=every, patience=10,
    )  # fmt: skip


DIRECT = {
    # seconds; scores mean nothing
    "smoke": Direct(_stage(2, 1e-3, 1, 1, 20.0, 8), 8, 4, 6, 4, TINY_BREADTH, 16),
    # about 4 minutes on 2 cores
    "tiny": Direct(_stage(500, 1e-3, 50, 100, 48.0, 32), 1000, 60, 150, 60, TINY_BREADTH, 256),
    # one GPU, within an hour; not run at this size yet
    "lab": Direct(_stage(6000, 3e-4, 500, 250, 480.0, 128), 20_000, 300, 1000, 300, ALL_OF_CLDR, 256),
    # the paper's: 120 utterances an update as 30 batches of 4, lr 1e-4, warm-up 1000, dev every 250; one A100-80GB, 15 h.
    # Not run here.
    "full": Direct(_stage(7000, 1e-4, 1000, 250, 120.0, 4, accumulate=30), 0, 0, 0, 500, None, 256),
}


def fine_tuning_corpus(
    recipe: Direct,
    source: str,
    target: str,
    cache: Path,
    progress: Progress = silent,
    corpus: str = "phrasebook",
    folder: str = "",
    allowed: str = "",
) -> Corpus:
    """The phrasebook in the source language, or recordings, curated.

    Args:
        corpus: "phrasebook", a source of real recordings (`data_cards/`), or "own" for a manifest.
        folder: that the corpus lies in, or the manifest.
        allowed: licences; "": any.

    Raises:
        ValueError: `full` without recordings, a language that the phrasebook cannot speak, or recordings of which a split is empty.
        lib.corpora.sources.reading.NotObtained: the recordings are not there.
    """
    if corpus != "phrasebook":
        rules = Rules(licences(allowed), longest=recipe.longest_train, wanted=target)
        curated = catalogue.opened(corpus, folder, cache, rules, source, target, progress)
        return catalogue.corpus(curated, source)
    if recipe.breadth is None:
        raise ValueError(
            "the full scale trains on recordings: give corpus= a source of data_cards/, or own, and folder= its place"
        )
    # written in every language of the backbone too, so that all tiny corpora are made of the same items
    written = tuple(dict.fromkeys((target, "est", "eng", "spa", "fra", "que")))
    spec = Phrasebook((source,), written, recipe.train, recipe.dev, recipe.test, recipe.breadth, recipe.corpus_seed)
    return record(spec, cache, progress)


@dataclass
class System:
    """A trained model with what it needs to hear, and how it was trained."""

    model: Seamless
    hear: Callable[[float], Collator]  # the longest audio in seconds -> a collator
    fitted: Fitted
    train: Collator


def fine_tune(
    recipe: Direct,
    backbone: Trained | Seamless,
    corpus: Corpus,
    source: str,
    target: str,
    seed: int,
    folder: Path,
    watch: Callable[[Tick], None] = lambda tick: None,
    device: torch.device | str = "cpu",
    processes: int = 1,
) -> System:
    """Fine-tune a backbone on `source` speech to `target` text; a language it has not seen is registered first.

    Args:
        processes: that share the training, one a GPU (or CPU processes). An update's batches are cut smaller where they
            cannot be shared out as they are.

    Raises:
        RankDied: one of several processes ended.
        ValueError: several processes are to start from a model in memory, which only this process has.
    """
    if processes > 1:
        if isinstance(backbone, Seamless):
            raise ValueError("several processes load the backbone from disk: give its Trained record, not the model itself")
        if recipe.stage.accumulate % processes:
            recipe = replace(recipe, stage=recipe.stage.split(processes))
        if not (folder / "done.json").exists():
            call = {"recipe": recipe, "backbone": backbone, "corpus": corpus, "source": source, "target": target}
            more = {"seed": seed, "folder": folder, "device": device}
            launch("lib.recipes.gmu:fine_tune", call | more, processes, folder, watch)
    model = backbone if isinstance(backbone, Seamless) else load_backbone(backbone)
    for code in (source, target):
        model.language_id(code)
    collate = Collator(model, Ears(model.stack, recipe.longest_train))
    dev = examples(corpus.split("dev", source), Task.ST, target)[: recipe.select_on]

    def evaluate() -> Evaluated:
        texts = [h.text for h in decode_in_parts(model, dev, collate, recipe.search(1), recipe.longest_train, recipe.overlap)]
        stats = statistics(recipe.metric, texts, [e.target_text for e in dev], target, "plain")
        return Evaluated(stats.combine(stats.rows.sum(0)), list(zip(dev, texts, strict=True))[:LISTENED])

    fitted = fit(
        Translation(model, recipe.stage.label_smoothing, skip=int(recipe.skip_language_token)),
        recipe.stage,
        examples(corpus.split("train", source), Task.ST, target),
        collate,
        folder,
        seed=seed,
        evaluate=evaluate,
        watch=watch,
        device=device,
    )
    return System(model, lambda longest: Collator(model, Ears(model.stack, longest)), fitted, collate)


def outputs(
    recipe: Direct,
    system: System,
    corpus: Corpus,
    source: str,
    target: str,
    seed: int,
    strategy: str = "direct",
    progress: Progress = silent,
) -> list[Said]:
    """What the system says to the test set, and beside it the three trivial baselines.

    The baselines are one constant sentence, the system on shuffled audio, and the system on silence.
    """
    test = examples(corpus.split("test", source), Task.ST, target)
    references = [example.target_text for example in test]
    collate = system.hear(recipe.longest_test)

    def rows(hypotheses: list[Hypothesis], who: str, how: str) -> list[Said]:
        return said(test, hypotheses, who, how, recipe.stage.name, "test", seed)

    def words(texts: list[str]) -> list[Hypothesis]:
        return [Hypothesis(e.id, text, len(text.split()), None, "end") for e, text in zip(test, texts, strict=True)]

    search = recipe.search(recipe.beams)
    how = {"longest": recipe.longest_test, "overlap": recipe.overlap, "progress": progress}
    heard = decode_in_parts(system.model, test, collate, search, **how)
    deaf = decode_in_parts(system.model, test, collate, search, change=silenced, **how)
    dev = [e.target_text for e in examples(corpus.split("dev", source), Task.ST, target)]
    train = [e.target_text for e in examples(corpus.split("train", source), Task.ST, target)]
    one = constant(train, dev, target)
    return (
        rows(heard, "gmu", strategy)
        + rows(words([one] * len(test)), "baseline", "constant")
        + rows(words(shuffled([h.text for h in heard], references)), "baseline", "shuffled_audio")
        + rows(deaf, "baseline", "silence")
    )


def losses(recipe: Direct, system: System, rows: list[Said], corpus: Corpus) -> dict[str, int]:
    """Everything that was cut, left out, or could not be written, counted."""
    tokenizer, target = system.model.tokenizer, rows[0].target
    references = {row.id: row.reference for row in rows}.values()
    return {
        "lines_left_out_of_the_corpus": len(corpus.dropped),
        "test_clips_decoded_in_parts": sum(row.seconds > recipe.longest_test for row in rows if row.system != "baseline"),
        "training_clips_not_heard": len(system.train.dropped),
        "training_clips_cut": len(system.train.ears.cut),
        "training_texts_cut": len(system.train.cut_texts),
        "updates_left_out_as_not_finite": system.fitted.not_finite,
        "pieces_unknown_in_training": unknown_pieces(
            tokenizer, [u.texts[target] for u in corpus.utterances if u.split == "train" and target in u.texts]
        ),
        "pieces_unknown_in_test_references": unknown_pieces(tokenizer, references),
        "outputs_that_did_not_end": sum(row.ending == "longest" for row in rows if row.system != "baseline"),
        "empty_outputs": sum(not row.hypothesis for row in rows if row.system != "baseline"),
    }
