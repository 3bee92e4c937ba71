import pytest

from lib.corpora.sources import SOURCES
from lib.languages import LANGUAGES
from lib.systems.gmu.pairs import EXAMPLE, PAIRS, PUBLISHED_GAINS, STUDY
from lib.systems.gmu.strategies import STRATEGIES

EVERY = [*PAIRS.values(), EXAMPLE]


def test_the_nine_pairs():
    assert len(PAIRS) == 9


def test_pairs_are_found_by_their_name():
    assert {name: f"{pair.source}-{pair.target}" for name, pair in PAIRS.items()} == {
        name: name for name in PAIRS
    }


def test_languages_that_seamless_has_seen():
    seen = {pair.source for pair in PAIRS.values() if pair.seen}
    assert seen == {"est", "gle", "mar", "mlt"}


@pytest.mark.parametrize("pair", EVERY, ids=lambda pair: pair.name)
def test_a_pair_has_known_languages_corpus_and_strategy(pair):
    assert pair.source in LANGUAGES
    assert pair.target in LANGUAGES
    assert pair.corpus in {*SOURCES, "own"}
    assert pair.strategy in STRATEGIES


@pytest.mark.parametrize("pair", EVERY, ids=lambda pair: pair.name)
def test_without_transcripts_only_direct_is_recommended(pair):
    allowed = STRATEGIES if pair.transcripts else ("direct",)
    assert pair.strategy in allowed


def test_published_gains_are_of_the_nine_pairs():
    assert {f"{gain.source}-{gain.target}" for gain in PUBLISHED_GAINS} <= PAIRS.keys()


def test_the_study_has_as_many_seen_as_unseen_languages():
    from lib.systems.gmu.experiment import seen

    assert [seen("tiny", source) for source, _ in STUDY] == [True, True, False, False]


def test_the_study_is_of_languages_with_texts_and_a_voice():
    rows = [LANGUAGES[source] for source, _ in STUDY]
    assert all(row.locale and row.voice for row in rows)
