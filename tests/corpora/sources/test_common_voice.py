"""The layout of a Common Voice release, as its archives unpack."""

import math
from concurrent.futures import ThreadPoolExecutor

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.common_voice import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

RELEASE = "cv-corpus-17.0-2024-03-15"
COLUMNS = (
    "client_id path sentence_id sentence sentence_domain up_votes down_votes age gender accents "
    "variant locale segment"
).split()
SENTENCES = {
    "de": {
        "train": ['Er sagte: "Nein.', "Zieht euch bitte draußen die Schuhe aus."],
        "dev": ["Es war laut."],
        "test": ["Ja."],
    },
    "zh-TW": {"train": ["可是我要怎麼辦"], "dev": [], "test": ["好"]},
}


def tree(folder):
    for locale, splits in SENTENCES.items():
        home, count, lengths = folder / RELEASE / locale, 0, ["clip\tduration[ms]\n"]
        for split, sentences in splits.items():
            rows = ["\t".join(COLUMNS) + "\n"]
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
    utterances = list(read(tree(tmp_path), spoken="deu", written="eng"))
    assert [(u.id, u.split, u.speaker, u.seconds) for u in utterances] == [
        ("common_voice_de_1", "train", "voicetrain", 0.501),
        ("common_voice_de_2", "train", "voicetrain", 0.502),
        ("common_voice_de_3", "dev", "voicedev", 0.503),
        ("common_voice_de_4", "test", "voicetest", 0.504),
    ]
    assert utterances[0].texts == {"deu": 'Er sagte: "Nein.'}
    assert utterances[0].language == "deu"
    assert utterances[0].audio.is_file()
    assert utterances[1].origin == f"{RELEASE}/de/train.tsv:3"


def test_licence_is_the_cards(tmp_path):
    assert {u.licence for u in read(tree(tmp_path))} == {""}
    assert read_card("common_voice").licence == "CC0-1.0"


def test_every_locale_is_read_and_unknown_ones_are_noted(tmp_path):
    unknown = tree(tmp_path) / RELEASE / "eo"
    unknown.mkdir()
    (unknown / "train.tsv").write_text("client_id\tpath\tsentence\n")
    utterances, findings = separate(read(tmp_path))
    assert summaries(findings) == [("language", f"{RELEASE}/eo", "noted")]
    chinese = [u.texts["zho"] for u in utterances if u.language == "zho"]
    assert chinese == ["可是我要怎麼辦", "好"]


def test_broken_lines_are_dropped(tmp_path):
    home = tree(tmp_path) / RELEASE / "de"
    with open(home / "dev.tsv", "a", encoding="utf-8") as file:
        file.write("voice\tcommon_voice_de_9.mp3\ttruncated\n" + "voice" + "\t" * 12 + "\n")
    utterances, findings = separate(read(tmp_path, spoken="deu"))
    assert {finding.origin for finding in findings} == {
        f"{RELEASE}/de/dev.tsv:3",
        f"{RELEASE}/de/dev.tsv:4",
    }
    assert len(utterances) == 4


def test_old_releases_have_no_lengths(tmp_path):
    (tree(tmp_path) / RELEASE / "de" / "clip_durations.tsv").unlink()
    assert all(math.isnan(u.seconds) for u in read(tmp_path, spoken="deu"))


def test_length_that_is_not_a_number_is_noted(tmp_path):
    path = tree(tmp_path) / RELEASE / "de" / "clip_durations.tsv"
    path.write_text(path.read_text().replace("501", "half"))
    utterances, findings = separate(read(tmp_path, spoken="deu"))
    assert summaries(findings) == [("duration", f"{RELEASE}/de/clip_durations.tsv:2", "noted")]
    assert math.isnan(utterances[0].seconds)


def test_gender_is_read_where_it_is_declared(tmp_path):
    path = tree(tmp_path) / RELEASE / "de" / "train.tsv"
    text = path.read_text().replace("\t2\t0\t\t\t", "\t2\t0\t\tfemale_feminine\t", 1)
    path.write_text(text, encoding="utf-8")
    found = [u.gender for u in read(tmp_path, spoken="deu")]
    assert found == ["female", "", "", ""]


def test_missing_release(tmp_path):
    with pytest.raises(NotObtained, match="must hold a release"):
        list(read(tmp_path))


def test_packed_release(tmp_path):
    (tmp_path / f"{RELEASE}-de.tar.gz").touch()
    with pytest.raises(NotObtained, match=f"unpack .*/{RELEASE}-de.tar.gz"):
        list(read(tmp_path))


def test_missing_language(tmp_path):
    with pytest.raises(NotObtained, match="of fra"):
        list(read(tree(tmp_path), spoken="fra"))


def test_two_releases(tmp_path):
    (tree(tmp_path) / "cv-corpus-18.0-2024-06-14").mkdir()
    with pytest.raises(NotObtained, match="must hold one"):
        list(read(tmp_path))


def test_lhotse_reads_the_same(tmp_path, monkeypatch):
    from lhotse.recipes import commonvoice

    # its processes are spawned, which is slow
    monkeypatch.setattr(commonvoice, "ProcessPoolExecutor", lambda **_: ThreadPoolExecutor(1))
    manifests = commonvoice.prepare_commonvoice(
        tree(tmp_path) / RELEASE, tmp_path / "manifests", "de"
    )["de"]
    theirs = {
        (s.id, s.text, s.speaker, split)
        for split, parts in manifests.items()
        for s in parts["supervisions"]
    }
    ours = {(u.id, u.texts["deu"], u.speaker, u.split) for u in read(tmp_path, spoken="deu")}
    assert len(ours) == 4
    assert ours == theirs
