"""LLM-SRT's experiment: many-to-many speech, Whisper and a language model; and rows beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from lib.corpora import catalogue
from lib.corpora.curation.rules import Rules, parse_licences
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize
from lib.data.collate import Collator
from lib.decoding import decode
from lib.files import content_hash
from lib.languages import language
from lib.models.protocol import Hypothesis, Search
from lib.models.whisper import WhisperRecogniser
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scoring.outputs import OutputRow, output_rows
from lib.scoring.study import Direction
from lib.systems.backbones import TrainedBackbone, get_backbone
from lib.systems.corpora import PHRASEBOOK, CorpusChoice
from lib.systems.experiment import Experiment
from lib.systems.llm_srt.language_model import prompted
from lib.systems.llm_srt.prompts import TAGS, Prompts
from lib.systems.llm_srt.recipe import Recipe
from lib.systems.llm_srt.system import LlmSrt
from lib.systems.outputs import TrainedSystem, no_record
from lib.systems.whisper_backbone import LANGUAGES
from lib.tasks import ASR, MT, SMT, ST, Example, examples
from lib.utterance import Corpus, Utterance

# of the paper, in the order of its tables
PAPER_LANGUAGES = tuple(
    "eng deu fra spa por ita nld rus ind vie tha jpn kor zho yue".split()
)
ZERO_SHOT = (("deu", "fra"), ("fra", "zho"), ("zho", "deu"))  # each language still is both
TRANSCRIPT_TOKENS = 200  # of Whisper's output


def all_directions(sources: Sequence[str], targets: Sequence[str]) -> list[Direction]:
    """Every direction between different languages."""
    return [(source, target) for source in sources for target in targets if source != target]


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
    sources: Sequence[str] = LANGUAGES,
    targets: Sequence[str] = LANGUAGES,
    zero_shot: Sequence[Direction] = ZERO_SHOT,
    corpus: str = PHRASEBOOK,
    folder: str = "",
    asr_corpus: str = "",
    asr_folder: str = "",
    licences: str = "",
    chinese: str = Prompts.chinese,
    processes: int = 1,
    backbone_seed: int = 1,
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    on_system: Callable[[str, Path], None] = no_record,
    device: torch.device | str = "cpu",
) -> Experiment:
    """The experiment at a scale.

    Args:
        sources, targets: languages; all directions between different ones are tested.
        zero_shot: directions that are tested and never trained; those outside are ignored.
        corpus, folder, licences: see `CorpusChoice`; a corpus with translations between all
            languages, such as fleurs.
        asr_corpus, asr_folder: of the first stage, such as common_voice; "": `corpus`.
        processes: that share a training.
        backbone_seed: of encoder and language model, where they are trained here.

    Raises:
        ValueError: `processes` is below 1, a direction that is not trained at all, a language that
            the models of this scale were not trained on, or `full` without recordings.
    """
    if processes < 1:
        raise ValueError(f"processes is {processes}; it is 1, or the number of GPUs")
    hooks = {"callback": callback, "progress": progress, "device": device}
    directions = all_directions(sources, targets)
    unseen = tuple(pair for pair in zero_shot if pair in directions)
    if len(unseen) == len(directions):
        raise ValueError("all directions are zero-shot; leave one to train on")
    text = get_backbone("srt_qwen", scale, cache, seed=backbone_seed, **hooks)
    _check_languages([*sources, *targets], text)
    system = LlmSrt(
        language_model=text, zero_shot=unseen, asr_corpus=asr_corpus, chinese=chinese
    )
    recipe = system.recipe(scale)
    choices = [CorpusChoice(name=corpus, folder=folder, licences=licences)]
    if asr_corpus:
        choices.append(CorpusChoice(name=asr_corpus, folder=asr_folder, licences=licences))
    return Experiment(
        system=system,
        scale=scale,
        recipe=recipe,
        corpus=_corpus(recipe, choices, sources, targets, cache, progress),
        backbone=get_backbone("whisper", scale, cache, seed=backbone_seed, **hooks),
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
    found = []
    for number, choice in enumerate(choices):
        rules = Rules(
            licences=parse_licences(choice.licences), max_seconds=recipe.max_train_seconds
        )
        curated = catalogue.load_curated(
            choice.name, choice.folder, cache, rules, progress=progress
        )
        # development and test sets are those of the first corpus
        found.append((catalogue.to_corpus(curated), ("train",) if number else None))
    return _joined(found, sources)


def _joined(
    corpora: Sequence[tuple[Corpus, tuple[str, ...] | None]], sources: Sequence[str]
) -> Corpus:
    """Corpora as one, with the splits that are wanted of each; ids get the corpus's name."""
    utterances: list[Utterance] = []
    for corpus, splits in corpora:
        utterances += [
            replace(u, id=f"{corpus.name}/{u.id}", source=corpus.name)
            for u in corpus.utterances
            if u.language in sources and (splits is None or u.split in splits)
        ]
    names = [corpus for corpus, _ in corpora]
    return Corpus(
        name=" and ".join(corpus.name for corpus in names),
        utterances=utterances,
        hash=content_hash([[corpus.hash for corpus in names], list(sources)]),
        synthetic=any(corpus.synthetic for corpus in names),
        licence=", ".join(dict.fromkeys(corpus.licence for corpus in names)),
        dropped=[dropped for corpus in names for dropped in corpus.dropped],
    )


# ---- rows beside a system's own ----


