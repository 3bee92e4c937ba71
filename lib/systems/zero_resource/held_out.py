"""The proof of zero resource: nothing paired of a held-out language is ever trained on.

Checked twice: the corpus and the encoder when an experiment is opened, and the very examples of
every training when it starts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lib.corpora.text import language_mismatch
from lib.systems.backbones import TrainedBackbone
from lib.tasks import Example
from lib.utterance import Corpus, Utterance

IDENTIFIED = 2000  # transcripts of a source and language whose language is identified
# of a source's transcripts in one language may look like a held-out one: labels are wrong above
MAX_MISLABELLED = 0.02


class PairedHeldOut(ValueError):
    """Something paired of a held-out language would be trained on."""


@dataclass(kw_only=True)
class Holding:
    """What a source of training data has in one language."""

    source: str
    language: str
    held_out: bool
    clips: int = 0
    transcripts: int = 0
    translations: int = 0
    identified: int = 0  # transcripts whose language was identified
    looks_held_out: int = 0  # of these, in a held-out language

    @property
    def trained_on(self) -> int:
        """Clips that are trained on with a text."""
        return 0 if self.held_out else self.clips


def check_corpus(
    corpus: Corpus, held_out: Sequence[str], encoder: TrainedBackbone
) -> list[Holding]:
    """Check what would be trained on, and say what there is by source and language.

    Raises:
        PairedHeldOut: clips under another language's label have the sound of a held-out
            language's, or transcripts in one; or the encoder was taught such transcripts.
    """
    taught = sorted(set(held_out) & set(getattr(encoder.recipe, "paired", ())))
    if taught:
        raise PairedHeldOut(
            f"the encoder {encoder.name} was taught transcripts in {', '.join(taught)}, which "
            "is held out; train one without them"
        )
    hidden = {u.sound for u in corpus.utterances if u.language in held_out}
    found: dict[tuple[str, str], Holding] = {}
    for u in corpus.split("train"):
        name = u.source or corpus.name
        own = found.setdefault(
            (name, u.language),
            Holding(source=name, language=u.language, held_out=u.language in held_out),
        )
        if not own.held_out and u.sound in hidden:
            raise PairedHeldOut(
                f"training clip {u.id} is labelled {u.language} and its sound is also that of a "
                f"held-out clip: {u.sound}; correct the label, or leave it out"
            )
        _count(own, u, held_out)
    for own in found.values():
        if own.looks_held_out > MAX_MISLABELLED * own.identified:
            raise PairedHeldOut(
                f"{own.looks_held_out} of {own.identified} transcripts of {own.source} labelled "
                f"{own.language} are in {' or '.join(held_out)}, which is held out; correct the "
                "labels, or leave the source out"
            )
    return list(found.values())


def _count(own: Holding, u: Utterance, held_out: Sequence[str]) -> None:
    own.clips += 1
    transcript = u.texts.get(u.language, "")
    own.transcripts += bool(transcript)
    own.translations += any(code != u.language for code in u.texts)
    if transcript and not own.held_out and own.identified < IDENTIFIED:
        own.identified += 1
        own.looks_held_out += language_mismatch(transcript, u.language) in held_out


def check_examples(given: Iterable[Example], held_out: Sequence[str]) -> None:
    """Check the examples that a training is given.

    Raises:
        PairedHeldOut: one has speech or text in a held-out language; names the first.
    """
    for example in given:
        if example.source in held_out or example.target in held_out:
            raise PairedHeldOut(
                f"training example {example.id} ({example.task.name}, {example.source} to "
                f"{example.target}) is paired data of a held-out language; held out are "
                f"{', '.join(held_out)}"
            )
