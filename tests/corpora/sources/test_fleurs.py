"""The layout of google/fleurs on the hub, its archives unpacked where they are."""

import pytest

from lib.corpora.cards import read_card
from lib.corpora.sources.fleurs import read
from lib.corpora.sources.reading import NotObtained
from tests.corpora.sources.trees import separate, summaries, tone

SENTENCES = {  # language -> split -> (id, file, sentence)
    "en_us": {
        "train": [
            ("903", "10", "However, styles lag."),
            ("903", "11", "However, styles lag."),
            ("7", "12", 'He said "no".'),
        ],
        "dev": [("1", "13", "One.")],
        "test": [("2", "14", "Two.")],
    },
    "de_de": {
        "train": [("903", "20", "Jedoch hinken Stile."), ("2", "21", "Zwei.")],
        "dev": [("1", "22", "Eins.")],
        "test": [],
    },
}


def tree(folder):
    for language, splits in SENTENCES.items():
        for split, sentences in splits.items():
            home = folder / "data" / language
            (home / "audio" / split).mkdir(parents=True)
            rows = []
            for number, name, sentence in sentences:
                tone(home / "audio" / split / f"{name}.wav", seconds=0.5)
                plain = sentence.lower().strip(".")
                texts = f"{sentence}\t{plain}\t{' '.join(plain)} |"
                rows.append(f"{number}\t{name}.wav\t{texts}\t8000\tFEMALE\n")
            (home / f"{split}.tsv").write_text("".join(rows), encoding="utf-8")
    return folder


def test_published_layout(tmp_path):
    utterances, _ = separate(read(tree(tmp_path), spoken="eng", written="deu"))
    assert [(u.id, u.split, u.meaning, u.seconds) for u in utterances] == [
        ("en_us_10", "train", "903", 0.5),
        ("en_us_11", "train", "903", 0.5),
        ("en_us_12", "train", "7", 0.5),
        ("en_us_13", "dev", "1", 0.5),
        ("en_us_14", "test", "2", 0.5),
    ]
    assert utterances[0].texts == {"deu": "Jedoch hinken Stile.", "eng": "However, styles lag."}
    assert utterances[1].texts == utterances[0].texts
    assert utterances[2].texts == {"eng": 'He said "no".'}
    assert utterances[1].origin == "data/en_us/train.tsv:2"
    assert {(u.language, u.speaker, u.gender) for u in utterances} == {("eng", "", "female")}
    assert all(u.audio.is_file() for u in utterances)


def test_licence_is_the_cards(tmp_path):
    utterances, _ = separate(read(tree(tmp_path)))
    assert {u.licence for u in utterances} == {""}
    assert read_card("fleurs").licence == "CC-BY-4.0"


def test_sentence_of_another_split_is_noted_and_not_a_translation(tmp_path):
    utterances, findings = separate(read(tree(tmp_path)))
    assert summaries(findings) == [("split", "data/en_us/test.tsv:1", "noted")]
    texts = [u.texts for u in utterances if u.meaning == "2"]
    assert texts == [{"deu": "Zwei."}, {"eng": "Two."}]


def test_broken_lines_are_dropped_and_unknown_languages_noted(tmp_path):
    path = tree(tmp_path) / "data" / "en_us" / "dev.tsv"
    good = path.read_text()
    counts = [good.replace("8000", samples) for samples in ("many", "8" * 5000)]
    path.write_text("".join([good, "5\t15.wav\ttruncated\n", *counts]))
    (tmp_path / "data" / "sv_se").mkdir()
    _, findings = separate(read(tmp_path, written="eng"))
    assert {finding.origin: finding.outcome for finding in findings if finding.step != "split"} == {
        "data/sv_se": "noted",
        "data/en_us/dev.tsv:2": "dropped",
        "data/en_us/dev.tsv:3": "dropped",
        "data/en_us/dev.tsv:4": "dropped",
    }


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(NotObtained, match="must be the repository google/fleurs"):
        list(read(tmp_path))


def test_language_without_audio_gives_translations_only(tmp_path):
    audio = tree(tmp_path) / "data" / "de_de" / "audio"
    for split in ("train", "dev", "test"):
        (audio / split).rename(tmp_path / split)
        (audio / f"{split}.tar.gz").touch()
    utterances, _ = separate(read(tmp_path, "eng", "deu"))
    assert utterances[3].texts["deu"] == "Eins."
    with pytest.raises(NotObtained, match="unpack .*de_de/audio/train.tar.gz"):
        list(read(tmp_path, spoken="deu"))


def test_lhotse_reads_the_same(tmp_path):
    from lhotse.recipes.fleurs import prepare_fleurs

    lhotse_folder = tmp_path / "lhotse"  # it expects lists and audio in separate folders
    (lhotse_folder / "metadata").mkdir(parents=True)
    (lhotse_folder / "metadata" / "en_us").symlink_to(tree(tmp_path) / "data" / "en_us")
    (lhotse_folder / "en_us").symlink_to(tmp_path / "data" / "en_us" / "audio")
    manifests = prepare_fleurs(lhotse_folder, tmp_path / "manifests", "en_us", num_jobs=1)["en_us"]
    theirs = {
        (f"en_us_{s.recording_id}", s.custom["raw_text"], s.id.partition("_")[0], split, s.duration)
        for split, parts in manifests.items()
        for s in parts["supervisions"]
    }
    utterances, _ = separate(read(tmp_path, spoken="eng", written="eng"))
    assert len(utterances) == 5
    assert {(u.id, u.texts["eng"], u.meaning, u.split, u.seconds) for u in utterances} == theirs
