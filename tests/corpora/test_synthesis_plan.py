"""Which voice says which text, and the errors that are put into texts and speech."""

from dataclasses import replace

import jiwer
import pytest
from lhotse import CutSet

from lib.corpora import synthesis
from lib.corpora.corruption import split_words
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import Corrupter, synthesize
from lib.corpora.voices import VARIANTS
from lib.files import file_hash
from tests.conftest import NARROW

RATE = 0.4  # of words in error


def plan(spec, **rates):
    return synthesis._plan(replace(spec, train=200, **rates))[0]


@pytest.fixture(scope="module")
def clean(spec):
    return plan(spec)


@pytest.fixture(scope="module")
def text_errors(spec):
    return plan(spec, text_error_rate=RATE)


@pytest.fixture(scope="module")
def speech_errors(spec):
    return plan(spec, speech_error_rate=RATE)


def in_train(planned):
    return planned.split == "train"


def content_of(planned):
    """Its split and number, which all languages share."""
    return planned.id.split("-", 1)[1]


def test_a_content_has_one_voice_in_all_languages(clean, spec):
    languages, voices = {}, {}
    for row in clean:
        languages.setdefault(content_of(row), set()).add(row.language)
        voices.setdefault(content_of(row), set()).add(row.speaker)
    assert set(spec.spoken) in languages.values()
    assert {len(found) for found in voices.values()} == {1}


def test_contents_have_many_voices(clean):
    assert len({row.speaker.variant for row in clean if in_train(row)}) > 20


def test_another_seed_gives_other_voices(clean, spec):
    other = {content_of(row): row.speaker for row in plan(replace(spec, seed=2))}
    assert [row.id for row in clean if other.get(content_of(row), row.speaker) != row.speaker]


@pytest.mark.parametrize("split", ["train", "dev", "test"])
def test_voices_are_those_of_the_split(clean, split):
    assert {row.speaker.variant for row in clean if row.split == split} <= set(VARIANTS[split])


def test_the_speaker_is_the_variant_whatever_its_pitch(corpus, spec):
    planned, _ = synthesis._plan(spec)
    assert {u.id: u.speaker for u in corpus.utterances} == {
        row.id: row.speaker.variant for row in planned
    }
    assert len({row.speaker for row in planned}) > len({u.speaker for u in corpus.utterances})


def jiwer_counts(pairs, code):
    """jiwer's counts over pairs of texts, in units of the language."""
    texts, others = (
        [" ".join(split_words(text, code)) for text in side] for side in zip(*pairs, strict=True)
    )
    return jiwer.process_words(texts, others)


def test_text_errors_are_in_training_translations_only(clean, text_errors):
    changed = {
        (before.split, code == before.language)
        for before, after in zip(clean, text_errors, strict=True)
        for code in before.texts
        if before.texts[code] != after.texts[code]
    }
    assert changed == {("train", False)}


def test_the_word_error_rate_of_translations_is_the_rate(clean, text_errors):
    pairs = [
        (before.texts["spa"], after.texts["spa"])
        for before, after in zip(clean, text_errors, strict=True)
        if in_train(before)
    ]
    assert jiwer_counts(pairs, "spa").wer == pytest.approx(RATE, abs=0.05)


def test_text_errors_do_not_change_the_speech(clean, text_errors):
    speech = [
        [(row.spoken_text, row.speaker, row.file) for row in rows] for rows in (clean, text_errors)
    ]
    assert speech[0] == speech[1]


def test_speech_errors_do_not_change_the_texts(clean, speech_errors):
    assert [row.texts for row in speech_errors] == [row.texts for row in clean]


def test_speech_errors_are_in_train_only(speech_errors):
    wrong = {row.split for row in speech_errors if row.spoken_text != row.texts[row.language]}
    assert wrong == {"train"}


@pytest.fixture(scope="module")
def spoken_counts(speech_errors):
    rows = [row for row in speech_errors if in_train(row) and row.language == "est"]
    return jiwer_counts([(row.texts["est"], row.spoken_text) for row in rows], "est")


def test_the_word_error_rate_of_speech_is_the_rate(spoken_counts):
    assert spoken_counts.wer == pytest.approx(RATE, abs=0.05)


def test_spoken_words_are_replaced_and_not_deleted(spoken_counts):
    assert spoken_counts.deletions == 0


def test_speech_errors_do_not_change_the_text_errors(spec, text_errors):
    both = plan(spec, text_error_rate=RATE, speech_error_rate=0.2)
    assert [row.texts for row in both] == [row.texts for row in text_errors]


def test_errors_do_not_depend_on_the_order_of_utterances(spec, clean, text_errors):
    training = [row for row in clean if in_train(row)]
    both = replace(spec, train=200, text_error_rate=RATE)
    written = [both.texts(content) for content in both.contents("train", both.train)]
    corrupter = Corrupter(both, written)
    backwards = [corrupter.corrupt(row) for row in reversed(training)]
    assert backwards[::-1] == [row for row in text_errors if in_train(row)]


@pytest.fixture(scope="module")
def misspoken_spec(spec):
    return replace(spec, train=6, speech_error_rate=RATE)


@pytest.fixture(scope="module")
def misspoken(misspoken_spec, corpora):
    return synthesize(misspoken_spec, corpora)


@pytest.mark.usefixtures("misspoken")
def test_the_manifest_holds_the_words_that_were_spoken(misspoken_spec, corpora):
    cuts = CutSet.from_file(corpora / f"phrasebook-{misspoken_spec.hash}" / "cuts.jsonl.gz")
    found = {cut.id: cut.supervisions[0].custom.get("spoken_text") for cut in cuts}
    planned = synthesis._plan(misspoken_spec)[0]
    assert found == {
        row.id: None if row.spoken_text == row.texts[row.language] else row.spoken_text
        for row in planned
    }


def test_the_audio_of_dev_and_test_has_no_errors(misspoken, corpus):
    clean = {u.id: file_hash(u.audio) for u in corpus.utterances if u.split != "train"}
    found = {u.id: file_hash(u.audio) for u in misspoken.utterances if u.split != "train"}
    assert found == clean


def test_the_audio_of_a_corrupted_sentence_is_another(misspoken, misspoken_spec, corpus):
    planned = synthesis._plan(misspoken_spec)[0]
    wrong = next(row.id for row in planned if row.spoken_text != row.texts[row.language])
    audio = [
        next(file_hash(u.audio) for u in made.utterances if u.id == wrong)
        for made in (misspoken, corpus)
    ]
    assert audio[0] != audio[1]


def test_too_few_words_for_errors_are_refused(tmp_path):
    spec = Phrasebook(
        spoken=("est",),
        written=("eng",),
        train=1,
        dev=1,
        test=1,
        breadth=NARROW,
        text_error_rate=0.5,
    )
    with pytest.raises(ValueError, match="no training sentence in eng has a word .* ask for more"):
        synthesize(spec, tmp_path)
