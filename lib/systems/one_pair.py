"""One language pair and one training set for any system: the four systems side by side."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path

from lib.corpora.phrasebook import ALL_OF_CLDR, TINY_BREADTH, Breadth
from lib.languages import language
from lib.scales import preset, scaled
from lib.scoring.outputs import OutputRow
from lib.systems.corpora import PHRASEBOOK, CorpusChoice, pair_corpus
from lib.systems.experiment import Experiment
from lib.systems.outputs import TrainedSystem
from lib.utterance import Corpus


@dataclass(frozen=True, kw_only=True)
class PairData:
    """The corpus of a pair; a `DataRecipe`."""

    train_contents: int = scaled("phrasebook contents to train on, without recordings")
    dev_contents: int = scaled("to select by")
    test_contents: int = scaled("to score")
    breadth: Breadth | None = scaled("of the phrasebook")
    corpus_seed: int = 2  # not the backbones': other contents, other speech
    max_train_seconds: float = 30.0


DATA = {
    "smoke": PairData(train_contents=8, dev_contents=4, test_contents=4, breadth=TINY_BREADTH),
    "tiny": PairData(train_contents=900, dev_contents=40, test_contents=150, breadth=TINY_BREADTH),
    "lab": PairData(
        train_contents=10_000, dev_contents=200, test_contents=500, breadth=ALL_OF_CLDR
    ),
    "full": PairData(train_contents=0, dev_contents=0, test_contents=0, breadth=None),
}
# more names, units and numbers than `tiny` trains on, and longer sentences
WIDE = Breadth(territories=60, languages=40, units=30, currencies=20, max_number=31, items=(2, 5))


@dataclass(frozen=True, kw_only=True)
class OnePair:
    """A language pair, and the corpus of it."""

    source: str
    target: str
    contents: int = 0  # to train on; 0: the scale's
    corpus: str = PHRASEBOOK
    folder: str = ""
    licences: str = ""

    @classmethod
    def of(cls, pair: str, **given: str | int) -> OnePair:
        """From a pair such as "deu-eng".

        Raises:
            ValueError: not of that form, or an unknown language.
        """
        source, _, target = pair.partition("-")
        if not target or source == target:
            raise ValueError(f"pair={pair!r} is no direction; write it as deu-eng")
        given = {name.removeprefix("pair_"): value for name, value in given.items()}
        return cls(source=language(source).code, target=language(target).code, **given)

    def load(self, scale: str, cache: Path, breadth: Breadth | None = None) -> Corpus:
        """The corpus.

        Args:
            breadth: in place of the scale's, to test on other phrases than were trained on.

        Raises:
            ValueError: as `pair_corpus`.
        """
        data = preset(DATA, scale)
        if self.contents:
            data = replace(data, train_contents=self.contents)
        if breadth:  # what is trained on is of no use here
            data = replace(data, breadth=breadth, train_contents=1, dev_contents=1)
        choice = CorpusChoice(name=self.corpus, folder=self.folder, licences=self.licences)
        return pair_corpus(data, self.source, self.target, cache, choice)


# the changes of `lib.systems.variant` that make a pair
PAIR_CHANGES = (
    "pair",
    *(f"pair_{f.name}" for f in fields(OnePair) if f.name not in ("source", "target")),
)


def on_one_pair(experiment: Experiment, pair: OnePair) -> Experiment:
    """The experiment with one direction, trained and tested on the corpus of a pair."""
    return replace(
        experiment,
        corpus=pair.load(experiment.scale, experiment.cache),
        directions=((pair.source, pair.target),),
    )


def outputs_on(
    experiment: Experiment, system: TrainedSystem, corpus: Corpus, subset: str
) -> list[OutputRow]:
    """A system's outputs on the test set of another corpus of its pair.

    Args:
        subset: the name of that test set in the scores table.
    """
    return replace(experiment, corpus=corpus, subset=subset).outputs(system)
