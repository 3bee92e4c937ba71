import re
from collections import Counter
from dataclasses import replace

import jiwer
import numpy as np
import pytest
from lhotse import CutSet

from lib.corpora import synthesis
from lib.corpora.audio import read_audio
from lib.corpora.corruption import split_words
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import Corrupter, synthesize
from lib.corpora.voices import VARIANTS, declared_gender
from lib.disk import DiskFull
from lib.files import file_hash
from lib.utterance import SAMPLING_RATE
from tests.conftest import NARROW
from tests.disks import mounted

RATE = 0.4  # of words in error


def folder_of(corpus):
    return next(p for p in corpus.utterances[0].audio.parents if p.name.startswith("phrasebook-"))


def test_every_content_is_spoken_or_dropped(corpus, spec):
    ids = [*(u.id for u in corpus.utterances), *(dropped.id for dropped in corpus.dropped)]
    counts = Counter(id.rsplit("-", 1)[0] for id in ids)
    splits = {"train": spec.train, "dev": spec.dev, "test": spec.test}
    assert counts == {
        f"{code}-{split}": count for code in spec.spoken for split, count in splits.items()
    }


def test_listed_lengths_are_those_of_the_audio(corpus):
    utterance = corpus.utterances[0]
    assert len(read_audio(utterance.audio)) / SAMPLING_RATE == pytest.approx(utterance.seconds)


def test_the_gender_is_that_of_the_voice(corpus):
    assert all(u.gender == declared_gender(u.speaker) for u in corpus.utterances)
    assert {u.gender for u in corpus.utterances} >= {"", "male"}


def test_speech_can_be_heard(corpus):
    assert np.abs(read_audio(corpus.utterances[0].audio)).max() > 0.05


def test_train_shares_no_transcript_with_dev_and_test(corpus):
    train, held_out = (
        {(u.language, u.texts[u.language]) for u in corpus.utterances if (u.split == "train") is t}
        for t in (True, False)
    )
    assert not train & held_out


def test_train_shares_no_speaker_with_dev_and_test(corpus):
    train, held_out = (
        {u.speaker for u in corpus.utterances if (u.split == "train") is t} for t in (True, False)
    )
    assert not train & held_out


def test_a_text_that_is_in_two_splits_is_dropped(monkeypatch, spec):
    monkeypatch.setattr(Phrasebook, "contents", lambda self, split, count: [(split,)] * count)
    monkeypatch.setattr(Phrasebook, "texts", lambda self, content: dict.fromkeys(self.codes, "a"))
    _, dropped = synthesis._plan(replace(spec, train=1, dev=0, test=1, spoken=("est",)))
    assert [(row.id, row.reason) for row in dropped] == [("est-train-000000", "'a' is in test too")]


def test_a_content_is_spoken_in_every_language(corpus, spec):
    meanings = [{u.meaning for u in corpus.split("test", code)} for code in spec.spoken]
    assert set.intersection(*meanings)


@pytest.fixture(scope="module")
def again(spec, tmp_path_factory):
    """The same corpus in another cache."""
    return synthesize(spec, tmp_path_factory.mktemp("again"))


def test_equal_specifications_give_equal_audio(corpus, again):
    hashes = [[file_hash(u.audio) for u in made.utterances] for made in (corpus, again)]
    assert hashes[0] == hashes[1]


def test_equal_specifications_give_equal_hashes(corpus, again):
    assert again.hash == corpus.hash


def test_the_cache_is_read_without_synthesis(monkeypatch, corpus, corpora, spec):
    monkeypatch.delattr(synthesis, "speak_all")
    assert synthesize(spec, corpora).utterances == corpus.utterances


def test_lhotse_loads_the_audio_of_the_manifest(corpus):
    folder = folder_of(corpus)
    cuts = CutSet.from_file(folder / "cuts.jsonl.gz").with_recording_path_prefix(folder)
    cut = next(iter(cuts))
    assert cut.load_audio().shape == (1, cut.num_samples)


@pytest.fixture(scope="module")
def small(spec, tmp_path_factory):
    """A small corpus in a cache of its own."""
    cache, few = tmp_path_factory.mktemp("small"), replace(spec, train=2, dev=1, test=1)
    return few, cache, synthesize(few, cache)


@pytest.mark.parametrize("damage", ["a bit", "truncated", "gone"])
@pytest.mark.parametrize("name", ["audio", "cuts.jsonl.gz", "facts.json", "hashes.json"])
def test_a_damaged_file_is_named_and_made_again(small, capsys, name, damage):
    few, cache, corpus = small
    path = corpus.utterances[0].audio if name == "audio" else folder_of(corpus) / name
    if (name, damage) == ("hashes.json", "gone"):
        pytest.skip("then it is a cache of an older version")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data if damage == "a bit" else data[: len(data) // 2])
    if damage == "gone":
        path.unlink()
    again = synthesize(few, cache)
    assert (again.hash, again.utterances) == (corpus.hash, corpus.utterances)
    said = re.findall(rf"{path.name} .*; it is made again", capsys.readouterr().err)
    assert len(said) == 1


def test_a_cache_of_an_older_version_is_read(small, monkeypatch):
    few, cache, corpus = small
    (folder_of(corpus) / "hashes.json").unlink()
    monkeypatch.delattr(synthesis, "speak_all")
    assert synthesize(few, cache).utterances == corpus.utterances


def test_a_full_disk(small, tmp_path):
    with mounted(tmp_path, "64k"):
        with pytest.raises(DiskFull, match="no space left to write .*phrasebook"):
            synthesize(replace(small[0], train=20), tmp_path)
        assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_espeak_is_not_loaded_into_this_process(corpus):
    with open("/proc/self/maps", encoding="utf-8") as maps:
        assert "espeak" not in maps.read()


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


def in_train(planned):
    return planned.split == "train"


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
def misspoken(spec, corpora):
    return synthesize(replace(spec, train=6, speech_error_rate=RATE), corpora)


def test_the_manifest_holds_the_words_that_were_spoken(misspoken, spec):
    cuts = CutSet.from_file(folder_of(misspoken) / "cuts.jsonl.gz")
    found = {cut.id: cut.supervisions[0].custom.get("spoken_text") for cut in cuts}
    planned = synthesis._plan(replace(spec, train=6, speech_error_rate=RATE))[0]
    assert found == {
        row.id: None if row.spoken_text == row.texts[row.language] else row.spoken_text
        for row in planned
    }


def test_the_audio_of_dev_and_test_has_no_errors(misspoken, corpus):
    clean = {u.id: file_hash(u.audio) for u in corpus.utterances if u.split != "train"}
    found = {u.id: file_hash(u.audio) for u in misspoken.utterances if u.split != "train"}
    assert found == clean


def test_the_audio_of_a_corrupted_sentence_is_another(misspoken, spec, corpus):
    planned = synthesis._plan(replace(spec, train=6, speech_error_rate=RATE))[0]
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
