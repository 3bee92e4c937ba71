"""The factory: MT models translate the segments of a corpus, and COMETKiwi scores them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lib.corpora import catalogue
from lib.corpora.cldr import Item
from lib.corpora.curation.rules import Rules, parse_licences
from lib.corpora.synthesis import synthesize
from lib.progress import Progress, TrainingCallback, no_callback, no_progress
from lib.scales import preset
from lib.systems.corpora import PHRASEBOOK, CorpusChoice
from lib.systems.it_ist.pseudo_labels import translators as mt
from lib.systems.it_ist.pseudo_labels.defects import Pair
from lib.systems.it_ist.pseudo_labels.kiwi import Kiwi, download_kiwi, get_kiwi
from lib.systems.it_ist.pseudo_labels.recipe import PRESETS, FactoryRecipe, with_seed
from lib.systems.it_ist.pseudo_labels.selection import Label, threshold_at
from lib.systems.it_ist.pseudo_labels.translators import HubTranslator, TrainedTranslator
from lib.utterance import Corpus, Utterance

TRANSCRIPT_LICENCE = "Unicode-3.0"  # of the phrasebook's texts


@dataclass(kw_only=True)
class Factory:
    """MT models and COMETKiwi for one corpus."""

    recipe: FactoryRecipe
    corpus: Corpus
    kiwi: Kiwi
    cache: Path
    callback: TrainingCallback = no_callback
    progress: Progress = no_progress
    device: str = "cpu"
    _models: dict[str, object] = field(default_factory=dict)

    def segments(self, split: str) -> list[Utterance]:
        """The utterances to translate: all of train; of test as many as the oracle takes."""
        found = self.corpus.split(split, self.recipe.source)
        if split == "train" or len(found) <= self.recipe.held_out:
            return found
        return random.Random(0).sample(found, self.recipe.held_out)

    def labels(self, split: str) -> list[Label]:
        """Every MT model's translation of every segment of a split, scored."""
        segments, made = self.segments(split), []
        for translator in self.recipe.translators:
            for target in self.recipe.targets:
                texts = self._translate(translator, segments, target)
                made += [
                    self._label(translator, utterance, text, target)
                    for utterance, text in zip(segments, texts, strict=True)
                ]
        self.progress("scoring by COMETKiwi", 0, 1)
        pairs = [Pair(source=x.transcript, text=x.text, target=x.target) for x in made]
        scores = self.kiwi.score(pairs, self.device)
        return [replace(label, score=score) for label, score in zip(made, scores, strict=True)]

    def threshold(self, labels: Sequence[Label]) -> float:
        """The recipe's threshold, or the one that keeps its share of the labels."""
        given = self.recipe.threshold
        return threshold_at(labels, self.recipe.kept_share) if given is None else given

    def _translate(
        self,
        translator: TrainedTranslator | HubTranslator,
        segments: Sequence[Utterance],
        target: str,
    ) -> list[str]:
        if isinstance(translator, HubTranslator):
            texts = [utterance.texts[utterance.language] for utterance in segments]
            return mt.translate_by_hub(translator, texts, target, self.device, self.progress)
        if translator.name not in self._models:
            recipe = self.recipe
            self._models[translator.name] = mt.train_translator(
                translator,
                recipe.book,
                recipe.sentences,
                recipe.targets,
                frozenset(u.texts[recipe.source] for u in self.corpus.utterances),
                self.cache,
                self.callback,
                self.progress,
                self.device,
            )
        return mt.translate(self._models[translator.name], segments, target, self.progress)

    def _label(
        self,
        translator: TrainedTranslator | HubTranslator,
        utterance: Utterance,
        text: str,
        target: str,
    ) -> Label:
        hub = isinstance(translator, HubTranslator)
        licence = utterance.licence or (TRANSCRIPT_LICENCE if self.corpus.synthetic else "")
        return Label(
            id=utterance.id,
            source=utterance.language,
            target=target,
            transcript=utterance.texts[utterance.language],
            text=text,
            translator=translator.name,
            metric=self.kiwi.name,
            score=0.0,
            licences=(licence, translator.licences[target] if hub else translator.licence),
            reference=utterance.texts.get(target, ""),
        )


def open_factory(
    scale: str,
    cache: Path,
    seed: int = 1,
    kept_share: float = 0.6,
    choice: CorpusChoice = CorpusChoice(),
    callback: TrainingCallback = no_callback,
    progress: Progress = no_progress,
    device: str = "cpu",
) -> Factory:
    """The factory of a scale, with its COMETKiwi, from the cache or trained now.

    Args:
        seed: of what is trained here.
        kept_share: of the segments, which sets the threshold where the recipe has none.

    Raises:
        ValueError: the scale labels recordings, and none is chosen.
    """
    recipe = replace(with_seed(preset(PRESETS, scale), seed), kept_share=kept_share)
    if choice.name != PHRASEBOOK:
        rules = Rules(
            licences=parse_licences(choice.licences),
            required_language=recipe.source,
            max_seconds=45.0,  # of IT-IST's second stage
        )
        curated = catalogue.load_curated(
            choice.name, choice.folder, cache, rules, recipe.source, None, progress
        )
        corpus = catalogue.to_corpus(curated, recipe.source)
    elif recipe.speech is None:
        raise ValueError(f"{scale} labels recordings: set corpus= to a source of data_cards/")
    else:
        corpus = synthesize(recipe.speech, cache, progress)
    if isinstance(recipe.kiwi, str):
        kiwi = download_kiwi(recipe.kiwi)
    else:
        held_out = frozenset(u.texts[recipe.source] for u in corpus.utterances)
        kiwi = get_kiwi(recipe.kiwi, recipe.book, recipe.targets, held_out, cache, progress)
    return Factory(
        recipe=recipe,
        corpus=corpus,
        kiwi=kiwi,
        cache=cache,
        callback=callback,
        progress=progress,
        device=device,
    )


def held_out_pairs(factory: Factory) -> list[Pair]:
    """The held-out segments with their true translations, to damage.

    Raises:
        ValueError: none has a translation.
    """
    contents: dict[str, tuple[Item, ...]] = {}
    if book := factory.recipe.speech:
        source = factory.recipe.source
        drawn = book.contents("test", book.test) if factory.corpus.synthetic else []
        contents = {book.texts(content)[source]: content for content in drawn}
    found = [
        Pair(source=transcript, text=u.texts[t], target=t, content=contents.get(transcript, ()))
        for u in factory.segments("test")
        for t in factory.recipe.targets
        if t in u.texts and (transcript := u.texts[u.language])
    ]
    if not found:
        raise ValueError(f"no test utterance of {factory.corpus.name!r} has a translation")
    return found
