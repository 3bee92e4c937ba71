"""What is fuzzed: a person's files, and what the workbook keeps."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd

from lib.corpora.catalogue import load_curated, to_corpus
from lib.corpora.curation.rules import Rules
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.sources.own import BadManifest
from lib.corpora.sources.reading import NotObtained
from lib.corpora.synthesis import synthesize
from lib.files import Damaged, content_hash, file_hash, read_json, write_json
from lib.systems.gmu.experiment import open_experiment
from lib.training.weights import WrongCheckpoint
from lib.workbook.__main__ import main
from lib.workbook.collect import scores
from lib.workbook.manifest_reader import damage
from tests.conftest import NARROW
from tests.corpora.manifests import write_manifest
from tests.fuzz.trials import Subject
from tests.training.cases import STAGE, Killed, fit_from_folder, kill_after
from tests.workbook.cases import score_row, write_record

FOR_USERS = (BadManifest, NotObtained, Damaged, WrongCheckpoint)
TEXTS = (
    ("one horse and two cats", "un cheval et deux chats"),
    ("three birds in a tree", "trois oiseaux dans un arbre"),
    ("the river is wide", "le fleuve est large"),
    ("she sells bread on Monday", "elle vend du pain lundi"),
    ("four fishes in the sea", "quatre poissons dans la mer"),
    ("my brother went home", "mon frère est rentré"),
    ("rain falls on the hill", "la pluie tombe sur la colline"),
    ("they bought a new boat", "ils ont acheté un bateau neuf"),
    ("snow covers every roof", "la neige couvre chaque toit"),
    ("open the door slowly", "ouvre la porte doucement"),
    ("we counted seven stones", "nous avons compté sept pierres"),
    ("his father plants maize", "son père plante du maïs"),
)
ROWS = [
    (f"{split}-{n}", split, *TEXTS[4 * number + n], f"{split}-{n % 2}", f"{seconds:.2f}", seconds)
    for number, split in enumerate(("train", "dev", "test"))
    for n in range(4)
    if (seconds := 1.0 + n / 4 + number / 10)
]
SPEC = Phrasebook(spoken=("est",), written=("spa",), train=10, dev=2, test=2, breadth=NARROW)


@contextlib.contextmanager
def heard() -> Iterator[io.StringIO]:
    """What the block prints to stderr."""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        yield said


# ---- a person's files ----


def own_corpus(manifest: str, folder: Path) -> tuple[object, str]:
    """Curate a corpus of one's own: what is kept, and the findings."""
    curated = load_curated("own", str(folder / manifest), folder.parent / "cache", Rules())
    corpus = to_corpus(curated, "eng")
    kept = [(u.id, u.split, u.speaker, u.texts, u.seconds) for u in corpus.utterances]
    return kept, "\n".join(f"{f.origin}: {f.problem}" for f in curated.findings())


def write_cuts(folder: Path) -> None:
    """The same corpus as lhotse's cuts."""
    from lhotse import CutSet, MonoCut, Recording, SupervisionSegment

    write_manifest(folder, ROWS)
    cuts = []
    for id, split, transcript, translation, speaker, _, seconds in ROWS:
        recording = Recording.from_file(folder / f"{id}.wav", recording_id=id)
        recording.sources[0].source = f"{id}.wav"
        custom = {"split": split, "target": "fra", "translation": translation}
        said = SupervisionSegment(
            id=id, recording_id=id, start=0.0, duration=seconds, text=transcript, language="eng",
            speaker=speaker, custom=custom,
        )  # fmt: skip
        cuts.append(MonoCut(id, 0.0, recording.duration, 0, [said], recording=recording))
    CutSet.from_cuts(cuts).to_file(folder / "own.jsonl.gz")


# ---- what the workbook keeps ----


def phrasebook(folder: Path) -> tuple[object, str]:
    """Read a phrasebook, or make it again."""
    with heard() as said:
        corpus = synthesize(SPEC, folder)
    kept = [(u.id, u.texts, u.speaker, u.split, file_hash(u.audio)) for u in corpus.utterances]
    return (corpus.hash, kept, corpus.dropped), said.getvalue()


def curation(folder: Path) -> tuple[object, str]:
    """Read what an earlier curation kept, or curate again."""
    with heard() as said:
        curated = load_curated("own", str(folder / "own" / "own.tsv"), folder / "cache", Rules())
        kept = [(u.id, u.texts, u.seconds) for u in to_corpus(curated, "eng").utterances]
        found = [f.problem for f in curated.findings()]
    return (kept, found, curated.funnel), said.getvalue()


