"""The layout of besacier/mboshi-french-parallel-corpus, as it is published."""

import math

import pytest

from lib.corpora.sources.mboshi_french import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding, Utterance
from tests.corpora.sources.trees import tone


def tree(folder):
    for part, name in (("train", "abiayi_2015-09-08-11-18-39_samsung-SM-T530_mdw_elicit_Dico18_1"), ("dev", "martial_x_1")):
        sound = folder / "full_corpus_newsplit" / part / f"{name}.wav"
        tone(sound)
        sound.with_suffix(".mb").write_bytes("Kyéma yeékirá\r\n".encode())
        sound.with_suffix(".fr").write_text(f"Ce singe {part}\n", encoding="utf-8")
        sound.with_suffix(".fr.cleaned").write_text("ce singe\n", encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    found = list(read(tree(tmp_path)))
    said = [entry for entry in found if isinstance(entry, Utterance)]
    assert [(u.split, u.speaker, u.language) for u in said] == [("train", "abiayi", "mdw"), ("test", "martial", "mdw")]
    assert said[0].texts == {"mdw": "Kyéma yeékirá", "fra": "Ce singe train"} and math.isnan(said[0].seconds)
    assert said[1].origin == "full_corpus_newsplit/dev/martial_x_1.wav:1"
    ends = [entry for entry in found if isinstance(entry, Finding)]
    assert [f.step for f in ends] == ["line ends"] * 2 and ends[0].outcome == "repaired" and ends[0].origin.endswith("_1.mb:1")


def test_missing_folder_says_what_it_must_be(tmp_path):
    with pytest.raises(NotObtained, match="full_corpus_newsplit"):
        list(read(tmp_path))


def test_real_hour(shared_data):
    said = [u for u in read(shared_data / "mboshi-french-parallel-corpus") if isinstance(u, Utterance)]
    assert len(said) == 950 and {u.speaker for u in said} == {"abiayi", "kouarata", "martial"}
    splits = {split: sum(u.split == split for u in said) for split in ("train", "dev", "test")}
    assert splits["test"] == 250 and splits["train"] + splits["dev"] == 700 and 40 < splits["dev"] < 100
    homes = {}
    assert all(homes.setdefault(u.texts["fra"].casefold(), u.split) == u.split for u in said if u.split != "test")
