"""A whole corpus through curation: planted defects, the funnel, and the cache."""

from collections import Counter
from dataclasses import replace

import pytest

from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import OPEN_LICENCES, STEPS, Rules
from lib.corpora.sources.own import read
from tests.corpora.curation.corpora import ANY_LANGUAGE, NO_AUDIO, curated, kept, steps, utterance
from tests.corpora.curation.planted import plant, voice


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return plant(tmp_path_factory.mktemp("planted") / "own")


@pytest.fixture(scope="module")
def corpus(planted, tmp_path_factory):
    rules = Rules(licences=OPEN_LICENCES)
    cache = tmp_path_factory.mktemp("cache")
    return curate("own", planted.folder, read(planted.manifest), rules, cache)


def test_twenty_defects_are_planted(planted):
    assert len({defect.name for defect in planted.defects}) == 20


def test_planted_defects_and_nothing_else_are_found(planted, corpus):
    expected = Counter((d.step, f"own.tsv:{d.line}", d.outcome) for d in planted.defects)
    assert Counter((f.step, f.origin, f.outcome) for f in corpus.findings()) == expected


def test_every_finding_has_a_problem_and_a_remedy(corpus):
    assert all(finding.problem for finding in corpus.findings())
    assert all(finding.remedy for finding in corpus.findings())


def test_clean_lines_are_kept_in_order(planted, corpus):
    assert kept(corpus) == list(planted.clean)


def test_kept_lines_are_unchanged(planted, corpus):
    for found, row in zip(corpus.store, planted.clean.values(), strict=True):
        assert found.texts == {"eng": row["transcript"], "fra": row["translation"]}
        assert (found.split, found.speaker) == (row["split"], row["speaker"])
        assert (found.language, found.licence) == ("eng", row["licence"])
        assert found.audio == planted.folder / row["audio"]
        assert found.seconds == pytest.approx(float(row["seconds"]), abs=0.01)


def total(corpus, step, column="utterances"):
    return sum(row[column] for row in corpus.funnel if row["step"] == step)


def test_funnel_starts_with_every_listed_line(corpus):
    dropped = list(corpus.findings("dropped"))
    assert total(corpus, "listed") == len(corpus.store) + len(dropped)


def test_funnel_ends_with_what_is_kept(corpus):
    last = list(STEPS)[-1]
    assert total(corpus, last) == len(corpus.store)
    hours = sum(u.seconds for u in corpus.store) / 3600
    assert total(corpus, last, "hours") == pytest.approx(hours, abs=1e-3)


def test_funnel_counts_what_a_step_drops(corpus):
    assert total(corpus, "identifier") - total(corpus, "licence") == 1


def test_files_are_counted(corpus):
    assert corpus.files["rates"]["8000"] == 1
    assert corpus.files["channels"]["2"] == 1
    assert corpus.files["lengths"]["given"] == len(corpus.listed) - 2  # two lines have none


def test_lines_that_cannot_be_read_are_in_the_funnel(tmp_path):
    lines = "a.wav\teng\tso it is written\t1.5\nb.wav\txxx\tno\t1\n"
    (tmp_path / "m.tsv").write_text(f"audio\tsource\ttranscript\tseconds\n{lines}")
    corpus = curated(tmp_path, read(tmp_path / "m.tsv"))
    assert len(corpus.store) == 1
    assert steps(corpus) == {"b": "line"}
    assert total(corpus, "listed") == 2


def test_empty_list_is_an_empty_corpus(tmp_path):
    corpus = curated(tmp_path, [])
    assert len(corpus.store) == 0
    assert corpus.funnel == []


@pytest.fixture
def two_clips(tmp_path):
    for name in "ab":
        voice(tmp_path / f"{name}.wav", 2.0, 150.0, seed=ord(name))
    return [utterance(tmp_path, "a"), utterance(tmp_path, "b")]


def test_same_corpus_is_curated_once(tmp_path, two_clips):
    first, second = (curated(tmp_path, two_clips, ANY_LANGUAGE) for _ in range(2))
    assert first.folder == second.folder


def test_other_rules_are_another_curation(tmp_path, two_clips):
    first = curated(tmp_path, two_clips, ANY_LANGUAGE)
    second = curated(tmp_path, two_clips, replace(ANY_LANGUAGE, max_seconds=20.0))
    assert first.folder != second.folder


def test_changed_audio_is_curated_again(tmp_path, two_clips):
    assert steps(curated(tmp_path, two_clips, ANY_LANGUAGE)) == {}
    voice(tmp_path / "b.wav", 1.0, 150.0)
    assert steps(curated(tmp_path, two_clips, ANY_LANGUAGE)) == {"b": "length"}


def test_no_temporary_folder_is_left(tmp_path, two_clips):
    curated(tmp_path, two_clips, ANY_LANGUAGE)
    assert not list((tmp_path / "cache" / "curation").glob("tmp*"))


def test_corpus_that_moves_keeps_its_hash(tmp_path):
    corpora = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        corpora.append(curated(tmp_path / name, [utterance(tmp_path / name, "a")]))
    assert corpora[0].store.hash == corpora[1].store.hash
    assert corpora[0].store[0].audio != corpora[1].store[0].audio


def test_missing_held_out_file_is_an_error(tmp_path):
    rules = replace(NO_AUDIO, held_out=(str(tmp_path / "none.txt"),))
    with pytest.raises(FileNotFoundError, match="none.txt"):
        curated(tmp_path, [utterance(tmp_path, "a")], rules)
