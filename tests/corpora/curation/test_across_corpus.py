"""What shows only among many utterances: repeats, leaks, rates, voices."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lib.corpora.audio_stats import Sound
from lib.corpora.curation import curate as curation
from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import OPEN, Rules, licences
from lib.corpora.sources.own import read
from lib.utterance import Utterance
from tests.corpora.curation.planted import voice

LISTED = Rules(audio="listed", language=False)


def said(folder, name, text="", split="train", seconds=2.0, **more):
    """An utterance of a corpus whose files nobody opens."""
    texts = more.pop("texts", {"eng": text or f"sentence number {name} of all"})
    return Utterance(
        name, folder / f"{name}.wav", seconds, "eng", more.pop("speaker", ""), split, texts, origin=f"{name}:1", **more
    )


def steps(curated, outcome="dropped"):
    return {finding.id: finding.step for finding in curated.findings(outcome)}


def test_a_sentence_of_test_leaves_dev_and_train_and_one_of_dev_leaves_train(tmp_path):
    line = "this very sentence leaks"
    splits = {"a": "train", "b": "dev", "c": "test", "d": "train"}
    listed = [said(tmp_path, name, line, split) for name, split in splits.items()]
    listed += [said(tmp_path, "e", "Only dev, has THIS!", "dev"), said(tmp_path, "f", "only dev has this")]
    curated = curate("own", tmp_path, listed, LISTED, tmp_path / "cache")
    assert {u.id for u in curated.store} == {"c", "e"} and set(steps(curated).values()) == {"overlap"}
    (first, *_) = [finding for finding in curated.findings() if finding.id == "a"]
    assert first.what == "its sentence is in dev, b:1 too"


def test_a_translation_leaks_too_and_short_sentences_do_not(tmp_path):
    listed = [
        said(tmp_path, "a", texts={"eng": "one thing or other", "fra": "une phrase qui fuit"}),
        said(tmp_path, "b", split="test", texts={"eng": "something else here", "fra": "Une phrase qui fuit."}),
        said(tmp_path, "c", texts={"eng": "thank you"}),
        said(tmp_path, "d", split="test", texts={"eng": "thank you"}),
    ]
    assert steps(curate("own", tmp_path, listed, LISTED, tmp_path / "cache")) == {"a": "overlap"}
    strict = replace(LISTED, overlap_words=1)
    assert steps(curate("own", tmp_path, listed, strict, tmp_path / "cache")) == {"a": "overlap", "c": "overlap"}


def test_speakers_on_both_sides_are_noted_or_dropped(tmp_path):
    listed = [said(tmp_path, "a", speaker="x"), said(tmp_path, "b", speaker="y"), said(tmp_path, "c", split="test", speaker="x")]
    curated = curate("own", tmp_path, listed, LISTED, tmp_path / "cache")
    (noted,) = curated.findings("noted")
    assert "speaker 'x' is on both sides: 1 in train, 1 in test" in noted.what and len(curated.store) == 3
    curated = curate("own", tmp_path, listed, replace(LISTED, speakers="drop"), tmp_path / "cache")
    assert steps(curated) == {"a": "speaker"}


def test_one_speaker_says_a_sentence_once_and_another_may_say_it_too(tmp_path):
    line = "the same words once more"
    listed = [said(tmp_path, name, line, speaker=who) for name, who in (("a", "x"), ("b", "x"), ("c", "y"), ("d", ""), ("e", ""))]
    assert steps(curate("own", tmp_path, listed, LISTED, tmp_path / "cache")) == {"b": "duplicate"}
    assert not steps(curate("own", tmp_path, listed, replace(LISTED, repeats=0), tmp_path / "cache"))
    held = [replace(utterance, split="test") for utterance in listed]
    curated = curate("own", tmp_path, held, LISTED, tmp_path / "cache")
    assert len(curated.store) == 5 and steps(curated, "noted") == {"b": "duplicate"}


def test_the_same_sound_is_kept_where_it_is_held_out_and_may_be_asked_about_twice(tmp_path):
    for name in "abc":
        voice(tmp_path / f"{name}.wav", 1.0, 150.0, seed=7)
    voice(tmp_path / "d.wav", 1.0, 170.0)
    listed = [
        said(tmp_path, "a", seconds=1.0),
        said(tmp_path, "b", split="test", seconds=1.0),
        replace(said(tmp_path, "d", seconds=1.0), question="who"),
        replace(said(tmp_path, "e", texts=said(tmp_path, "d").texts, seconds=1.0), question="what", audio=tmp_path / "d.wav"),
        replace(said(tmp_path, "f", texts=said(tmp_path, "d").texts, seconds=1.0), question="what", audio=tmp_path / "d.wav"),
        replace(said(tmp_path, "g", "quite another transcript", seconds=1.0), audio=tmp_path / "d.wav"),
    ]
    curated = curate("own", tmp_path, listed, Rules(language=False), tmp_path / "cache")
    assert steps(curated) == {"a": "duplicate", "f": "duplicate", "g": "duplicate"}
    what = {finding.id: finding.what for finding in curated.findings("dropped")}
    assert what["a"] == "the same sound, but other words than b:1" and what["f"] == "the same sound and text as e:1"
    assert what["g"].startswith("the same sound, but other words than")


def test_odd_rates_leave_train_and_are_noted_in_test(tmp_path):
    rng = np.random.default_rng(0)
    listed = [said(tmp_path, f"u{n}", f"a sentence number {n:03d}", seconds=float(rng.uniform(1.5, 2.5))) for n in range(60)]
    listed += [said(tmp_path, "slow", seconds=29.0), said(tmp_path, "fast", "words " * 40, split="test", seconds=1.0)]
    curated = curate("own", tmp_path, listed, LISTED, tmp_path / "cache")
    assert steps(curated) == {"slow": "speaking rate"} and steps(curated, "noted") == {"fast": "speaking rate"}


@pytest.mark.parametrize("spread, gap, two", [(1.0, 12.0, True), (1.0, 4.0, False), (4.0, 0.0, False), (4.0, 8.0, False)])
def test_two_voices_have_a_gap_between_them_and_a_lively_voice_has_none(tmp_path, monkeypatch, spread, gap, two):
    rng = np.random.default_rng(1)
    heights = np.concatenate([rng.normal(0, spread, 30), rng.normal(gap, spread, 15)])
    pitches = dict(zip([f"u{n}" for n in range(45)], 110 * 2 ** (heights / 12), strict=True))
    monkeypatch.setattr(curation.Measured, "headers", lambda self, paths: [_header() for _ in paths])
    monkeypatch.setattr(
        curation.Measured,
        "sounds",
        lambda self, paths: [Sound(2.0, -20.0, 0.0, float(pitches[Path(p).stem]), f"{n:x}1") for n, p in enumerate(paths)],
    )
    listed = [said(tmp_path, name, speaker="x") for name in pitches]
    found = list(curate("own", tmp_path, listed, Rules(language=False), tmp_path / "cache").findings("noted"))
    assert len(found) == 2 * two
    assert not two or "one of two voices under the name 'x': near 1" in found[0].what and "near 2" in found[1].what


def _header():
    from lib.corpora.audio_stats import Header

    return Header(2.0, 2.0, 16000, 1)


def test_the_same_corpus_is_curated_once_and_changed_audio_again(tmp_path):
    for name in "ab":
        voice(tmp_path / f"{name}.wav", 2.0, 150.0, seed=ord(name))
    listed = [said(tmp_path, "a"), said(tmp_path, "b")]
    rules = Rules(language=False)
    first = curate("own", tmp_path, listed, rules, tmp_path / "cache")
    assert curate("own", tmp_path, listed, rules, tmp_path / "cache").folder == first.folder
    assert curate("own", tmp_path, listed, replace(rules, longest=20.0), tmp_path / "cache").folder != first.folder
    voice(tmp_path / "b.wav", 1.0, 150.0)
    changed = curate("own", tmp_path, listed, rules, tmp_path / "cache")
    assert steps(changed) == {"b": "length"}
    assert not list((tmp_path / "cache" / "curation").glob("tmp*"))


def test_a_corpus_that_moves_keeps_its_hash(tmp_path):
    found = []
    for home in ("one", "other"):
        (tmp_path / home).mkdir()
        found.append(curate("own", tmp_path / home, [said(tmp_path / home, "a")], LISTED, tmp_path / "cache"))
    assert found[0].store.hash == found[1].store.hash and found[0].store[0].audio != found[1].store[0].audio


def test_what_rules_are_not():
    with pytest.raises(ValueError, match="speakers is 'keep'"):
        Rules(speakers="keep")
    with pytest.raises(ValueError, match="audio is 'some'"):
        Rules(audio="some")
    with pytest.raises(ValueError, match="shortest is 0.1 s and longest 0.05 s"):
        Rules(longest=0.05)
    assert licences("") == () and licences("open") == OPEN and licences("CC0-1.0, MIT") == ("CC0-1.0", "MIT")


def test_a_length_that_nobody_knows_is_not_made_up(tmp_path):
    curated = curate("own", tmp_path, [said(tmp_path, "a", seconds=float("nan"))], LISTED, tmp_path / "cache")
    assert steps(curated) == {"a": "length"}


def test_an_empty_list_is_an_empty_corpus(tmp_path):
    curated = curate("own", tmp_path, [], LISTED, tmp_path / "cache")
    assert len(curated.store) == 0 and curated.funnel == []


def test_read_is_what_curate_takes(tmp_path):
    (tmp_path / "m.tsv").write_text("audio\tsource\ttranscript\tseconds\na.wav\teng\tso it is written\t1.5\nb.wav\txxx\tno\t1\n")
    curated = curate("own", tmp_path, read(tmp_path / "m.tsv"), LISTED, tmp_path / "cache")
    assert len(curated.store) == 1 and steps(curated) == {"b": "line"}
    assert sum(row["utterances"] for row in curated.funnel if row["step"] == "listed") == 2


def test_an_utterance_without_the_wanted_text_is_named(tmp_path):
    listed = [said(tmp_path, "a", texts={"eng": "one two three"}), said(tmp_path, "b", texts={"eng": "four", "fra": "quatre"})]
    curated = curate("own", tmp_path, listed, replace(LISTED, wanted="fra"), tmp_path / "cache")
    assert steps(curated) == {"a": "text"} and [u.id for u in curated.store] == ["b"]


def test_a_wav_from_a_pipe_is_whole_and_one_that_was_cut_is_not(tmp_path):
    voice(tmp_path / "a.wav", 1.0, 150.0)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    at = data.index(b"data") + 4
    data[at : at + 4] = b"\xff\xff\xff\xff"  # as ffmpeg writes it where it cannot go back
    (tmp_path / "a.wav").write_bytes(data)
    voice(tmp_path / "b.wav", 2.0, 160.0)
    (tmp_path / "b.wav").write_bytes((tmp_path / "b.wav").read_bytes()[:-30000])
    listed = [said(tmp_path, "a", seconds=1.0), said(tmp_path, "b", seconds=float("nan"))]
    assert steps(curate("own", tmp_path, listed, Rules(language=False), tmp_path / "cache")) == {"b": "file"}


def test_a_file_that_could_not_be_read_is_tried_again(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"not yet")
    listed = [said(tmp_path, "a", seconds=1.0)]
    assert steps(curate("own", tmp_path, listed, Rules(language=False), tmp_path / "cache")) == {"a": "file"}
    voice(tmp_path / "a.wav", 1.0, 150.0)
    assert not steps(curate("own", tmp_path, listed, Rules(language=False), tmp_path / "cache"))


def test_many_speakers_take_no_time(tmp_path):
    import time

    listed = [said(tmp_path, f"u{n}", split="train" if n % 2 else "test", speaker=f"s{n // 2}") for n in range(6000)]
    started = time.monotonic()
    curated = curate("own", tmp_path, listed, replace(LISTED, repeats=0), tmp_path / "cache")
    assert time.monotonic() - started < 20 and sum(f.step == "speaker" for f in curated.findings()) == 3000
