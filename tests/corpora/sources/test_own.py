"""A user's own recordings with a manifest: TSV and JSON lines."""

import math

import pytest

from lib.corpora.sources.own import BadManifest, read
from tests.corpora.manifests import write_jsonl, write_tsv
from tests.corpora.sources.trees import separate, summaries

COLUMNS = (
    "id audio split source target transcript translation speaker gender seconds licence question "
    "answer start"
).split()
GOOD = {
    "id": "a",
    "audio": "a.wav",
    "split": "train",
    "source": "mdw",
    "target": "fra",
    "transcript": "mwana",
    "translation": "l'enfant",
    "speaker": "s1",
    "gender": "F",
    "seconds": "0.5",
    "licence": "CC0-1.0",
}


def write_own(folder, *rows, columns=COLUMNS):
    cells = ([(GOOD | row).get(column, "") for column in columns] for row in rows)
    return write_tsv(folder / "own.tsv", columns, cells)


def test_tsv(tmp_path):
    (utterance,) = read(write_own(tmp_path, {}))
    assert (utterance.id, utterance.language, utterance.split) == ("a", "mdw", "train")
    assert (utterance.seconds, utterance.start) == (0.5, None)
    assert (utterance.speaker, utterance.licence) == ("s1", "CC0-1.0")
    assert utterance.gender == "female"
    assert utterance.texts == {"mdw": "mwana", "fra": "l'enfant"}
    assert utterance.audio == tmp_path / "a.wav"
    assert utterance.origin == "own.tsv:2"


def test_question_with_several_answers(tmp_path):
    row = {"question": "qui", "answer": "l'enfant|un enfant"}
    (utterance,) = read(write_own(tmp_path, row))
    assert utterance.question == "qui"
    assert utterance.answers == ("l'enfant", "un enfant")


def test_part_of_a_longer_file(tmp_path):
    (utterance,) = read(write_own(tmp_path, {"start": "1.5"}))
    assert utterance.start == 1.5
    assert str(utterance.sound) == f"{tmp_path}/a.wav#t=1.500,2.000"


def read_without_splits(folder):
    lines = "\n".join(f"{n}.wav\teng\tme\tsentence {n % 40}" for n in range(400))
    (folder / "m.tsv").write_text(f"audio\tsource\tspeaker\ttranscript\n{lines}\n")
    return separate(read(folder / "m.tsv"))


def test_only_audio_and_source_are_required(tmp_path):
    utterances, _ = read_without_splits(tmp_path)
    fourth = utterances[3]
    assert (fourth.id, fourth.speaker) == ("3", "me")
    assert math.isnan(fourth.seconds)


def test_without_a_split_equal_sentences_are_in_one(tmp_path):
    utterances, _ = read_without_splits(tmp_path)
    splits = {(u.texts["eng"], u.split) for u in utterances}
    assert len(splits) == 40
    assert {split for _, split in splits} == {"train", "dev", "test"}


def test_lines_without_a_split_are_noted(tmp_path):
    _, (noted,) = read_without_splits(tmp_path)
    assert noted.outcome == "noted"
    assert "400 lines name no split" in noted.problem


def test_default_ids_are_unique(tmp_path):
    rows = [
        {"audio": "talk.wav", "start": 0, "seconds": 2},
        {"audio": "talk.wav", "start": 2, "seconds": 2},
        {"audio": "ann/1.wav"},
        {"audio": "bob/1.wav"},
        {"audio": "a.wav", "question": "who?"},
        {"audio": "a.wav", "question": "what?"},
    ]
    rows = [row | {"source": "eng", "split": "train"} for row in rows]
    assert len({u.id for u in read(write_jsonl(tmp_path, *rows))}) == 6


@pytest.mark.parametrize("alias", ["valid", "validation", "dev"])
def test_names_of_dev(tmp_path, alias):
    (utterance,) = read(write_own(tmp_path, {"split": alias}))
    assert utterance.split == "dev"


