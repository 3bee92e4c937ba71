"""Open IT-IST's experiment: speech with questions, an encoder and a language model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch

from lib.corpora.cards import card_names, read_card
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.questions import with_questions
from lib.corpora.synthesis import synthesize
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scoring.outputs import OutputRow
from lib.systems.backbones import get_backbone
from lib.systems.corpora import (
    PHRASEBOOK,
    CorpusChoice,
    joined_recordings,
    pair_corpus,
    parse_corpora,
)
from lib.systems.experiment import Experiment
from lib.systems.it_ist.pairing import chosen_language_model
from lib.systems.it_ist.recipe import Recipe
from lib.systems.it_ist.system import ItIst
from lib.systems.outputs import TrainedSystem, no_record
from lib.systems.qwen_backbone import LANGUAGES, with_text_prompt
from lib.tasks import MT, QA, Example, examples
from lib.utterance import Corpus

# of speech translation: from English, as the shared task, and back, so that every source language
# has transcripts and questions
DIRECTIONS = (("eng", "deu"), ("eng", "zho"), ("deu", "eng"), ("zho", "eng"))


def open_experiment(
    scale: str,
    seed: int,
    cache: Path,
    *,
    corpus: str = PHRASEBOOK,
    folder: str = "",
    licences: str = "",
    language_model: str = "",
    processes: int = 1,
    recipe: Recipe | None = None,
    backbone_seed: int = 1,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Experiment:
    """The experiment at a scale.

    Args:
        corpus, folder, licences: see `CorpusChoice`; or several, with their folders, such as
            "covost2=/data/covost2 spoken_squad=/data/spoken_squad".
        language_model: a name in `pairing.LANGUAGE_MODELS`, at `full`; "": the scale's.
        processes: that share a training.
        recipe: in place of the scale's.
        backbone_seed: of encoder and language model, where they are trained here.

    Raises:
        ValueError: `processes` is below 1, a language model that is unknown or not for this scale,
            or, as `pair_corpus`, `full` without recordings.
    """
    if processes < 1:
        raise ValueError(f"processes is {processes}; it is 1, or the number of GPUs")
    hooks = {"callback": callback, "progress": progress, "device": device}
    text = get_backbone("qwen", scale, cache, seed=backbone_seed, **hooks)
    if language_model:
        text = text.other(chosen_language_model(language_model).hub)
    system = ItIst(language_model=text)
    recipe = recipe or system.recipe(scale)
    choice = CorpusChoice(name=corpus, folder=folder, licences=licences)
    return Experiment(
        system=system,
        scale=scale,
        recipe=recipe,
        corpus=_corpus(recipe, choice, cache, progress),
        backbone=get_backbone("w2v_bert", scale, cache, seed=backbone_seed, **hooks),
        directions=DIRECTIONS if corpus == PHRASEBOOK else DIRECTIONS[:2],
        seed=seed,
        cache=cache,
        processes=processes,
        on_system=on_system,
        **hooks,
    )


def _corpus(recipe: Recipe, choice: CorpusChoice, cache: Path, progress: Progress) -> Corpus:
    if "=" in choice.name:  # several, each with all its splits: no one of them has all three tasks
        choices = parse_corpora(choice.name, choice.licences)
        return joined_recordings(recipe, choices, ["eng"], cache, progress, all_splits=True)
    if choice.name != PHRASEBOOK or recipe.breadth is None:
        # a corpus of transcripts alone, such as LibriSpeech, is enough to align
        translated = choice.name not in card_names() or "deu" in read_card(choice.name).written
        target = "deu" if translated else "eng"
        return pair_corpus(recipe, "eng", target, cache, choice, progress)
    book = Phrasebook(
        spoken=LANGUAGES,
        written=(),
        train=recipe.train_contents,
        dev=recipe.dev_contents,
        test=recipe.test_contents,
        breadth=recipe.breadth,
        seed=recipe.corpus_seed,
    )
    return with_questions(synthesize(book, cache, progress), book)


def text_outputs(experiment: Experiment, system: TrainedSystem) -> list[OutputRow]:
    """What the language model of a system still writes from text: MT and QA on the test set.

    By the prompts that it was trained on before it heard speech, so a decrease is forgetting.
    """
    if not (test := text_test(experiment)):
        return []
    return experiment.rows(system, test, experiment.decode(system, test))


def text_test(experiment: Experiment) -> list[Example]:
    """The transcripts of the test set as MT in each direction, and with their questions as QA.

    What the corpus has neither translations nor questions for is left out.
    """
    found: list[Example] = []
    for source, target in experiment.task_directions(MT):
        test = [u for u in experiment.corpus.split("test", source) if target in u.texts]
        found += examples(test, MT, target)
    for source, _ in experiment.task_directions(QA):
        test = [u for u in experiment.corpus.split("test", source) if u.question]
        found += examples(test, QA)
    return [with_text_prompt(example) for example in found]


