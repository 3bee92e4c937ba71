"""Strategies, and the hooks by which an experiment asks a system what differs between systems."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from lib.decoding import parse_by_task
from lib.models.protocol import Hypothesis, Search, copy_parts
from lib.scoring.study import Direction
from lib.tasks import Example, Task
from lib.training.stages import Stage
from lib.utterance import Utterance

if TYPE_CHECKING:
    from lib.systems.experiment import Experiment
    from lib.systems.outputs import TrainedSystem


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """One model of a system: its task, and how it is trained. Systems add fields of their own."""

    name: str  # as in the scores table
    task: Task
    stage: str  # field of the recipe that says how it trains

    @property
    def by_task(self) -> Sequence[Strategy]:
        """The strategy once for each of its tasks; most have one."""
        return (self,)


class System(ABC):
    """A published system. Everything that `Experiment` does not know is asked here."""

    name: str  # as in the scores table and in lib/systems/<name>
    strategies: Mapping[str, Strategy]
    start_fields: tuple[str, ...] = ("start",)  # of a strategy: the strategies that it starts from
    # fields that a strategy has in common with those that it starts from
    chain_fields: tuple[str, ...] = ()

    def with_strategies(self, added: Mapping[str, Strategy]) -> System:
        """The system with further strategies."""
        other = copy(self)
        # most systems are frozen dataclasses, and this is none of their fields
        object.__setattr__(other, "strategies", {**self.strategies, **added})
        return other

    @abstractmethod
    def recipe(self, scale: str) -> Any:
        """The recipe of a scale; its stages are fields."""

    @abstractmethod
    def stage(self, experiment: Experiment, strategy: Strategy) -> Stage:
        """How a strategy is trained."""

    @abstractmethod
    def initial_model(self, experiment: Experiment, strategy: Strategy) -> nn.Module:
        """The model before parts of other trained systems are copied into it."""

    @abstractmethod
    def starts(self, strategy: Strategy) -> dict[str, tuple[str, ...]]:
        """Strategies whose trained parts it starts from, and the names of those parts."""

    def copy_parts(self, source: nn.Module, target: nn.Module, parts: Sequence[str]) -> None:
        """Copy trained parts between models of this system."""
        copy_parts(source, target, parts)

    @abstractmethod
    def objective(
        self, experiment: Experiment, strategy: Strategy, model: nn.Module, stage: Stage
    ) -> nn.Module:
        """The loss that a strategy trains with, holding the model."""

    def selects_by(self, strategy: Strategy, direction: Direction) -> bool:
        """Whether development examples of a direction select the weights."""
        return True

    def signals(
        self, strategy: Strategy, model: nn.Module, outputs: Sequence[tuple[Example, str]]
    ) -> dict[str, float]:
        """What to measure at each evaluation besides the score.

        Args:
            outputs: all that was written for the development examples.
        """
        return {}

    def for_card(self, card: Mapping[str, Any]) -> System:
        """The system as a trained model needs it, whose card (system.json) this is."""
        return self

    def prepare(self, strategy: Strategy, example: Example) -> Example:
        """An example for use, without a reference; for instance with its prompt."""
        return example

    def parse(self, strategy: Strategy, example: Example, hypothesis: Hypothesis) -> Hypothesis:
        """What is scored of an output."""
        return parse_by_task(example, hypothesis)

    def check_start(self, experiment: Experiment, started: TrainedSystem) -> None:
        """Raise an error where a system has not learnt enough to train on from it."""
        return None

    @abstractmethod
    def test_examples(
        self, strategy: Strategy, utterances: Sequence[Utterance], target: str
    ) -> list[Example]:
        """The input of a strategy at test, with references."""

    @abstractmethod
    def training_examples(
        self,
        experiment: Experiment,
        strategy: Strategy,
        utterances: Sequence[Utterance],
        target: str,
    ) -> tuple[list[Example], dict[str, list[str]]]:
        """The examples to train on, and the ids of those left out, by reason."""

    def mix(
        self, strategy: Strategy, by_task: Sequence[Sequence[Example]], seed: int
    ) -> list[Example]:
        """The examples of all tasks of a strategy as one training set."""
        return [example for own in by_task for example in own]

    def max_training_seconds(self, experiment: Experiment, strategy: Strategy) -> float:
        """Where training audio is cut."""
        return experiment.recipe.max_train_seconds

    @abstractmethod
    def search(
        self, experiment: Experiment, strategy: Strategy, beams: int, n_best: int = 1
    ) -> Search:
        """How a strategy's outputs are searched."""

    @abstractmethod
    def identity(self, experiment: Experiment, strategy: Strategy) -> Any:
        """What decides the weights besides stage, starts, data and seed (JSON-able)."""

    @abstractmethod
    def card(self, experiment: Experiment, strategy: Strategy) -> dict[str, Any]:
        """Facts (JSON-able) from which `load` rebuilds the model in a system's folder."""

    def decoding_facts(self, experiment: Experiment, strategy: Strategy) -> dict[str, Any]:
        """The part of a card that says how outputs are decoded."""
        recipe = experiment.recipe
        return {
            "max_seconds": recipe.max_test_seconds,
            "overlap_seconds": recipe.overlap_seconds,
            "max_tokens": recipe.max_source_tokens,
            "search": asdict(self.search(experiment, strategy, recipe.beams)),
        }

    @abstractmethod
    def load(self, card: Mapping[str, Any], folder: Path) -> nn.Module:
        """The trained model in a folder, from its card and its weights."""


def parse_groups(text: str, known: Iterable[str]) -> list[str]:
    """Names of groups of strategies, such as "rivals prompts"; "all" are all of them.

    Raises:
        ValueError: an unknown name.
    """
    names, known = text.replace(",", " ").split(), list(known)
    if "all" in names:
        return known
    if unknown := [name for name in names if name not in known]:
        raise ValueError(f"unknown ablation {unknown[0]!r}; use all, or of {', '.join(known)}")
    return names
