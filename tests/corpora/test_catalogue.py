import json
import os

import pytest

from lib.corpora import catalogue
from lib.corpora.cards import read_card
from lib.corpora.curation.rules import OPEN_LICENCES, Rules
from lib.corpora.sources.reading import NotObtained
from tests.corpora.manifests import curate_own
from tests.corpora.sources.trees import separate, summaries, tone


@pytest.fixture(scope="module")
def curated(tmp_path_factory):
    return curate_own(tmp_path_factory.mktemp("curated"))


def test_a_missing_corpus_is_reported_with_instructions(tmp_path):
    instructions = (
        r"(?s)is not there.*Mboshi-French parallel corpus \(not stated\) is not downloaded for you"
    )
    with pytest.raises(NotObtained, match=instructions):
        catalogue.load_curated("mboshi_french", tmp_path, tmp_path / "cache")


def test_an_unknown_corpus_is_refused(tmp_path):
    with pytest.raises(ValueError, match="there is no corpus 'librespeech'; there are own, "):
        catalogue.load_curated("librespeech", tmp_path, tmp_path / "cache")


BEMBA = {"speaker_id": 1, "duration": 1.0, "bem_transcription": "x", "en_translation": "y"}


@pytest.mark.parametrize(
    "changes, problem",
    [
        ({"audio_id": "a\0.wav"}, r"a\x00.wav' is not the name of a file"),
        ({"audio_id": "a.wav", "duration": float("inf")}, "a time is infinite"),
    ],
)
def test_an_utterance_that_no_list_could_hold_is_dropped(tmp_path, changes, problem):
    path = tmp_path / "data" / "bem" / "splits" / "train.jsonl"
    path.parent.mkdir(parents=True)
    rows = [BEMBA | changes, BEMBA | {"audio_id": "b.wav"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    utterances, findings = separate(catalogue.list_corpus("bigc", tmp_path))
    assert [utterance.id for utterance in utterances] == ["b"]
    assert summaries(findings) == [("file", "data/bem/splits/train.jsonl:1", "dropped")]
    assert problem in findings[0].problem


def test_a_file_name_that_is_not_utf_8_is_dropped_and_the_others_are_curated(tmp_path):
    for part in ("train", "dev"):
        folder = tmp_path / "full_corpus_newsplit" / part
        for number, name in enumerate((f"ann_{part}", os.fsdecode(b"ann_\xff"))):
            audio = tone(folder / "a.wav", 1.0, pitch=110 + number).rename(folder / f"{name}.wav")
            audio.with_suffix(".fr").write_text(f"Ce singe {part}\n")
    curated = catalogue.load_curated("mboshi_french", tmp_path, tmp_path / "cache")
    assert {utterance.id for utterance in curated.listed} == {"ann_train", "ann_dev"}
    dropped = [f for f in curated.findings("dropped") if "not UTF-8" in f.problem]
    assert [f.origin for f in dropped] == [
        f"full_corpus_newsplit/{part}/ann_\\udcff.wav:1" for part in ("train", "dev")
    ]


def test_an_unknown_language_is_refused(tmp_path):
    with pytest.raises(ValueError, match="unknown language 'en'"):
        list(catalogue.list_corpus("own", tmp_path, "en"))


@pytest.mark.parametrize(
    "name, hint",
    [("fleurs", "the folder of the corpus. FLEURS"), ("own", "the path of a manifest")],
)
def test_a_corpus_without_a_folder_is_refused(tmp_path, name, hint):
    with pytest.raises(ValueError, match=f"corpus={name} needs folder=, {hint}"):
        catalogue.load_curated(name, "", tmp_path / "cache")


@pytest.mark.parametrize("name, part", [("mls", "The layout:\n"), ("common_voice", "\nBefore: ")])
def test_instructions_name_layout_and_account(name, part):
    assert part in catalogue.how_to_obtain(read_card(name))


def test_a_corpus_has_the_utterances_that_curation_kept(curated):
    corpus = catalogue.to_corpus(curated, "eng")
    assert [u.id for u in corpus.utterances] == ["a", "b", "c"]


def test_a_split_that_curation_emptied_is_refused(tmp_path):
    curated = curate_own(tmp_path, rules=Rules(licences=OPEN_LICENCES))
    cause = "no train utterance in eng: the last of 1 was dropped at the step 'licence'"
    with pytest.raises(ValueError, match=cause):
        catalogue.to_corpus(curated, "eng")


def test_a_language_that_the_corpus_does_not_list_is_refused(curated):
    with pytest.raises(ValueError, match="no train utterance in deu: the corpus lists none"):
        catalogue.to_corpus(curated, "deu")


def test_an_own_corpus_has_no_card_to_check(curated):
    facts = [check.fact for check in catalogue.check_corpus(curated)]
    assert facts == ["listed lengths are exact, and in seconds"]


@pytest.fixture(scope="module")
def mboshi(shared_data, tmp_path_factory):
    folder = shared_data / "mboshi-french-parallel-corpus"
    cache, rules = tmp_path_factory.mktemp("mboshi"), Rules(audio="header")
    return catalogue.load_curated("mboshi_french", folder, cache, rules)


def test_every_utterance_has_its_source_and_licence(mboshi):
    assert {(u.source, u.licence) for u in mboshi.store} == {("mboshi_french", "not stated")}


def test_dropped_utterances_are_named(mboshi):
    corpus = catalogue.to_corpus(mboshi, "mdw")
    assert len(corpus.dropped) == 950 - len(corpus.utterances)


def test_most_of_the_real_hour_is_kept(mboshi):
    assert catalogue.to_corpus(mboshi, "mdw").hours() > 0.8
