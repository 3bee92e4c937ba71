"""The layout of besacier/mboshi-french-parallel-corpus, as it is published."""

import math

import pytest

from lib.corpora.sources.mboshi_french import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

CLIPS = {
    "train": "abiayi_2015-09-08-11-18-39_samsung-SM-T530_mdw_elicit_Dico18_1",
    "dev": "martial_x_1",
}


def tree(folder):
    for part, name in CLIPS.items():
        audio = folder / "full_corpus_newsplit" / part / f"{name}.wav"
        tone(audio)
        audio.with_suffix(".mb").write_bytes("Kyéma yeékirá\r\n".encode())
        audio.with_suffix(".fr").write_text(f"Ce singe {part}\n", encoding="utf-8")
        audio.with_suffix(".fr.cleaned").write_text("ce singe\n", encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    (first, second), _ = separate(read(tree(tmp_path)))
    assert (first.split, first.speaker, first.language) == ("train", "abiayi", "mdw")
    assert (second.split, second.speaker, second.language) == ("test", "martial", "mdw")
    assert first.texts == {"mdw": "Kyéma yeékirá", "fra": "Ce singe train"}
    assert math.isnan(first.seconds)
    assert second.origin == "full_corpus_newsplit/dev/martial_x_1.wav:1"


def test_line_ends_are_repaired(tmp_path):
    _, findings = separate(read(tree(tmp_path)))
    origins = [f"full_corpus_newsplit/{part}/{name}.mb:1" for part, name in CLIPS.items()]
    assert summaries(findings) == [("line ends", origin, "repaired") for origin in origins]


def test_missing_text_is_left_to_curation(tmp_path):
    (tree(tmp_path) / "full_corpus_newsplit" / "dev" / "martial_x_1.fr").unlink()
    utterances, _ = separate(read(tmp_path))
    assert utterances[1].texts == {"mdw": "Kyéma yeékirá"}


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="full_corpus_newsplit"):
        list(read(tmp_path))


def test_real_hour(shared_data):
    utterances, _ = separate(read(shared_data / "mboshi-french-parallel-corpus"))
    assert len(utterances) == 950
    assert {u.speaker for u in utterances} == {"abiayi", "kouarata", "martial"}
    sizes = {s: sum(u.split == s for u in utterances) for s in ("train", "dev", "test")}
    assert sizes["test"] == 250
    assert sizes["train"] + sizes["dev"] == 700
    assert 40 < sizes["dev"] < 100
    sentences = {"train": set(), "dev": set(), "test": set()}
    for utterance in utterances:
        sentences[utterance.split].add(utterance.texts["fra"].casefold())
    assert not sentences["train"] & sentences["dev"]
