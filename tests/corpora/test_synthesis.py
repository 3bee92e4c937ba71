import re
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from lhotse import CutSet

from lib.corpora.audio import read_audio
from lib.corpora.synthesis import synthesize
from lib.corpora.voices import SAMPLING_RATE, VARIANTS, Speaker, room, speak, speakers
from lib.files import file_hash


def test_corpus_is_what_was_asked_for(corpus, spec):
    for code in spec.spoken:
        for split, count in (("train", 20), ("dev", 4), ("test", 6)):
            lost = [d for d in corpus.dropped if d.id.startswith(f"{code}-{split}")]
            assert len(corpus.split(split, code)) + len(lost) == count
    samples = read_audio(corpus.utterances[0].audio)
    assert len(samples) / SAMPLING_RATE == pytest.approx(corpus.utterances[0].seconds, abs=1e-3)
    assert np.abs(samples).max() > 0.05


def test_no_transcript_and_no_voice_is_shared_between_splits(corpus):
    for of in (lambda u: (u.language, u.texts[u.language]), lambda u: u.speaker):
        train, held_out = ({of(u) for u in corpus.utterances if (u.split == "train") is t} for t in (True, False))
        assert not train & held_out


def test_a_meaning_is_spoken_in_every_language(corpus):
    meanings = {code: {u.meaning for u in corpus.split("test", code)} for code in ("est", "eng")}
    assert meanings["est"] & meanings["eng"]


def test_variants_are_split():
    assert not set(VARIANTS["train"]) & set(VARIANTS["test"]) and not set(VARIANTS["dev"]) & set(VARIANTS["test"])
    assert len(speakers("test")) >= 20


def test_same_spec_same_bytes(spec, corpus, tmp_path):
    again = synthesize(spec, tmp_path)
    assert again.hash == corpus.hash
    assert [file_hash(u.audio) for u in again.utterances] == [file_hash(u.audio) for u in corpus.utterances]


def test_lhotse_reads_the_manifest(corpus):
    folder = next(p for p in corpus.utterances[0].audio.parents if p.name.startswith("phrasebook-"))
    cuts = CutSet.from_file(folder / "cuts.jsonl.gz").with_recording_path_prefix(folder)
    cut = next(iter(cuts))
    assert cut.load_audio().shape == (1, cut.num_samples) and cut.supervisions[0].language == "est"


def test_damaged_cache_is_noticed_and_made_again(spec, tmp_path, capsys):
    small = replace(spec, train=2, dev=1, test=1)
    corpus = synthesize(small, tmp_path)
    corpus.utterances[0].audio.unlink()
    again = synthesize(small, tmp_path)
    assert again.utterances[0].audio.exists() and again.hash == corpus.hash
    assert re.search(r"the cache holds \d+ files .* recording it again", capsys.readouterr().err)


def test_espeak_never_enters_this_process(corpus):
    with open("/proc/self/maps", encoding="utf-8") as maps:
        assert "espeak" not in maps.read()
    with pytest.raises(RuntimeError, match="worker processes only"):
        speak("hello", "en-us", Speaker("m1", 50, 150))


def test_a_voice_that_says_nothing_is_an_error():
    code = (
        "from lib.corpora.voices import *; start_engine()\n"
        "try: speak('hello', 'no-such-voice', Speaker('m1', 50, 150))\n"
        "except ValueError as e: print(e)\n"
        "try: speak('', 'en-us', Speaker('m1', 50, 150))\n"
        "except ValueError as e: print(e)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "no voice 'no-such-voice'" in said and "says nothing" in said


def test_room_adds_noise_at_the_asked_ratio():
    tone = (0.2 * np.sin(np.arange(16000) * 0.2)).astype(np.float32)
    noise = room(tone, noise_db=10, reverberation=0, seed=1) - tone
    assert 10 * np.log10((tone**2).mean() / (noise**2).mean()) == pytest.approx(10, abs=0.5)
    assert not np.allclose(room(tone, None, 0.3, 1), tone)
