"""Several corpora as one, and a share of one: FLEURS and Common Voice in published layouts."""

from dataclasses import replace
from pathlib import Path

import pytest

from lib.corpora.phrasebook import TINY_BREADTH, Phrasebook
from lib.systems.corpora import (
    CorpusChoice,
    join_corpora,
    joined_recordings,
    parse_corpora,
    share_of,
)
from lib.systems.zero_resource.recipe import RECIPES
from lib.utterance import Corpus, Dropped, Utterance
from tests.systems.llm_srt.test_recordings import SIZES, write_common_voice, write_fleurs

SMOKE = RECIPES["smoke"]


def utterance(id, language="eng", split="train", meaning=""):
    return Utterance(
        id=id,
        audio=Path(f"{id}.flac"),
        seconds=2.0,
        language=language,
        speaker="x",
        split=split,
        texts={language: id},
        meaning=meaning,
    )


def corpus(name, *utterances, **changes):
    made = Corpus(
        name=name, utterances=list(utterances), hash=name, synthetic=False, licence="CC0-1.0"
    )
    return replace(made, **changes)


ONE = corpus("one", utterance("a"), utterance("b", "deu"), utterance("c", split="test"))
OTHER = corpus("other", utterance("a"), utterance("d", "deu", "dev"))
BOTH = [(ONE, None), (OTHER, ("train",))]


def ids(joined):
    return [u.id for u in joined.utterances]


# ---- names and folders ----


def test_corpora_are_read_with_their_folders():
    found = parse_corpora(" covost2=/data/co  own=/data/a=b.tsv ", "open")
    assert found == [
        CorpusChoice(name="covost2", folder="/data/co", licences="open"),
        CorpusChoice(name="own", folder="/data/a=b.tsv", licences="open"),
    ]


def test_a_corpus_may_lack_its_folder():
    """What it needs is said when it is opened."""
    (found,) = parse_corpora("fleurs")
    assert (found.name, found.folder, found.licences) == ("fleurs", "", "")


@pytest.mark.parametrize("text", ["", "  "])
def test_no_corpus_is_refused(text):
    with pytest.raises(ValueError, match="no corpus is given; write them as: covost2="):
        parse_corpora(text)


# ---- joining ----


def test_ids_are_unique_and_name_the_corpus():
    joined = join_corpora(BOTH, ("eng", "deu"))
    assert ids(joined) == ["one/a", "one/b", "one/c", "other/a"]
    assert [u.source for u in joined.utterances] == ["one", "one", "one", "other"]


def test_only_the_languages_that_are_wanted_are_there():
    assert ids(join_corpora(BOTH, ("deu",))) == ["one/b"]


@pytest.mark.parametrize("splits, found", [(None, ["a", "d"]), (("dev",), ["d"]), ((), [])])
def test_only_the_splits_that_are_wanted_are_there(splits, found):
    joined = join_corpora([(OTHER, splits)], ("eng", "deu"))
    assert ids(joined) == [f"other/{id}" for id in found]


def test_a_training_clip_that_says_what_a_test_clip_says_is_left_out_and_named():
    """CoVoST 2 has the recordings of Common Voice in other splits."""
    tested = replace(utterance("t", split="test"), texts={"eng": "Good morning, Peru!"})
    same = replace(utterance("a"), texts={"eng": "good morning Peru"})
    other = replace(utterance("b"), texts={"eng": "good night"})
    joined = join_corpora(
        [(corpus("first", tested), None), (corpus("second", same, other), ("train",))], ["eng"]
    )
    assert ids(joined) == ["first/t", "second/b"]
    assert [entry.id for entry in joined.dropped] == ["second/a"]


def test_facts_of_all_corpora_are_kept():
    lost = Dropped("x", "too long")
    other = replace(OTHER, licence="CC-BY-4.0", synthetic=True, dropped=[lost])
    joined = join_corpora([(ONE, None), (other, None)], ("eng",))
    assert joined.name == "one and other"
    assert joined.licence == "CC0-1.0, CC-BY-4.0"
    assert joined.synthetic and joined.dropped == [lost]
    plain = join_corpora(BOTH, ("eng",))
    assert plain.licence == "CC0-1.0" and not plain.synthetic


@pytest.mark.parametrize(
    "corpora, sources",
    [
        (BOTH, ("deu",)),
        (BOTH[::-1], ("eng", "deu")),
        (BOTH[:1], ("eng", "deu")),
        ([(replace(ONE, hash="changed"), None), BOTH[1]], ("eng", "deu")),
    ],
    ids=["languages", "order", "number", "content"],
)
def test_what_decides_the_corpus_changes_its_hash(corpora, sources):
    hashes = [join_corpora(BOTH, ("eng", "deu")).hash for _ in range(2)]
    assert hashes[0] == hashes[1] != join_corpora(corpora, sources).hash