def start_training(tokenizer: Path, chosen: list, folder: Path) -> None:
    """Train, and stop in the middle."""
    with contextlib.suppress(Killed):
        stage = replace(STAGE, save_every_seconds=0.0)
        fit_from_folder(tokenizer, chosen, folder, stage, kill_after(4), dropout=True)


def resume_training(tokenizer: Path, chosen: list, folder: Path) -> tuple[object, str]:
    """Resume it; the weights at its end."""
    stage = replace(STAGE, save_every_seconds=0.0)
    with heard() as said:
        _, objective = fit_from_folder(tokenizer, chosen, folder, stage, dropout=True)
    weights = {name: t.double().sum().item() for name, t in objective.state_dict().items()}
    return content_hash(weights), said.getvalue()


def trained_system(folder: Path) -> tuple[object, str]:
    """Load a trained system, or train it again; its outputs."""
    with heard() as said:
        experiment = open_experiment("smoke", "que", "spa", 1, folder)
        rows = experiment.outputs(experiment.train("direct"))
    return [row.hypothesis for row in rows], said.getvalue()


def write_records(folder: Path) -> None:
    """The records of three runs."""
    with outputs_in(folder):
        for number, value in (("10", 20.0), ("11", 21.0), ("12", 22.0)):
            run = write_record(number, scores=[score_row(value=value)])
            record = run.folder / "manifest.json"
            write_json(record, read_json(record), sealed=True)  # as a run does
            (run.folder / "figures").mkdir()
            for name in ("progress.json", "cell.json", "log.txt"):
                (run.folder / name).write_text('{"line": "a", "cell": 1, "first_line": "b"}')
        call(["report", "--scale", "smoke"])


@contextlib.contextmanager
def outputs_in(folder: Path) -> Iterator[None]:
    """Let the workbook's outputs be there."""
    before = os.environ.get("WORKBOOK_OUTPUTS")
    os.environ["WORKBOOK_OUTPUTS"] = str(folder)
    try:
        yield
    finally:
        os.environ.pop("WORKBOOK_OUTPUTS")
        if before is not None:
            os.environ["WORKBOOK_OUTPUTS"] = before


def call(words: list[str]) -> tuple[int | str | None, str]:
    """The exit code of the command line, and what it prints."""
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        try:
            code = main(words)
        except SystemExit as error:
            code = error.code
    return code, text.getvalue()


def records(folder: Path) -> tuple[object, str]:
    """Read all records: status, report and tables."""
    with outputs_in(folder):
        codes = [call([word, "--scale", "smoke"])[0] for word in ("status", "report")]
        found: pd.DataFrame = scores("smoke").sort_values("run")
        return (codes, found.to_csv()), "\n".join(damage("smoke"))


def subjects(folder: Path, tokenizer: Path, chosen: list) -> dict[str, Subject]:
    """All subjects, by name.

    Args:
        tokenizer: of a small model.
        chosen: examples that it is trained on.
    """

    def prepared_curation(where: Path) -> None:
        (where / "own").mkdir()
        write_manifest(where / "own", ROWS)
        curation(where)

    # a corpus without a usable split is refused with the path of its findings, a ValueError
    outside = partial(Subject, refusals=(*FOR_USERS, ValueError), from_outside=True)
    kept: Callable[..., Subject] = partial(Subject, refusals=FOR_USERS)
    own = partial(write_manifest, rows=ROWS)
    found = [
        outside(name="manifest", prepare=own, use=partial(own_corpus, "own.tsv"), files="own.tsv"),
        outside(name="recordings", prepare=own, use=partial(own_corpus, "own.tsv"), files="*.wav"),
        outside(
            name="lhotse cuts",
            prepare=write_cuts,
            use=partial(own_corpus, "own.jsonl.gz"),
            files="own.jsonl.gz",
        ),
        kept(name="phrasebook", prepare=phrasebook, use=phrasebook),
        kept(name="curation", prepare=prepared_curation, use=curation, files="cache/**/*"),
        kept(
            name="checkpoint",
            prepare=partial(start_training, tokenizer, chosen),
            use=partial(resume_training, tokenizer, chosen),
        ),
        kept(name="trained system", prepare=trained_system, use=trained_system),
        kept(name="records", prepare=write_records, use=records, files="smoke/runs/**/*"),
    ]
    return {subject.name: subject for subject in found}