def transcripts(experiment: Experiment, system: TrainedSystem) -> list[OutputRow]:
    """What a system transcribes, asked by the prompt of ASR."""
    strategy = replace(system.strategy, task=ASR, tasks=(ASR,))
    test = [
        example
        for source, target in experiment.task_directions(ASR)
        for example in experiment.system.test_examples(
            strategy, experiment.corpus.split("test", source), target
        )
    ]
    return experiment.rows(system, test, experiment.decode(system, test))


def spelt_out(experiment: Experiment, system: TrainedSystem) -> list[OutputRow]:
    """The transcripts inside the answers of a system, as ASR; of each clip in its first direction.

    They cost nothing: the answers are decoded already.
    """
    strategy, prompts = system.strategy, experiment.system.prompts(system.strategy)
    test = experiment.test_examples(system)
    found: dict[tuple[str, str], tuple[Example, Hypothesis]] = {}
    for example, hypothesis in zip(test, experiment.decode(system, test), strict=True):
        if example.task != ST:
            continue
        answer = prompts.parse(hypothesis.written, example.source, example.target)
        transcript = replace(
            example, task=ASR, target=example.source, target_text=example.source_text
        )
        said = replace(hypothesis, text=answer.transcript)
        found.setdefault((example.source, example.id), (transcript, said))
    pairs = list(found.values())
    name = f"{strategy.name}, spelt out"
    return experiment.rows(system, [e for e, _ in pairs], [h for _, h in pairs], name)


def forms(experiment: Experiment, system: TrainedSystem) -> dict[Direction, dict[str, int]]:
    """How many answers of each form a system gives on the test set, by direction."""
    prompts, test = experiment.system.prompts(system.strategy), experiment.test_examples(system)
    counts: dict[Direction, dict[str, int]] = {}
    for example, hypothesis in zip(test, experiment.decode(system, test), strict=True):
        if example.task == ST:
            form = prompts.parse(hypothesis.written, example.source, example.target).form
            own = counts.setdefault((example.source, example.target), {})
            own[form] = own.get(form, 0) + 1
    return counts


def in_two_passes(experiment: Experiment, system: TrainedSystem) -> list[OutputRow]:
    """Translations of a system's own transcripts: the prompt of ASR, then that of SMT."""
    said = {(row.source, row.id): row.hypothesis for row in transcripts(experiment, system)}
    strategy = replace(system.strategy, task=SMT, tasks=(SMT,))
    test = []
    for source, target in experiment.directions:
        utterances = experiment.corpus.split("test", source)
        for example in experiment.system.test_examples(strategy, utterances, target):
            heard = replace(example, source_text=said[source, example.id])
            test.append(experiment.system.prepare(strategy, heard))
    hypotheses = experiment.decode(system, test)
    as_st = [replace(e, task=ST) for e in test]
    return experiment.rows(system, as_st, hypotheses, f"{system.strategy.name}, two passes")


def ceiling(experiment: Experiment) -> list[OutputRow]:
    """The language model's translations of the true transcripts: text MT, without any speech."""
    test = [
        prompted(example, TAGS)
        for source, target in experiment.directions
        for example in examples(experiment.corpus.split("test", source), MT, target)
    ]
    return _text_rows(experiment, test, _translate(experiment, test), "language model")


def cascade(experiment: Experiment) -> list[OutputRow]:
    """Whisper's transcripts, and their translations by the language model."""
    heard = [
        example
        for source, target in experiment.task_directions(ASR)
        for example in examples(experiment.corpus.split("test", source), ASR, target)
    ]
    said = recognise(experiment, heard)
    rows = _text_rows(experiment, heard, said, "whisper")
    texts = {(e.source, e.id): h.text for e, h in zip(heard, said, strict=True)}
    test = [
        example
        for source, target in experiment.directions
        for example in examples(
            experiment.corpus.split("test", source), ST, target, transcripts=True
        )
    ]
    asked = [
        prompted(replace(e, task=MT, source_text=texts[e.source, e.id]), TAGS) for e in test
    ]
    return rows + _text_rows(experiment, test, _translate(experiment, asked), "cascade")


def recognise(experiment: Experiment, heard: Sequence[Example]) -> list[Hypothesis]:
    """Whisper's transcripts."""
    model: WhisperRecogniser = experiment.backbone.load().to(experiment.device)
    collate = Collator(model, model.feature_extractor(experiment.recipe.max_test_seconds))
    search = Search(beams=experiment.recipe.beams, max_new_tokens=TRANSCRIPT_TOKENS)
    return decode(model, list(heard), collate, search, progress=experiment.progress)


def _translate(experiment: Experiment, asked: Sequence[Example]) -> list[Hypothesis]:
    recipe: Recipe = experiment.recipe
    model = experiment.system.language_model.load().to(experiment.device)
    search = Search(beams=recipe.beams, max_new_tokens=recipe.max_new_tokens)
    collate = Collator(model, max_tokens=recipe.max_source_tokens)
    return decode(model, list(asked), collate, search, progress=experiment.progress)


def _text_rows(
    experiment: Experiment,
    test: Sequence[Example],
    hypotheses: Sequence[Hypothesis],
    strategy: str,
) -> list[OutputRow]:
    return output_rows(
        test,
        hypotheses,
        system=experiment.system.name,
        strategy=strategy,
        stage="backbone",
        subset=experiment.subset,
        seed=experiment.seed,
    )