# ---- recordings on disk ----


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """FLEURS and Common Voice in English and German."""
    folder = tmp_path_factory.mktemp("recordings")
    book = Phrasebook(
        spoken=(), written=("eng", "deu"), train=0, dev=0, test=0, breadth=TINY_BREADTH
    )
    sentences = book.sentences(60)
    fleurs = write_fleurs(folder / "fleurs", sentences)
    return f"fleurs={fleurs}", f"common_voice={write_common_voice(folder / 'cv', sentences)}"


@pytest.fixture(scope="module")
def opened(folders, tmp_path_factory):
    """`opened(text, languages)`: the corpora of a text as one."""
    cache = tmp_path_factory.mktemp("cache")

    def opened(text=" ".join(folders), languages=("eng", "deu"), recipe=SMOKE, licences=""):
        return joined_recordings(recipe, parse_corpora(text, licences), languages, cache)

    return opened


def sources(joined, split):
    return {u.source for u in joined.split(split)}


def test_all_corpora_are_trained_on(opened):
    joined = opened()
    assert sources(joined, "train") == {"fleurs", "common_voice"}
    of_fleurs = [u for u in joined.split("train") if u.source == "fleurs"]
    assert len(of_fleurs) == 2 * SIZES["train"]
    assert len(set(ids(joined))) == len(joined.utterances)


@pytest.mark.parametrize("reverse, first", [(False, "fleurs"), (True, "common_voice")])
def test_development_and_test_sets_are_of_the_first_corpus(opened, folders, reverse, first):
    joined = opened(" ".join(folders[::-1] if reverse else folders))
    assert sources(joined, "dev") == sources(joined, "test") == {first}
    assert sources(joined, "train") == {"fleurs", "common_voice"}


def test_recordings_in_other_languages_are_left_out(opened):
    assert {u.language for u in opened(languages=("deu",)).utterances} == {"deu"}


def test_clips_of_a_sentence_keep_their_common_meaning(opened):
    """The share of a corpus, and distances of languages, are by content."""
    clips = [u for u in opened().split("train") if u.source == "fleurs"]
    meanings = {u.meaning for u in clips}
    assert "" not in meanings and len(meanings) == SIZES["train"]


def test_long_training_clips_are_left_out_and_named(opened):
    """Each has a second."""
    joined = opened(recipe=replace(SMOKE, max_train_seconds=0.9))
    assert {u.split for u in joined.utterances} <= {"dev", "test"}
    assert len(joined.dropped) >= 2 * SIZES["train"]


def test_a_corpus_without_its_folder_is_refused(opened):
    with pytest.raises(ValueError, match="corpus=common_voice needs folder="):
        opened("common_voice")


# ---- a share ----

CLIPS = [utterance(f"{n}-{c}", c, meaning=f"m{n}") for n in range(20) for c in ("eng", "deu")]


@pytest.mark.parametrize("share, count", [(0.5, 10), (0.25, 5), (0.1, 2), (0.001, 1)])
def test_a_share_has_so_many_contents(share, count):
    kept = share_of(CLIPS, share, seed=1)
    assert len({u.meaning for u in kept}) == count
    assert len(kept) == 2 * count  # in both languages


def test_languages_that_are_drawn_from_apart_have_the_same_contents():
    drawn = [
        {u.meaning for u in share_of([u for u in CLIPS if u.language == code], 0.5, seed=1)}
        for code in ("eng", "deu")
    ]
    assert drawn[0] == drawn[1]


@pytest.mark.parametrize("seed, same", [(1, True), (2, False)])
def test_a_share_is_drawn_from_the_seed(seed, same):
    assert (share_of(CLIPS, 0.5, seed) == share_of(CLIPS[::-1], 0.5, 1)[::-1]) is same


def test_a_smaller_share_is_part_of_a_larger_one():
    assert set(map(id, share_of(CLIPS, 0.1, 1))) < set(map(id, share_of(CLIPS, 0.5, 1)))


def test_all_of_it_is_itself():
    assert share_of(CLIPS, 1.0, seed=1) is CLIPS


def test_clips_without_a_meaning_are_drawn_one_by_one():
    alone = [replace(u, meaning="") for u in CLIPS]
    assert len(share_of(alone, 0.5, seed=1)) == 20