@pytest.mark.parametrize(
    "row",
    [
        {"texts": {"english": "hi"}},
        {"texts": {"en": "hi", "eng": "hello"}},
        {"target": "eng", "transcript": "hi", "translation": "hello"},
        {"start": -1, "seconds": 1},
        {"transcript": "half \ud83d"},
        {"id": "half \ud83d"},
        {"source": ["eng"]},
        {"seconds": [2]},
        {"seconds": float("inf")},
        {"audio": "a\u0000"},
        {"split": "eval"},
        {"translation": "sans cible", "target": ""},
        {"texts": "eng"},
        {"texts": ["eng"]},
    ],
    ids=str,
)
def test_unusable_json_line_is_dropped(tmp_path, row):
    path = write_jsonl(tmp_path, {"audio": "a.wav", "source": "eng", "split": "train"} | row)
    _, findings = separate(read(path))
    assert summaries(findings) == [("line", "m.jsonl:1", "dropped")]


@pytest.mark.parametrize(
    "fields, problem",
    [
        ({"source": "french"}, "the language 'french' is not known"),
        ({"seconds": "long"}, "seconds is 'long', not a number"),
        ({"audio": ""}, "audio is empty"),
        ({"start": "2", "seconds": ""}, "it has a start but no seconds"),
        ({"translation": "a\tb"}, "has 15 fields, not 14"),
    ],
)
def test_unusable_tsv_line_is_dropped(tmp_path, fields, problem):
    (good,), (bad,) = separate(read(write_own(tmp_path, {}, fields)))
    assert good.id == "a"
    assert (bad.problem, bad.origin, bad.outcome) == (problem, "own.tsv:3", "dropped")
    assert bad.remedy


def test_unknown_column_is_noted(tmp_path):
    _, (noted,) = separate(read(write_own(tmp_path, {}, columns=[*COLUMNS, "transcipt"])))
    assert noted.outcome == "noted"
    assert "transcipt is not read" in noted.problem


def test_lines_of_another_target_are_skipped(tmp_path):
    rows = [{"target": "fra"}, {"target": "spa"}, {"target": "", "translation": ""}]
    found = list(read(write_own(tmp_path, *rows), "mdw", "fra"))
    assert [set(u.texts) for u in found] == [{"mdw", "fra"}, {"mdw"}]


def test_lines_of_another_source_are_skipped(tmp_path):
    (found,) = read(write_own(tmp_path, {}, {"source": "eng"}), "eng")
    assert found.language == "eng"


@pytest.mark.parametrize("asked", [("spa", None), ("mdw", "eng"), ("fra", "mdw")])
def test_languages_without_any_line_are_an_error_that_names_those_with_lines(tmp_path, asked):
    path = write_own(tmp_path, {}, {}, {"source": "eng", "target": "deu"})
    wanted = " into ".join(filter(None, asked))
    found = r"mdw into fra \(2\), eng into deu \(1\)"
    with pytest.raises(BadManifest, match=f"no line of {wanted}; its lines are {found}"):
        list(read(path, *asked))


@pytest.mark.parametrize(
    "tag, code",
    [("FRA", "fra"), ("fr", "fra"), ("fre", "fra"), ("fr-FR", "fra"), ("fra_Latn", "fra")]
    + [("Eng", "eng"), ("en", "eng"), ("cmn", "zho"), ("zh-yue", "yue"), ("swh", "swa")],
)
def test_codes_that_mean_the_same_are_read_as_iso_639_3(tmp_path, tag, code):
    rows = {"target": tag}, {"target": tag, "id": "b"}, {"target": code, "id": "c"}
    utterances, (finding,) = separate(read(write_own(tmp_path, *rows), "mdw", code))
    assert [set(u.texts) for u in utterances] == [{"mdw", code}] * 3
    assert (finding.origin, finding.outcome) == ("own.tsv:2", "repaired")
    assert finding.problem == f"target is {tag!r}, on 2 lines"


