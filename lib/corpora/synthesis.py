"""Synthesize a phrasebook: plan its utterances, have them spoken, and cache them as a corpus."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lib.corpora import corruption
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis_worker import SpeechJob, speak_all
from lib.corpora.voices import Speaker, declared_gender, speakers
from lib.files import as_written, atomic_path, content_hash, read_json, write_json
from lib.languages import language
from lib.locks import to_make
from lib.progress import Progress, no_progress
from lib.utterance import SAMPLING_RATE, Corpus, Dropped, Utterance

CUTS = "cuts.jsonl.gz"  # lhotse manifest
LOCK_SECONDS = 1800.0  # to wait for another process that synthesizes the same corpus


def synthesize(spec: Phrasebook, cache: Path | str, progress: Progress = no_progress) -> Corpus:
    """The corpus of `spec`, read from the cache or spoken now (two hours a minute on two cores).

    A damaged cache is made again, with a line on stderr. Utterances whose text is in two splits
    are dropped and named in `Corpus.dropped`. Where speech is corrupted, the manifest holds the
    words that were spoken as `spoken_text`, beside the transcript.

    Raises:
        ValueError: too few training contents to draw replacement words from, or too little breadth
            for so many contents.
        SynthesisError: an utterance could not be spoken or written.
        RuntimeError: another process synthesizes the same corpus and does not finish.
    """
    folder = Path(os.path.abspath(cache)) / f"phrasebook-{spec.hash}"
    lock_path = folder.with_name(f".{folder.name}.lock")
    with to_make([folder], lock_path, f"phrasebook {spec.hash}", LOCK_SECONDS) as missing:
        if missing:
            with atomic_path(folder) as new:
                _synthesize_into(new, spec, progress)
    facts = read_json(folder / "facts.json")
    with as_written(folder):  # a cache of an older version has no hashes
        return Corpus(
            name=spec.name,
            utterances=list(_read_cuts(folder)),
            hash=facts["hash"],
            synthetic=True,
            licence="text Unicode-3.0 (CLDR); speech synthetic (espeak-ng), free to use",
            dropped=[Dropped(**row) for row in facts["dropped"]],
        )


@dataclass(frozen=True, kw_only=True)
class PlannedUtterance:
    """An utterance before it is spoken."""

    id: str
    language: str
    split: str
    texts: dict[str, str]
    spoken_text: str  # differs from the transcript where speech is corrupted
    speaker: Speaker
    meaning: str
    file: str  # relative to the corpus


def _plan(spec: Phrasebook) -> tuple[list[PlannedUtterance], list[Dropped]]:
    """The utterances to speak, and those dropped since their text is in another split already."""
    plan, dropped, split_of_text = [], [], {}
    for split, count in (("test", spec.test), ("dev", spec.dev), ("train", spec.train)):
        voices = speakers(split)
        contents = spec.contents(split, count)
        written = [spec.texts(content) for content in contents]
        corrupter = Corrupter(spec, written) if split == "train" else None
        for number, (content, texts) in enumerate(zip(contents, written, strict=True)):
            for code in spec.spoken:
                id = f"{code}-{split}-{number:06d}"
                first = split_of_text.setdefault((code, texts[code]), split)
                if first != split:
                    dropped.append(Dropped(id, f"{texts[code]!r} is in {first} too"))
                    continue
                # by the content, not the language: where languages share contents they share the
                # voices too, and resampling voices covers both
                rng = random.Random(f"{spec.seed}/{split}-{number}")
                planned = PlannedUtterance(
                    id=id,
                    language=code,
                    split=split,
                    texts=texts,
                    spoken_text=texts[code],
                    speaker=rng.choice(voices),
                    meaning=content_hash([repr(item) for item in content]),
                    file=f"audio/{code}/{split}/{number // 1000:03d}/{number:06d}.flac",
                )
                plan.append(corrupter.corrupt(planned) if corrupter else planned)
    return plan, dropped


class Corrupter:
    """Applies a phrasebook's error rates to its training split.

    The errors of an utterance depend on its id and the kind of error alone, so neither the order
    of the utterances nor the other rate changes them.
    """

    def __init__(self, spec: Phrasebook, training: Sequence[dict[str, str]]) -> None:
        self.seed = spec.seed
        self.text_error_rate = spec.text_error_rate
        self.speech_error_rate = spec.speech_error_rate
        codes = ()
        if spec.text_error_rate:
            codes = spec.codes
        elif spec.speech_error_rate:
            codes = spec.spoken
        self.vocabularies = {
            code: corruption.vocabulary((texts[code] for texts in training), code) for code in codes
        }

    def corrupt(self, planned: PlannedUtterance) -> PlannedUtterance:
        """Corrupt the translations and the spoken words; the transcript stays."""
        texts, spoken_text = planned.texts, planned.spoken_text
        if self.text_error_rate:
            texts = {
                code: text if code == planned.language else self._corrupt(text, code, planned.id)
                for code, text in texts.items()
            }
        if self.speech_error_rate:
            spoken_text = self._corrupt_speech(spoken_text, planned.language, planned.id)
        return replace(planned, texts=texts, spoken_text=spoken_text)

    def _corrupt(self, text: str, code: str, id: str) -> str:
        rng = random.Random(f"{self.seed}/{id}/{code}/wrong")
        return corruption.corrupt(text, self.vocabularies[code], self.text_error_rate, rng)

    def _corrupt_speech(self, text: str, code: str, id: str) -> str:
        """Words are replaced, none are deleted."""
        rng = random.Random(f"{self.seed}/{id}/{code}/misspoken")
        vocabulary, rate = self.vocabularies[code], self.speech_error_rate
        return corruption.corrupt(text, vocabulary, rate, rng, deletion_share=0.0)


def _synthesize_into(folder: Path, spec: Phrasebook, progress: Progress) -> None:
    plan, dropped = _plan(spec)
    jobs = [
        SpeechJob(
            id=planned.id,
            text=planned.spoken_text,
            voice=language(planned.language).voice,
            speaker=planned.speaker,
            path=str(folder / planned.file),
        )
        for planned in plan
    ]
    samples = speak_all(jobs, progress, f"synthesizing {'+'.join(spec.spoken)}")
    _write_cuts(folder, plan, samples)
    size = sum(path.stat().st_size for path in (folder / "audio").rglob("*.flac"))
    facts = {
        # a voice that changed under an unchanged package version changes the hash
        "hash": content_hash([spec.hash, size, sum(samples)]),
        "dropped": [asdict(row) for row in dropped],
    }
    write_json(folder / "facts.json", facts)


def _write_cuts(folder: Path, plan: Sequence[PlannedUtterance], samples: Sequence[int]) -> None:
    from lhotse import CutSet, MonoCut, Recording, SupervisionSegment
    from lhotse.audio import AudioSource

    cuts = []
    for planned, count in zip(plan, samples, strict=True):
        seconds, transcript = count / SAMPLING_RATE, planned.texts[planned.language]
        custom = {"texts": planned.texts, "split": planned.split, "meaning": planned.meaning}
        if planned.spoken_text != transcript:
            custom["spoken_text"] = planned.spoken_text
        supervision = SupervisionSegment(
            id=planned.id,
            recording_id=planned.id,
            start=0.0,
            duration=seconds,
            text=transcript,
            language=planned.language,
            speaker=planned.speaker.variant,
            custom=custom,
        )
        source = AudioSource("file", [0], planned.file)
        recording = Recording(planned.id, [source], SAMPLING_RATE, count, seconds)
        cuts.append(
            MonoCut(planned.id, 0.0, seconds, 0, supervisions=[supervision], recording=recording)
        )
    CutSet.from_cuts(cuts).to_file(folder / CUTS)


def _read_cuts(folder: Path) -> Iterator[Utterance]:
    from lhotse import CutSet

    for cut in CutSet.from_file(folder / CUTS):
        supervision = cut.supervisions[0]
        yield Utterance(
            id=cut.id,
            audio=folder / cut.recording.sources[0].source,
            seconds=cut.duration,
            language=supervision.language,
            speaker=supervision.speaker,
            gender=declared_gender(supervision.speaker),
            split=supervision.custom["split"],
            texts=supervision.custom["texts"],
            meaning=supervision.custom["meaning"],
        )
