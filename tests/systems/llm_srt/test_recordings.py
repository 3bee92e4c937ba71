"""LLM-SRT on recordings in published layouts: FLEURS, and Common Voice for its first stage."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.systems.llm_srt.experiment import open_experiment
from lib.systems.llm_srt.strategies import STRATEGIES
from lib.tasks import ASR
from lib.utterance import SAMPLING_RATE
from tests.corpora.sources.test_common_voice import COLUMNS, RELEASE

FLEURS, COMMON_VOICE = {"eng": "en_us", "deu": "de_de"}, {"eng": "en", "deu": "de"}
SIZES = {"train": 4, "dev": 2, "test": 3}
TAG = "<|x|> "  # an answer with it could not be parsed


@pytest.fixture(scope="module")
def sentences():
    """Of each language: other ones for each split of each corpus."""
    book = Phrasebook(
        spoken=(), written=("eng", "deu"), train=0, dev=0, test=0, breadth=TINY_BREADTH
    )
    return book.sentences(60)


def noise(path, number):
    """A second of sound that no other file has."""
    path.parent.mkdir(parents=True, exist_ok=True)
    samples = np.random.default_rng(number).normal(0, 0.1, SAMPLING_RATE)
    soundfile.write(path, samples, SAMPLING_RATE)


def write_fleurs(folder, sentences):
    """Every sentence in both languages."""
    for place, (code, locale) in enumerate(FLEURS.items()):
        first = 0
        for split, count in SIZES.items():
            rows, home = [], folder / "data" / locale
            for number in range(first, first + count):
                name, text = f"{1000 * place + number}.wav", sentences[number][code]
                noise(home / "audio" / split / name, 1000 * place + number)
                rows.append(f"{number}\t{name}\t{text}\t{text.lower()}\t-\t16000\tFEMALE\n")
            (home / f"{split}.tsv").write_text("".join(rows), encoding="utf-8")
            first += count
    return folder


def write_common_voice(folder, sentences, codes=("eng", "deu")):
    for place, code in enumerate(codes):
        home, lengths = folder / RELEASE / COMMON_VOICE[code], ["clip\tduration[ms]\n"]
        for index, split in enumerate(SIZES):
            rows = ["\t".join(COLUMNS) + "\n"]
            for number in range(5):
                at = 20 + 10 * index + number
                clip = f"common_voice_{COMMON_VOICE[code]}_{at}.mp3"
                noise(home / "clips" / clip, 5000 + 1000 * place + at)
                lengths.append(f"{clip}\t1000\n")
                text = (TAG if (split, number) == ("train", 0) else "") + sentences[at][code]
                rows.append(f"voice{split}{number}\t{clip}\t9\t{text}" + 9 * "\t" + "\n")
            (home / f"{split}.tsv").write_text("".join(rows), encoding="utf-8")
        (home / "clip_durations.tsv").write_text("".join(lengths))
    return folder


@pytest.fixture(scope="module")
def options(tmp_path_factory, sentences):
    folder = tmp_path_factory.mktemp("recordings")
    return {
        "sources": "eng deu",
        "targets": "eng deu",
        "zero_shot": "",
        "corpus": "fleurs",
        "folder": str(write_fleurs(folder / "fleurs", sentences)),
        "asr_corpus": f"common_voice={write_common_voice(folder / 'cv', sentences)}",
    }


@pytest.fixture(scope="module")
def recorded(llm_srt, options):
    """One update a stage."""
    found = open_experiment("smoke", 1, llm_srt.cache, **options)
    stages = ("asr", "smt", "srt")
    short = {name: replace(getattr(found.recipe, name), updates=1) for name in stages}
    return replace(found, recipe=replace(found.recipe, **short))


def sources(experiment, name):
    """Corpora of the training clips of a strategy."""
    train, _ = experiment._training_examples(STRATEGIES[name])
    return {e.id.partition("/")[0] for e in train}


def test_the_first_stage_hears_common_voice_and_the_others_fleurs(recorded):
    assert sources(recorded, "asr") == {"common_voice"}
    assert sources(recorded, "smt") == {"fleurs"}
    assert sources(recorded, "srt") == {"fleurs"}


def test_development_and_test_sets_are_of_the_first_corpus(recorded):
    for split, count in (("dev", SIZES["dev"]), ("test", SIZES["test"])):
        found = recorded.corpus.split(split)
        assert {u.source for u in found} == {"fleurs"}
        assert len(found) == 2 * count


def test_languages_that_are_not_asked_for_are_not_there(llm_srt, options):
    given = options | {"sources": "deu"}
    experiment = open_experiment("smoke", 1, llm_srt.cache, **given)
    assert {u.language for u in experiment.corpus.utterances} == {"deu"}


@pytest.mark.slow
def test_the_curriculum_trains_on_both(recorded):
    rows = recorded.outputs(recorded.train("srt"))
    assert {(r.source, r.target) for r in rows} == {("eng", "deu"), ("deu", "eng")}
    assert len(rows) == 2 * SIZES["test"]
    asr = recorded.train("asr")
    assert asr.fit_result.updates == 1
    assert asr.dropped_counts["training_clips_with_tags_in_a_text"] == 2
    assert asr.dropped_counts["training_clips_without_a_transcript"] == 0
    srt = recorded.train("srt").dropped_counts
    assert {name: n for name, n in srt.items() if n} == {}


def test_without_a_corpus_of_its_own_the_first_stage_hears_the_other(llm_srt, options):
    plain = open_experiment("smoke", 1, llm_srt.cache, **options | {"asr_corpus": ""})
    assert sources(plain, "asr") == {"fleurs"}
    assert plain.folder(STRATEGIES["asr"]).name.startswith("llm_srt-asr-eng-deu+deu-eng-s1-")


def test_a_language_that_the_first_stage_would_not_hear_is_refused(
    llm_srt, options, sentences, tmp_path
):
    german = write_common_voice(tmp_path, sentences, codes=("deu",))
    given = options | {"asr_corpus": f"common_voice={german}"}
    with pytest.raises(ValueError, match="common_voice has no training clip in eng"):
        open_experiment("smoke", 1, llm_srt.cache, **given)


def test_a_corpus_that_is_not_there_is_named(llm_srt, options):
    with pytest.raises(ValueError, match="corpus=common_voice needs folder="):
        open_experiment("smoke", 1, llm_srt.cache, **options | {"asr_corpus": "common_voice"})


def test_transcribing_needs_no_direction(recorded):
    """Each language once, however many directions it is in."""
    assert recorded.task_directions(ASR) == [("eng", "eng"), ("deu", "deu")]