def test_texts_by_a_code_that_means_the_same(tmp_path):
    row = {
        "audio": "a.wav",
        "source": "EN",
        "texts": {"en": "hi", "fr-CA": "salut"},
        "split": "dev",
    }
    (utterance,), findings = separate(read(write_jsonl(tmp_path, row), "eng"))
    assert utterance.texts == {"eng": "hi", "fra": "salut"}
    assert {f.problem for f in findings} == {
        "source is 'EN', on 1 lines",
        "texts is 'en', on 1 lines",
        "texts is 'fr-CA', on 1 lines",
    }


def test_lines_of_an_unknown_language_are_named_whatever_is_asked_for(tmp_path):
    path = write_own(tmp_path, {}, {"target": "french"}, {"source": "mboshi"})
    _, findings = separate(read(path, "mdw", "fra"))
    assert summaries(findings) == [("line", f"own.tsv:{n}", "dropped") for n in (3, 4)]


def test_json_lines(tmp_path):
    texts = {"fra": "oui", "eng": "yes"}
    second_row = {"audio": "b.wav", "source": "fra", "texts": texts, "split": "dev"}
    first, second = read(write_jsonl(tmp_path, GOOD, second_row))
    assert first.texts == {"mdw": "mwana", "fra": "l'enfant"}
    assert second.texts == texts


def test_lines_that_are_no_json_objects_are_dropped(tmp_path):
    path = write_jsonl(tmp_path, GOOD)
    path.write_text(path.read_text() + "{oops\n[1]\n")
    _, (broken, a_list) = separate(read(path))
    assert broken.origin == "m.jsonl:2"
    assert "not JSON" in broken.problem
    assert a_list.origin == "m.jsonl:3"


def test_missing_manifest(tmp_path):
    with pytest.raises(BadManifest, match="is not there"):
        list(read(tmp_path / "none.tsv"))


def test_missing_column(tmp_path):
    message = "lacks the column source.*A manifest has the columns audio, source"
    with pytest.raises(BadManifest, match=message):
        list(read(write_own(tmp_path, {}, columns=["audio"])))


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is empty"),
        (b"audio\tsource\n", "lists nothing"),
        (b"audio\tsource\n\n \n", "lists nothing"),
        (b"audio\tsource\ra.wav\teng\r", "ends its lines in CR alone"),
        (b"audio\tsource\ttranscript\ttranscript\n", "has the column transcript twice"),
        ("audio\tsource\na.wav\teng\n".encode("utf-16"), "is it UTF-16"),
        ("audio\tsource\na.wav\teng\n".encode("utf-16-le"), "is it UTF-16"),
        (b"audio\tsource\xe9\na.wav\teng\n", "is not UTF-8"),
    ],
)
def test_manifest_that_cannot_be_read(tmp_path, content, message):
    (tmp_path / "m.tsv").write_bytes(content)
    with pytest.raises(BadManifest, match=f"m.tsv.*{message}"):
        list(read(tmp_path / "m.tsv"))


def test_empty_json_lines(tmp_path):
    with pytest.raises(BadManifest, match="lists nothing"):
        list(read(write_jsonl(tmp_path)))


def test_folder_instead_of_a_manifest(tmp_path):
    write_own(tmp_path, {})
    message = r"is a folder; give the path of its manifest, such as .*own\.tsv"
    with pytest.raises(BadManifest, match=message):
        list(read(tmp_path))


def test_csv_is_refused(tmp_path):
    (tmp_path / "m.csv").write_text("audio,source\na.wav,eng\n")
    with pytest.raises(BadManifest, match="save a table as text with tabs"):
        list(read(tmp_path / "m.csv"))


def test_real_hour_by_its_manifest(shared_data):
    utterances, _ = separate(read(shared_data / "mboshi.tsv", "mdw", "fra"))
    assert sum(u.seconds for u in utterances) / 3600 == pytest.approx(0.836, abs=0.001)
