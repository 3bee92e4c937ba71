"""The layout of google/fleurs on the hub, its archives unpacked where they lie."""

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.fleurs import read
from lib.corpora.sources.reading import NotObtained
from lib.utterance import Finding
from tests.corpora.sources.trees import tone

SAID = {  # language -> split -> (id, file, sentence)
    "en_us": {
        "train": [("903", "10", "However, styles lag."), ("903", "11", "However, styles lag."), ("7", "12", 'He said "no".')],
        "dev": [("1", "13", "One.")],
        "test": [("2", "14", "Two.")],
    },
    "de_de": {"train": [("903", "20", "Jedoch hinken Stile."), ("2", "21", "Zwei.")], "dev": [("1", "22", "Eins.")], "test": []},
}


def tree(folder):
    for language, splits in SAID.items():
        for split, sentences in splits.items():
            home = folder / "data" / language
            (home / "audio" / split).mkdir(parents=True)
            rows = []
            for number, name, sentence in sentences:
                tone(home / "audio" / split / f"{name}.wav", seconds=0.5)
                plain = sentence.lower().strip(".")
                rows.append(f"{number}\t{name}.wav\t{sentence}\t{plain}\t{' '.join(plain)} |\t8000\tFEMALE\n")
            (home / f"{split}.tsv").write_text("".join(rows), encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    found = list(read(tree(tmp_path), spoken="eng", written="deu"))
    said = [entry for entry in found if not isinstance(entry, Finding)]
    assert [(u.id, u.split, u.meaning, u.seconds) for u in said] == [
        ("en_us_10", "train", "903", 0.5),
        ("en_us_11", "train", "903", 0.5),
        ("en_us_12", "train", "7", 0.5),
        ("en_us_13", "dev", "1", 0.5),
        ("en_us_14", "test", "2", 0.5),
    ]
    both = {"deu": "Jedoch hinken Stile.", "eng": "However, styles lag."}
    assert [u.texts for u in said[:3]] == [both, both, {"eng": 'He said "no".'}] and {u.speaker for u in said} == {""}
    assert said[1].origin == "data/en_us/train.tsv:2" and all(u.audio.is_file() and u.language == "eng" for u in said)
    assert not said[0].licence and read_card("fleurs").licence == "CC-BY-4.0"


def test_a_sentence_of_another_split_is_no_translation_but_a_finding(tmp_path):
    found = list(read(tree(tmp_path)))
    assert [(f.step, f.origin, f.outcome) for f in found if isinstance(f, Finding)] == [
        ("split", "data/en_us/test.tsv:1", "noted")
    ]
    assert [u.texts for u in found if not isinstance(u, Finding) and u.meaning == "2"] == [{"deu": "Zwei."}, {"eng": "Two."}]


def test_broken_lines_are_found_and_unknown_languages_noted(tmp_path):
    path = tree(tmp_path) / "data" / "en_us" / "dev.tsv"
    path.write_text(path.read_text() + "5\t15.wav\tcut off\n" + path.read_text().replace("8000", "many"))
    (tmp_path / "data" / "sv_se").mkdir()
    found = [entry for entry in read(tmp_path, written="eng") if isinstance(entry, Finding)]
    assert {f.origin: f.outcome for f in found if f.step != "split"} == {
        "data/sv_se": "noted",
        "data/en_us/dev.tsv:2": "dropped",
        "data/en_us/dev.tsv:3": "dropped",
    }


def test_missing_folder_and_packed_audio(tmp_path):
    with pytest.raises(NotObtained, match="must be the repository google/fleurs"):
        list(read(tmp_path))
    audio = tree(tmp_path) / "data" / "de_de" / "audio"
    for split in ("train", "dev", "test"):
        (audio / split).rename(tmp_path / split)
        (audio / f"{split}.tar.gz").touch()
    assert [u.texts.get("deu") for u in read(tmp_path, "eng", "deu") if not isinstance(u, Finding)][3] == "Eins."
    with pytest.raises(NotObtained, match="unpack .*de_de/audio/train.tar.gz"):
        list(read(tmp_path, spoken="deu"))


def test_lhotse_reads_the_same(tmp_path):
    from lhotse.recipes.fleurs import prepare_fleurs

    theirs = tmp_path / "lhotse"  # who keeps lists and audio apart
    (theirs / "metadata").mkdir(parents=True)
    (theirs / "metadata" / "en_us").symlink_to(tree(tmp_path) / "data" / "en_us")
    (theirs / "en_us").symlink_to(tmp_path / "data" / "en_us" / "audio")
    manifests = prepare_fleurs(theirs, tmp_path / "manifests", "en_us", num_jobs=1)["en_us"]
    read_by_them = {
        (f"en_us_{s.recording_id}", s.custom["raw_text"], s.id.partition("_")[0], split, s.duration)
        for split, parts in manifests.items()
        for s in parts["supervisions"]
    }
    ours = [u for u in read(tmp_path, spoken="eng", written="eng") if not isinstance(u, Finding)]
    assert {(u.id, u.texts["eng"], u.meaning, u.split, u.seconds) for u in ours} == read_by_them and len(ours) == 5
