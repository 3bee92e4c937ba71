"""Further decodings of a curriculum: transcripts, two passes, given tags, ceiling, cascade."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lib.data.collate import Collator
from lib.decoding import decode
from lib.models.protocol import Hypothesis, Search
from lib.models.whisper import WhisperRecogniser
from lib.scoring.outputs import OutputRow, output_rows
from lib.scoring.study import Direction
from lib.systems.experiment import Experiment
from lib.systems.llm_srt.language_model import prompted
from lib.systems.llm_srt.recipe import Recipe
from lib.systems.outputs import TrainedSystem
from lib.systems.wordings import TAGS
from lib.tasks import ASR, MT, SMT, ST, Example, examples

TRANSCRIPT_TOKENS = 200  # of Whisper's output


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

    They cost nothing: the answers are decoded already. Clips without a true transcript have none.
    """
    strategy, prompts = system.strategy, experiment.system.prompts(system.strategy)
    test = experiment.test_examples(system)
    found: dict[tuple[str, str], tuple[Example, Hypothesis]] = {}
    for example, hypothesis in zip(test, experiment.decode(system, test), strict=True):
        if example.task != ST or not example.source_text:
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
    wanted, test = [], []
    for source, target in experiment.directions:
        utterances = experiment.corpus.split("test", source)
        for example in experiment.system.test_examples(strategy, utterances, target):
            wanted.append(replace(example, task=ST))
            heard = replace(example, source_text=said[source, example.id])
            test.append(experiment.system.prepare(strategy, heard))
    hypotheses = experiment.decode(system, test)
    return experiment.rows(system, wanted, hypotheses, f"{system.strategy.name}, two passes")


def tags_given(experiment: Experiment, system: TrainedSystem) -> list[OutputRow]:
    """Translations after a system's own transcripts and the right tags, written for it.

    What is gained over its own answers was lost by wrong tags, not by wrong translations.
    """
    prompts, test = experiment.system.prompts(system.strategy), experiment.test_examples(system)
    wanted = [example for example in test if example.task == ST]
    given = []
    for example, hypothesis in zip(test, experiment.decode(system, test), strict=True):
        if example.task != ST:
            continue
        source, target = example.source, example.target
        said = prompts.parse(hypothesis.written, source, target).transcript
        answered = prompts.answer(source, target, said, "")
        # as SMT, whose answers are translations alone
        given.append(replace(example, task=SMT, prompt=example.prompt + answered))
    name = f"{system.strategy.name}, tags given"
    return experiment.rows(system, wanted, experiment.decode(system, given), name)


def published_search(experiment: Experiment, system: TrainedSystem) -> list[OutputRow]:
    """A system's outputs by the released search: 5 beams, no 5 tokens twice, at least 10 tokens."""
    recipe: Recipe = replace(
        experiment.recipe, beams=5, no_repeat_ngram_size=5, min_new_tokens=10
    )
    name = f"{system.strategy.name}, published search"
    return replace(experiment, recipe=recipe).outputs(system, name)


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
