"""The studio: a phrasebook's spec is spoken by worker processes, cached under its hash, and listed by lhotse manifests."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import sys
import traceback
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from lib.corpora import corruption
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.voices import SAMPLING_RATE, Speaker, room, seed_libc, speak, speakers, start_engine
from lib.files import atomic_path, content_hash, lock, read_json, write_json
from lib.languages import language
from lib.utterance import Corpus, Dropped, Utterance

CUTS = "cuts.jsonl.gz"
Progress = Callable[[str, int, int], None]  # what is being done, how much is done, of how much


def no_progress(_what: str, _done: int, _of: int) -> None:
    """The progress of somebody who does not want to see any."""


def synthesize(spec: Phrasebook, cache: Path | str, progress: Progress = no_progress) -> Corpus:
    """The corpus of `spec`: read from `cache` where it is there and whole, else spoken now.

    Two hours of speech take less than a minute on two cores. A cache that is damaged is made again, with a line on
    stderr that says so. Utterances whose text stands in two splits are dropped and named (`Corpus.dropped`).

    Where training speech is misspoken, the manifest keeps what was said, beside the transcript, as `said`.

    Raises:
        ValueError: a language without a voice, too little breadth for the number of utterances, or no word to be wrong with.
        lib.corpora.cldr.NotInLocale: a language without CLDR items.
        RuntimeError: a worker failed; says which utterances it had, and how much room is left on the disk.
    """
    folder = Path(cache) / f"phrasebook-{spec.hash}"
    with lock(Path(cache) / f".{folder.name}.lock", f"phrasebook {spec.hash}", patience=1800):
        if folder.exists() and (damage := _damage(folder)):
            print(f"{folder}: {damage}; recording it again", file=sys.stderr)
        if not folder.exists() or _damage(folder):
            with atomic_path(folder) as new:
                _record_into(new, spec, progress)
    facts = read_json(folder / "facts.json")
    return Corpus(
        name=spec.name,
        utterances=list(_read_cuts(folder)),
        hash=facts["hash"],
        synthetic=True,
        licence="text Unicode-3.0 (CLDR); speech synthetic (espeak-ng), free to use",
        dropped=[Dropped(**row) for row in facts["dropped"]],
    )


def _damage(folder: Path) -> str | None:
    try:
        facts = read_json(folder / "facts.json")
        sizes = [path.stat().st_size for path in (folder / "audio").rglob("*.flac")]
    except (OSError, ValueError) as error:
        return f"the cache is not readable ({error})"
    if (len(sizes), sum(sizes)) != (facts["files"], facts["bytes"]):
        return f"the cache holds {len(sizes)} files of {sum(sizes)} bytes, not {facts['files']} of {facts['bytes']}"
    return None


def _plan(spec: Phrasebook) -> tuple[list[dict], list[dict]]:
    """What is to be said by whom, and what is dropped since its text stands in a split already."""
    plan, dropped, home = [], [], {}
    for split, count in (("test", spec.test), ("dev", spec.dev), ("train", spec.train)):
        voices = speakers(split)
        contents = spec.contents(split, count)
        written = [spec.texts(content) for content in contents]
        wrong = _Wrong(spec, written) if split == "train" else None
        for number, (content, texts) in enumerate(zip(contents, written, strict=True)):
            for code in spec.spoken:
                name = f"{code}-{split}-{number:06d}"
                if home.setdefault((code, texts[code]), split) != split:
                    reason = f"{texts[code]!r} stands in {home[code, texts[code]]} too"
                    dropped.append({"id": name, "reason": reason})
                    continue
                rng = random.Random(f"{spec.seed}/{name}")
                plan.append(
                    {
                        "id": name,
                        "language": code,
                        "split": split,
                        "texts": wrong.texts(name, code, texts) if wrong else texts,
                        "said": wrong.said(name, code, texts[code]) if wrong else texts[code],
                        "speaker": rng.choice(voices),
                        "meaning": content_hash([repr(item) for item in content]),
                        "file": f"audio/{code}/{split}/{number // 1000:03d}/{number:06d}.flac",
                    }
                )
    return plan, dropped


class _Wrong:
    """What the spec makes wrong in its training split; chance by utterance, so that no order and no other rate matters."""

    def __init__(self, spec: Phrasebook, training: Sequence[dict[str, str]]) -> None:
        self.spec = spec
        codes = spec.codes if spec.wrong_words else spec.spoken if spec.misspoken else ()
        self.words = {code: corruption.vocabulary((texts[code] for texts in training), code) for code in codes}

    def texts(self, name: str, spoken: str, right: dict[str, str]) -> dict[str, str]:
        """Translations with wrong words beside the right transcript."""
        if not (rate := self.spec.wrong_words):
            return right
        translations = {code: text for code, text in right.items() if code != spoken}
        return right | {
            code: corruption.corrupted(text, self.words[code], rate, self._chance(name, code, "wrong"))
            for code, text in translations.items()
        }

    def said(self, name: str, code: str, transcript: str) -> str:
        """What the voice is given to say; a word is replaced, none left out."""
        if not (rate := self.spec.misspoken):
            return transcript
        return corruption.corrupted(transcript, self.words[code], rate, self._chance(name, code, "misspoken"), left_out=0.0)

    def _chance(self, name: str, code: str, kind: str) -> random.Random:
        return random.Random(f"{self.spec.seed}/{name}/{code}/{kind}")


def _record_into(folder: Path, spec: Phrasebook, progress: Progress) -> None:
    from lhotse import CutSet, MonoCut, Recording, SupervisionSegment
    from lhotse.audio import AudioSource

    plan, dropped = _plan(spec)
    chunks = [plan[start : start + 50] for start in range(0, len(plan), 50)]
    frames: list[int] = []
    what = f"recording {'+'.join(spec.spoken)}"
    # spawn, not fork: the notebook's process may hold CUDA and threads, and must never hold espeak-ng
    workers = ProcessPoolExecutor(os.cpu_count(), multiprocessing.get_context("spawn"), initializer=start_engine)
    try:
        with workers:
            jobs = [workers.submit(_say_chunk, folder, chunk, spec.noise_db, spec.reverberation) for chunk in chunks]
            for job in jobs:
                frames += job.result()
                progress(what, len(frames), len(plan))
    except BrokenProcessPool as error:
        near = plan[min(len(frames), len(plan) - 1)]
        raise RuntimeError(f"espeak-ng died at or after {near['id']} ({near['said']!r})") from error
    cuts = []
    for row, count in zip(plan, frames, strict=True):
        seconds, transcript = count / SAMPLING_RATE, row["texts"][row["language"]]
        misspoken = {"said": row["said"]} if row["said"] != transcript else {}
        source = AudioSource("file", [0], row["file"])
        supervision = SupervisionSegment(
            id=row["id"],
            recording_id=row["id"],
            start=0.0,
            duration=seconds,
            text=transcript,
            language=row["language"],
            speaker=row["speaker"].name,
            custom={"texts": row["texts"], "split": row["split"], "meaning": row["meaning"]} | misspoken,
        )
        recording = Recording(row["id"], [source], SAMPLING_RATE, count, seconds)
        cuts.append(MonoCut(row["id"], 0.0, seconds, 0, supervisions=[supervision], recording=recording))
    CutSet.from_cuts(cuts).to_file(folder / CUTS)
    sizes = [path.stat().st_size for path in (folder / "audio").rglob("*.flac")]
    # the audio's own bytes are in the hash: a voice that changed under an unchanged version is noticed
    digest = content_hash([spec.hash, sum(sizes), sum(frames)])
    write_json(folder / "facts.json", {"hash": digest, "files": len(sizes), "bytes": sum(sizes), "dropped": dropped})


def _say_chunk(folder: Path, chunk: list[dict], noise_db: float | None, reverberation: float) -> list[int]:
    """Say and write a few utterances; runs in a worker. Returns the number of samples of each.

    espeak-ng carries state from one voice into the next, so a chunk is said by a fork of the worker, whose engine has
    not spoken yet: the same chunk sounds the same, whatever was said before it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            with os.fdopen(writer, "w") as answer:
                json.dump(_say_all(folder, chunk, noise_db, reverberation), answer)
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            os._exit(status)  # without the worker's own clean-up, which is not this process's to do
    os.close(writer)
    with os.fdopen(reader) as answer:
        counts = answer.read()
    status = os.waitpid(child, 0)[1]
    if status:
        names = f"{chunk[0]['id']} to {chunk[-1]['id']}"
        free = shutil.disk_usage(folder).free / 1e6
        raise RuntimeError(f"recording {names} failed (status {status}, {free:.0f} MB free in {folder.parent}); see stderr")
    return json.loads(counts)


def _say_all(folder: Path, chunk: list[dict], noise_db: float | None, reverberation: float) -> list[int]:
    import soundfile

    seed_libc()
    counts = []
    for row in chunk:
        speaker: Speaker = row["speaker"]
        samples = speak(row["said"], language(row["language"]).voice, speaker)
        if noise_db is not None or reverberation:
            samples = room(samples, noise_db, reverberation, seed=zlib.crc32(row["id"].encode()))
        path = folder / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, samples, SAMPLING_RATE, subtype="PCM_16", format="FLAC")
        counts.append(len(samples))
    return counts


def _read_cuts(folder: Path) -> Iterator[Utterance]:
    from lhotse import CutSet

    for cut in CutSet.from_file(folder / CUTS):
        said = cut.supervisions[0]
        yield Utterance(
            id=cut.id,
            audio=folder / cut.recording.sources[0].source,
            seconds=cut.duration,
            language=said.language,
            speaker=said.speaker,
            split=said.custom["split"],
            texts=said.custom["texts"],
            meaning=said.custom["meaning"],
        )
