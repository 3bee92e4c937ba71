from dataclasses import replace

import numpy as np
import pytest
import soundfile

from lib.corpora.curation.rules import Rules
from lib.corpora.sources.reading import NotObtained
from lib.systems.corpora import (
    COMMON_LANGUAGES,
    CorpusChoice,
    DataRecipe,
    curated_corpus,
    pair_corpus,
    pair_phrasebook,
    with_test_clips,
)
from lib.systems.gmu.recipe import RECIPES

SMOKE = RECIPES["smoke"]
RATE = 16_000


def test_a_recipe_says_what_a_corpus_needs():
    assert isinstance(SMOKE, DataRecipe)


# ---- the phrasebook ----


def test_the_phrasebook_of_a_pair():
    book = pair_phrasebook(SMOKE, "que", "spa")
    assert book.spoken == ("que",)
    assert (book.train, book.dev, book.test) == (8, 4, 6)
    assert book.seed == SMOKE.corpus_seed


def test_all_pairs_have_the_same_texts():
    books = [pair_phrasebook(SMOKE, source, "spa") for source in ("est", "que")]
    assert set(books[0].written) == set(books[1].written) == set(COMMON_LANGUAGES)


def test_a_target_beyond_the_common_languages_is_added():
    assert "deu" in pair_phrasebook(SMOKE, "que", "deu").written


def test_the_phrasebook_is_spoken(experiment):
    again = pair_corpus(SMOKE, "que", "spa", experiment.cache)
    assert again.hash == experiment.corpus.hash
    assert again.synthetic
    assert {utterance.language for utterance in again.utterances} == {"que"}


def test_full_needs_recordings(tmp_path):
    with pytest.raises(ValueError, match="trains on recordings: set corpus="):
        pair_corpus(RECIPES["full"], "est", "eng", tmp_path)


def test_a_language_that_the_phrasebook_cannot_speak_is_refused(tmp_path):
    with pytest.raises(ValueError, match="no espeak-ng voice|no CLDR"):
        pair_corpus(SMOKE, "bem", "eng", tmp_path)


# ---- recordings ----

SECONDS = (1.0, 4.0, 2.0, 1.5)
SPLITS = ("train", "train", "dev", "test")


@pytest.fixture(scope="module")
def manifest(tmp_path_factory):
    """A manifest of four recordings in Quechua; one training clip has 4 s."""
    folder = tmp_path_factory.mktemp("own")
    columns = ["id", "audio", "split", "source", "target", "transcript", "translation", "speaker"]
    lines = ["\t".join([*columns, "licence"])]
    words = ["huk wasi", "iskay mayu", "kimsa urqu", "tawa ñan"]
    for index, (seconds, split) in enumerate(zip(SECONDS, SPLITS, strict=True)):
        times = np.arange(int(seconds * RATE)) / RATE
        sound = 0.3 * np.sin(2 * np.pi * (200 + 50 * index) * times)
        soundfile.write(folder / f"{index}.wav", sound.astype(np.float32), RATE)
        row = [f"{index}", f"{index}.wav", split, "que", "spa", words[index], f"texto {index}"]
        lines.append("\t".join([*row, f"s{index}", "CC0-1.0" if index != 0 else "MIT"]))
    (folder / "own.tsv").write_text("\n".join(lines), encoding="utf-8")
    return folder / "own.tsv"


SHORT = replace(SMOKE, max_train_seconds=3.0)


def own(manifest, cache, recipe=SHORT, **options):
    choice = CorpusChoice(name="own", folder=str(manifest), **options)
    return pair_corpus(recipe, "que", "spa", cache, choice)


def train_ids(corpus):
    return sorted(u.id for u in corpus.split("train"))


def test_recordings_are_curated(manifest, tmp_path):
    corpus = own(manifest, tmp_path)
    assert corpus.name == "own"
    assert not corpus.synthetic
    assert len(corpus.split("test", "que")) == 1


def test_long_training_clips_are_left_out_and_named(manifest, tmp_path):
    corpus = own(manifest, tmp_path)
    assert train_ids(corpus) == ["0"]
    assert [dropped.id for dropped in corpus.dropped] == ["1"]


def test_long_training_clips_may_stay(manifest, tmp_path):
    corpus = own(manifest, tmp_path, keep_long_audio=True)
    assert train_ids(corpus) == ["0", "1"]


def test_licences_are_required(manifest, tmp_path):
    corpus = own(manifest, tmp_path, SMOKE, licences="CC0-1.0")
    assert train_ids(corpus) == ["1"]


def test_an_empty_split_is_refused(manifest, tmp_path):
    with pytest.raises(ValueError, match="no train utterance in que"):
        own(manifest, tmp_path, SMOKE, licences="CC-BY-4.0")


def test_a_missing_corpus_says_how_to_obtain_it(tmp_path):
    choice = CorpusChoice(name="bigc", folder=str(tmp_path / "nothing"))
    with pytest.raises(NotObtained):
        pair_corpus(SMOKE, "bem", "eng", tmp_path, choice)


# ---- notebook 01's corpus ----


def test_the_curated_phrasebook_has_the_backbones_languages_and_a_new_one(experiment):
    curated = curated_corpus(
        "smoke", SMOKE, CorpusChoice(), "", "", Rules(), experiment.cache
    )
    languages = {utterance.language for utterance in curated.store}
    assert languages == {"est", "eng", "spa", "fra", "que"}


def test_curated_ids_are_unique(experiment):
    curated = curated_corpus(
        "smoke", SMOKE, CorpusChoice(), "que", "spa", Rules(), experiment.cache
    )
    ids = [utterance.id for utterance in curated.store]
    assert ids
    assert len(set(ids)) == len(ids)
    assert {utterance.language for utterance in curated.store} == {"que"}


def test_full_has_no_phrasebook_to_curate(tmp_path):
    with pytest.raises(ValueError, match="full trains on recordings"):
        curated_corpus("full", SMOKE, CorpusChoice(), "", "", Rules(), tmp_path)


def test_own_recordings_are_curated_for_notebook_01(manifest, tmp_path):
    choice = CorpusChoice(name="own", folder=str(manifest))
    curated = curated_corpus("full", SMOKE, choice, "que", "spa", Rules(), tmp_path)
    assert len(curated.store) == 4


# ---- fewer test clips ----


def test_fewer_test_clips_leave_what_is_trained_on(experiment):
    corpus = experiment.corpus
    fewer, source = with_test_clips(corpus, 2), corpus.split("test")[0].language
    assert len(corpus.split("test", source)) > 2
    assert fewer.split("test", source) == corpus.split("test", source)[:2]
    for split in ("train", "dev"):
        assert fewer.split(split) == corpus.split(split)
    assert fewer.hash == corpus.hash
    assert with_test_clips(corpus, 0) is corpus
