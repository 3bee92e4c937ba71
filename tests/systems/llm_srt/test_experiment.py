"""LLM-SRT's experiment: languages and directions, what is refused, and names of folders."""

import pytest

from lib.languages import language, parse_languages
from lib.systems.llm_srt.experiment import (
    DEFAULT_LANGUAGES,
    PAPER_LANGUAGES,
    ZERO_SHOT,
    all_directions,
    open_experiment,
    parse_directions,
)
from lib.systems.llm_srt.strategies import STRATEGIES
from tests.systems.llm_srt.cases import with_recipe

MAX_NAME = 255  # bytes of a file name


def reopened(llm_srt, **options):
    """Another experiment with the models of this one."""
    return open_experiment("smoke", 1, llm_srt.cache, **options)


# ---- languages and directions ----


def test_all_directions_are_between_different_languages():
    found = all_directions(("eng", "deu"), ("deu", "fra"))
    assert found == (("eng", "deu"), ("eng", "fra"), ("deu", "fra"))


def test_the_papers_languages_have_210_directions():
    assert len(all_directions(PAPER_LANGUAGES, PAPER_LANGUAGES)) == 210
    assert all(language(code).fleurs for code in PAPER_LANGUAGES)


def test_a_direction_of_an_unknown_language_is_refused_by_name():
    with pytest.raises(ValueError, match="unknown language 'xyz'"):
        parse_directions("eng-xyz")


def test_directions():
    assert parse_directions("deu-fra, fra-zho") == (("deu", "fra"), ("fra", "zho"))
    assert parse_directions("") == ()


@pytest.mark.parametrize("part", ["deu", "deu-", "deu-deu"])
def test_a_part_that_is_no_direction_is_refused_by_name(part):
    with pytest.raises(ValueError, match=f"'{part}' is no direction; write it as deu-fra"):
        parse_directions(f"eng-deu {part}")


@pytest.mark.parametrize("part", ["deu-fra-zho", "-fra"])
def test_a_direction_of_other_than_two_languages_is_refused(part):
    with pytest.raises(ValueError, match="unknown language"):
        parse_directions(part)


def test_every_language_is_a_trained_source_and_a_trained_target():
    codes, unseen = parse_languages(DEFAULT_LANGUAGES), parse_directions(ZERO_SHOT)
    trained = [pair for pair in all_directions(codes, codes) if pair not in unseen]
    assert len(trained) == 9
    assert {source for source, _ in trained} == {target for _, target in trained} == set(codes)


# ---- opening ----


def test_zero_shot_directions_of_other_languages_are_ignored(llm_srt):
    few = reopened(llm_srt, sources="eng deu", targets="deu fra")
    assert few.directions == (("eng", "deu"), ("eng", "fra"), ("deu", "fra"))
    assert few.system.zero_shot == (("deu", "fra"),)


@pytest.mark.parametrize(
    "languages",
    [
        {"sources": "deu", "targets": "fra"},
        {"sources": "eng", "targets": "eng"},
        {"sources": "eng", "targets": "deu", "zero_shot": "eng-deu"},
    ],
)
def test_no_direction_to_train_on_is_refused(llm_srt, languages):
    with pytest.raises(ValueError, match="leave no direction to train on"):
        reopened(llm_srt, **languages)


@pytest.mark.parametrize("languages", [{"sources": "eng spa"}, {"targets": "spa"}])
def test_a_language_that_the_models_do_not_know_is_refused(llm_srt, languages):
    with pytest.raises(ValueError, match="spa: the models of this scale know eng, deu, fra, zho"):
        reopened(llm_srt, **languages)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"processes": 0}, "processes is 0"),
        ({"chinese": "chi"}, "Chinese has no tag 'chi'"),
        ({"language_model": "qwen2.5-7b"}, "is for scale full; smaller"),
        ({"language_model": "qwen9"}, "unknown language model 'qwen9'"),
        ({"asr_corpus": "common_voice=/data/cv"}, "asr_corpus=.* needs corpus="),
        ({"corpus": "fleurs"}, "corpus=fleurs needs folder="),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_options_that_cannot_be_met_are_refused(llm_srt, options, message):
    with pytest.raises(ValueError, match=message):
        reopened(llm_srt, **options)


def test_full_needs_recordings(tmp_path):
    with pytest.raises(ValueError, match="full scale trains on recordings"):
        open_experiment("full", 1, tmp_path)


def test_the_seed_is_of_the_models_too(llm_srt, tmp_path):
    other = open_experiment("smoke", 2, tmp_path)
    assert other.backbone.name != llm_srt.backbone.name
    assert other.system.language_model.name != llm_srt.system.language_model.name
    assert other.corpus.hash == llm_srt.corpus.hash


# ---- folders ----


@pytest.mark.parametrize("count", [2, 4, 15])
def test_names_of_folders_fit_a_file_system(llm_srt, count):
    codes = PAPER_LANGUAGES[:count]
    llm_srt = with_recipe(llm_srt)
    llm_srt.directions = all_directions(codes, codes)
    names = [llm_srt.folder(strategy).name for strategy in STRATEGIES.values()]
    assert max(len(name.encode()) for name in names) < MAX_NAME // 2
    assert len(set(names)) == len(names)


def test_a_folder_of_many_directions_names_their_number(llm_srt):
    many, codes = with_recipe(llm_srt), PAPER_LANGUAGES
    many.directions = all_directions(codes, codes)
    assert many.folder(STRATEGIES["srt"]).name.startswith("llm_srt-srt-210-directions-s1-")


def test_other_directions_of_the_same_number_have_another_folder(llm_srt):
    found = set()
    for codes in (("eng", "deu", "fra", "zho"), ("eng", "deu", "fra", "spa")):
        other = with_recipe(llm_srt)
        other.directions = all_directions(codes, codes)
        found.add(other.folder(STRATEGIES["srt"]).name)
    assert len(found) == 2
