"""The layout of a Common Voice release, as its archives unpack."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.common_voice import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding
from tests.corpora.sources.trees import tone

RELEASE = "cv-corpus-17.0-2024-03-15"
COLUMNS = "client_id path sentence_id sentence sentence_domain up_votes down_votes age gender accents variant locale segment"
SAID = {
    "de": {"train": ['Er sagte: "Nein.', "Zieht euch bitte draußen die Schuhe aus."], "dev": ["Es war laut."], "test": ["Ja."]},
    "zh-TW": {"train": ["可是我要怎麼辦"], "dev": [], "test": ["好"]},
}


def tree(folder):
    for locale, splits in SAID.items():
        home, count, lengths = folder / RELEASE / locale, 0, ["clip\tduration[ms]\n"]
        for split, sentences in splits.items():
            rows = ["\t".join(COLUMNS.split()) + "\n"]
            for sentence in sentences:
                count += 1
                clip = f"common_voice_{locale}_{count}.mp3"
                tone(home / "clips" / clip, rate=32000)
                lengths.append(f"{clip}\t{500 + count}\n")
                rows.append(f"voice{split}\t{clip}\t9\t{sentence}\t\t2\t0\t\t\t\t\t{locale}\t\n")
            (home / f"{split}.tsv").write_text("".join(rows), encoding="utf-8")
        (home / "clip_durations.tsv").write_text("".join(lengths))
        (home / "validated.tsv").write_text("not read\n")
    return folder


def test_published_layout(tmp_path):
    said = list(read(tree(tmp_path), spoken="deu", written="eng"))
    assert [(u.id, u.split, u.speaker, u.seconds) for u in said] == [
        ("common_voice_de_1", "train", "voicetrain", 0.501),
        ("common_voice_de_2", "train", "voicetrain", 0.502),
        ("common_voice_de_3", "dev", "voicedev", 0.503),
        ("common_voice_de_4", "test", "voicetest", 0.504),
    ]
    assert said[0].texts == {"deu": 'Er sagte: "Nein.'} and said[0].language == "deu" and said[0].audio.is_file()
    assert said[1].origin == f"{RELEASE}/de/train.tsv:3"
    assert not said[0].licence and read_card("common_voice").licence == "CC0-1.0"


def test_every_locale_and_those_unknown(tmp_path):
    unknown = tree(tmp_path) / RELEASE / "eo"
    unknown.mkdir()
    (unknown / "train.tsv").write_text("client_id\tpath\tsentence\n")
    found = list(read(tmp_path))
    assert [(f.origin, f.step, f.outcome) for f in found if isinstance(f, Finding)] == [(f"{RELEASE}/eo", "language", "noted")]
    assert [u.texts for u in found if not isinstance(u, Finding) and u.language == "zho"] == [
        {"zho": "可是我要怎麼辦"},
        {"zho": "好"},
    ]


def test_broken_lines_are_found_and_old_releases_lack_lengths(tmp_path):
    home = tree(tmp_path) / RELEASE / "de"
    (home / "clip_durations.tsv").unlink()
    with open(home / "dev.tsv", "a", encoding="utf-8") as file:
        file.write("voice\tcommon_voice_de_9.mp3\tcut off\n" + "voice" + "\t" * 12 + "\n")
    found = list(read(tmp_path, spoken="deu"))
    assert sorted(f.origin for f in found if isinstance(f, Finding)) == [f"{RELEASE}/de/dev.tsv:3", f"{RELEASE}/de/dev.tsv:4"]
    lengths = [u.seconds for u in found if not isinstance(u, Finding)]
    assert len(lengths) == 4 and all(math.isnan(seconds) for seconds in lengths)


def test_missing_and_mixed_releases(tmp_path):
    with pytest.raises(NotObtained, match="must hold a release"):
        list(read(tmp_path))
    (tmp_path / f"{RELEASE}-de.tar.gz").touch()
    with pytest.raises(NotObtained, match=f"unpack {RELEASE}-de.tar.gz"):
        list(read(tmp_path))
    with pytest.raises(NotObtained, match="of fra"):
        list(read(tree(tmp_path), spoken="fra"))
    (tmp_path / "cv-corpus-18.0-2024-06-14").mkdir()
    with pytest.raises(NotObtained, match="must hold one"):
        list(read(tmp_path))


def test_lhotse_reads_the_same(tmp_path, monkeypatch):
    from lhotse.recipes import commonvoice

    monkeypatch.setattr(commonvoice, "ProcessPoolExecutor", lambda **_: ThreadPoolExecutor(1))  # it spawns, which is slow
    manifests = commonvoice.prepare_commonvoice(tree(tmp_path) / RELEASE, tmp_path / "manifests", "de")["de"]
    theirs = {(s.id, s.text, s.speaker, split) for split, parts in manifests.items() for s in parts["supervisions"]}
    assert {(u.id, u.texts["deu"], u.speaker, u.split) for u in read(tmp_path, spoken="deu")} == theirs and len(theirs) == 4
