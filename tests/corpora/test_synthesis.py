"""A corpus of synthetic speech: its contents and splits, its cache, damage to it."""

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from lhotse import CutSet

from lib.corpora import synthesis
from lib.corpora.audio import read_audio
from lib.corpora.phrasebook import Phrasebook
from lib.corpora.synthesis import synthesize
from lib.corpora.voices import declared_gender
from lib.disk import DiskFull
from lib.files import file_hash
from lib.utterance import SAMPLING_RATE
from tests.damage import change_a_bit, truncate
from tests.disks import mounted


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


@pytest.mark.parametrize("damage", [change_a_bit, truncate, Path.unlink])
@pytest.mark.parametrize("name", ["audio", "cuts.jsonl.gz", "facts.json", "hashes.json"])
def test_a_damaged_file_is_named_and_made_again(small, capsys, name, damage):
    few, cache, corpus = small
    path = corpus.utterances[0].audio if name == "audio" else folder_of(corpus) / name
    if (name, damage) == ("hashes.json", Path.unlink):
        pytest.skip("then it is a cache of an older version")
    damage(path)
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
