"""The experiment of zero-resource translation: speech in many languages, two of them held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize
from lib.languages import parse_languages
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scales import preset
from lib.systems.backbones import TrainedBackbone, backbone_recipe, get_backbone
from lib.systems.corpora import PHRASEBOOK, joined_recordings, parse_corpora
from lib.systems.experiment import Experiment
from lib.systems.outputs import no_record
from lib.systems.zero_resource.encoders import encoder_changes
from lib.systems.zero_resource.held_out import check_corpus
from lib.systems.zero_resource.languages import LANGUAGES, PAPER_CORPORA, TARGET
from lib.systems.zero_resource.recipe import RECIPES, Recipe
from lib.systems.zero_resource.system import ZeroResource
from lib.utterance import Corpus

# at `full`: our choice of CoVoST 2's languages that mT0 writes
PAPER_LANGUAGES = "eng deu nld fra spa ita por cat rus est zho ara ind"
HELD_OUT = "cat nld"  # two of the paper's; it has a third pair, which is not known here


def open_experiment(
    scale: str,
    seed: int,
    cache: Path,
    *,
    languages: str = "",
    held_out: str = HELD_OUT,
    encoder: str = "",
    unread: bool = False,
    corpora: str = PHRASEBOOK,
    licences: str = "",
    language_model: str = "",
    processes: int = 1,
    recipe: Recipe | None = None,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Experiment:
    """The experiment at a scale; translations are into English.

    Args:
        languages: that are spoken, such as "eng deu cat"; "": all that the scale's models know.
        held_out: of these, those of which nothing paired is trained on.
        encoder: "": as its recipe has it, CTC on all paired languages; "audio only": without CTC;
            "CTC only": without BEST-RQ; "random": untrained; "same languages": CTC on those that
            are trained on here; "other languages": CTC on as many others (`other_languages`).
        unread: the language model has not read the held-out languages either.
        corpora: "phrasebook", or sources of data_cards/ with their folders, such as
            "covost2=/data/covost2 fleurs=/data/fleurs"; development and test sets are the first's.
        seed: also of encoder and language model, where they are trained here.
        language_model: name on the hub at `full`, such as bigscience/mt0-xxl; "": the scale's.
        processes: that share a training.
        recipe: in place of the scale's.

    Raises:
        ValueError: a parameter is wrong, or `full` without recordings.
        PairedHeldOut: something paired of a held-out language would be trained on.
    """
    if processes < 1:
        raise ValueError(f"processes is {processes}; it is 1, or the number of GPUs")
    hooks = {"callback": callback, "progress": progress, "device": device}
    every = " ".join(LANGUAGES) if preset(RECIPES, scale).breadth else PAPER_LANGUAGES
    spoken = parse_languages(languages or every)
    hidden = parse_languages(held_out) if held_out.strip() else ()
    _check(spoken, hidden)
    speech_changes = encoder_changes(encoder, [c for c in spoken if c not in hidden], hidden)
    if (encoder or unread) and backbone_recipe("mt5", scale).hub:
        raise ValueError(f"encoder= and unread=True need models that are trained here, not {scale}")
    changes = {"unread": tuple(sorted(hidden))} if unread else {}
    text = get_backbone("mt5", scale, cache, seed=seed, **hooks, **changes)
    if language_model:
        text = text.other(language_model)
    backbone = get_backbone("best_rq", scale, cache, seed=seed, **hooks, **speech_changes)
    _check_known(spoken, backbone)
    system = ZeroResource(language_model=text, held_out=hidden)
    recipe = recipe or system.recipe(scale)
    corpus = speech_corpus(recipe, corpora, licences, spoken, cache, progress)
    check_corpus(corpus, hidden, backbone)
    return Experiment(
        system=system,
        scale=scale,
        recipe=recipe,
        corpus=corpus,
        backbone=backbone,
        directions=tuple((code, TARGET) for code in spoken),
        seed=seed,
        cache=cache,
        processes=processes,
        on_system=on_system,
        **hooks,
    )


def _check(spoken: Sequence[str], hidden: Sequence[str]) -> None:
    if unspoken := [code for code in hidden if code not in spoken]:
        raise ValueError(f"held_out names {', '.join(unspoken)}, which is not in languages=")
    if TARGET in hidden:
        raise ValueError(f"{TARGET} cannot be held out: all translations are into it")
    if not [code for code in spoken if code not in (*hidden, TARGET)]:
        raise ValueError("no language but English is left to train on; hold out fewer")


def _check_known(spoken: Sequence[str], speech: TrainedBackbone) -> None:
    known = set(speech.recipe.seen) if speech.recipe.phrasebook else set(spoken)
    if unknown := sorted(set(spoken) - known):
        raise ValueError(
            f"{', '.join(unknown)}: the models of this scale know {', '.join(speech.seen)}; add a "
            "language to LANGUAGES in lib/systems/zero_resource/languages.py"
        )


def speech_corpus(
    recipe: Recipe,
    corpora: str,
    licences: str,
    spoken: Sequence[str],
    cache: Path,
    progress: Progress,
) -> Corpus:
    """The phrasebook, or recordings."""
    if corpora.strip() != PHRASEBOOK:
        choices = parse_corpora(corpora, licences)
        return joined_recordings(recipe, choices, spoken, cache, progress)
    if recipe.breadth is None:
        named = " ".join(f"{name}=FOLDER" for name in PAPER_CORPORA)
        raise ValueError(f"the full scale trains on recordings: set corpora= to such as {named}")
    return synthesize(phrasebook(recipe, spoken), cache, progress)


def phrasebook(recipe: Recipe, spoken: Sequence[str]) -> Phrasebook:
    """The phrasebook of a scale below `full`."""
    return Phrasebook(
        spoken=tuple(spoken),
        written=(TARGET,),
        train=recipe.train_contents,
        dev=recipe.dev_contents,
        test=recipe.test_contents,
        breadth=recipe.breadth,
        seed=recipe.corpus_seed,
    )
