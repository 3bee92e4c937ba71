"""LLM-SRT's experiment: speech in many languages, Whisper and a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize
from lib.languages import language, parse_languages
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scoring.study import Direction
from lib.systems.backbones import TrainedBackbone, get_backbone
from lib.systems.corpora import PHRASEBOOK, CorpusChoice, joined_recordings
from lib.systems.experiment import Experiment
from lib.systems.llm_srt.prompts import Prompts
from lib.systems.llm_srt.recipe import Recipe
from lib.systems.llm_srt.sizes import chosen_language_model
from lib.systems.llm_srt.system import LlmSrt
from lib.systems.outputs import no_record
from lib.systems.whisper_backbone import LANGUAGES
from lib.utterance import Corpus

# of the paper, in the order of its tables
PAPER_LANGUAGES = tuple(
    "eng deu fra spa por ita nld rus ind vie tha jpn kor zho yue".split()
)
DEFAULT_LANGUAGES = " ".join(LANGUAGES)
ZERO_SHOT = "deu-fra fra-zho zho-deu"  # each language still is a trained source and target


def all_directions(sources: Sequence[str], targets: Sequence[str]) -> tuple[Direction, ...]:
    """Every direction between different languages."""
    return tuple((source, target) for source in sources for target in targets if source != target)


def parse_directions(text: str) -> tuple[Direction, ...]:
    """Directions such as "deu-fra fra-zho".

    Raises:
        ValueError: not of that form, or an unknown language.
    """
    found = []
    for part in text.replace(",", " ").split():
        source, _, target = part.partition("-")
        if not target or source == target:
            raise ValueError(f"{part!r} is no direction; write it as deu-fra")
        found.append((language(source).code, language(target).code))
    return tuple(found)


def open_experiment(
    scale: str,
    seed: int,
    cache: Path,
    *,
    sources: str = DEFAULT_LANGUAGES,
    targets: str = DEFAULT_LANGUAGES,
    zero_shot: str = ZERO_SHOT,
    corpus: str = PHRASEBOOK,
    folder: str = "",
    asr_corpus: str = "",
    licences: str = "",
    chinese: str = Prompts.chinese,
    language_model: str = "",
    processes: int = 1,
    recipe: Recipe | None = None,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Experiment:
    """The experiment at a scale.

    Args:
        sources, targets: languages, such as "eng deu"; all directions between different ones are
            tested.
        zero_shot: directions, such as "deu-fra", that are tested and never trained; those between
            other languages are ignored.
        corpus, folder, licences: see `CorpusChoice`; a corpus with translations between all
            languages, such as fleurs.
        asr_corpus: of the first stage, its name and folder, such as common_voice=/data/cv; "":
            `corpus`.
        seed: also of encoder and language model, where they are trained here.
        language_model: a name in `sizes.LANGUAGE_MODELS`, at `full`; "": the scale's.
        processes: that share a training.
        recipe: in place of the scale's.

    Raises:
        ValueError: `processes` is below 1, no direction to train on, an unknown tag of Chinese, a
            language that the models of this scale do not know or that `asr_corpus` lacks, a
            language model that is unknown or not for this scale, or `full` without recordings.
    """
    if processes < 1:
        raise ValueError(f"processes is {processes}; it is 1, or the number of GPUs")
    hooks = {"callback": callback, "progress": progress, "device": device}
    chinese = Prompts(chinese=chinese).chinese
    spoken, written = parse_languages(sources), parse_languages(targets)
    directions = all_directions(spoken, written)
    unseen = tuple(pair for pair in parse_directions(zero_shot) if pair in directions)
    if len(unseen) == len(directions):
        raise ValueError(
            f"sources={sources!r}, targets={targets!r}, zero_shot={zero_shot!r} leave no direction "
            "to train on"
        )
    text = get_backbone("srt_qwen", scale, cache, seed=seed, **hooks)
    if language_model:
        text = text.other(chosen_language_model(language_model).hub)
    _check_languages([*spoken, *written], text)
    asr_name, _, asr_folder = asr_corpus.partition("=")
    system = LlmSrt(language_model=text, zero_shot=unseen, asr_corpus=asr_name, chinese=chinese)
    recipe = recipe or system.recipe(scale)
    choices = [CorpusChoice(name=corpus, folder=folder, licences=licences)]
    if asr_name:
        choices.append(CorpusChoice(name=asr_name, folder=asr_folder, licences=licences))
    return Experiment(
        system=system,
        scale=scale,
        recipe=recipe,
        corpus=_corpus(recipe, choices, spoken, written, cache, progress),
        backbone=get_backbone("whisper", scale, cache, seed=seed, **hooks),
        directions=directions,
        seed=seed,
        cache=cache,
        processes=processes,
        on_system=on_system,
        **hooks,
    )


def _check_languages(codes: Sequence[str], text: TrainedBackbone) -> None:
    unknown = sorted(set(codes) - set(text.seen)) if text.recipe.phrasebook else []
    if unknown:
        raise ValueError(
            f"{', '.join(unknown)}: the models of this scale know {', '.join(text.seen)}; "
            "add a language to LANGUAGES in lib/systems/whisper_backbone.py"
        )


def _corpus(
    recipe: Recipe,
    choices: Sequence[CorpusChoice],
    sources: Sequence[str],
    targets: Sequence[str],
    cache: Path,
    progress: Progress,
) -> Corpus:
    """The phrasebook, or recordings, those of the first stage among them."""
    if choices[0].name == PHRASEBOOK:
        if len(choices) > 1:
            raise ValueError(f"asr_corpus={choices[1].name} needs corpus=, recordings as well")
        if recipe.breadth is None:
            raise ValueError(
                "the full scale trains on recordings: set corpus= to fleurs or covost2, and "
                "folder= to where it lies"
            )
        book = Phrasebook(
            spoken=tuple(sources),
            written=tuple(dict.fromkeys([*targets, *LANGUAGES])),
            train=recipe.train_contents,
            dev=recipe.dev_contents,
            test=recipe.test_contents,
            breadth=recipe.breadth,
            seed=recipe.corpus_seed,
        )
        return synthesize(book, cache, progress)
    joined = joined_recordings(recipe, choices, sources, cache, progress)
    heard = {u.language for u in joined.split("train") if u.source == choices[-1].name}
    if unheard := [code for code in sources if code not in heard]:
        raise ValueError(f"{choices[-1].name} has no training clip in {', '.join(unheard)}")
    return joined
