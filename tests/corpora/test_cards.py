from dataclasses import replace

import pytest

from lib.corpora import cards, defects
from lib.corpora.cards import BadCard, Size, card_names, check_card, read_card
from lib.corpora.curation.rules import OPEN_LICENCES, Rules
from lib.corpora.sources import SOURCES
from lib.languages import LANGUAGES
from tests.corpora.manifests import ROWS, curate_own

PUBLISHED_CARDS = cards.CARDS
CARD = replace(
    read_card("librispeech"),
    licence="CC-BY-4.0",
    sizes=(),
    speakers_disjoint=True,
    sentences_disjoint=True,
    checks=(),
    spoken=("eng",),
)


def check(tmp_path, rows=ROWS, card=CARD, rules=Rules()):
    """The checks of a card by their facts."""
    return {row.fact: row for row in check_card(card, curate_own(tmp_path, rows, rules))}


def test_every_source_has_a_card():
    assert set(card_names()) - {"phrasebook"} == set(SOURCES)


@pytest.mark.parametrize("field", ["obtain", "layout", "splits", "intended_use", "licence"])
@pytest.mark.parametrize("name", card_names())
def test_a_card_describes_its_corpus(name, field):
    assert getattr(read_card(name), field)


@pytest.mark.parametrize("name", card_names())
def test_the_languages_of_a_card_are_known(name):
    card = read_card(name)
    assert set(card.spoken + card.written) <= set(LANGUAGES)


@pytest.mark.parametrize("name", card_names())
def test_the_checks_of_a_card_exist(name):
    assert set(read_card(name).checks) <= set(defects.CHECKS)


def test_a_corpus_that_is_as_its_card_states(tmp_path):
    sizes = (
        Size(language="eng", split="train", hours=1 / 3600, utterances=1, speakers=1),
        Size(language="eng", split="all", utterances=3),
    )
    found = check(tmp_path, card=replace(CARD, sizes=sizes))
    assert {row.verdict for row in found.values()} == {"holds"}


WRONG_SIZES = [
    (Size(language="eng", split="train", hours=2 / 3600), "50 % of the corpus"),
    (Size(language="eng", split="all", utterances=4), "75 % of the corpus"),
    (Size(language="eng", split="dev", speakers=2), "another release"),
    (Size(language="all", split="all", utterances=3, speakers=9), "another release"),
]


@pytest.fixture(scope="module")
def wrong_sizes(tmp_path_factory):
    card = replace(CARD, sizes=tuple(size for size, _ in WRONG_SIZES))
    return check(tmp_path_factory.mktemp("sizes"), card=card)


@pytest.mark.parametrize("size, remedy", WRONG_SIZES)
def test_a_wrong_size_does_not_hold(wrong_sizes, size, remedy):
    assert wrong_sizes[f"size: {size.language}, {size.split}"].verdict == "does not hold"


@pytest.mark.parametrize("size, remedy", WRONG_SIZES)
def test_a_wrong_size_has_a_remedy(wrong_sizes, size, remedy):
    assert remedy in wrong_sizes[f"size: {size.language}, {size.split}"].remedy


def test_the_size_of_a_language_that_was_not_read_is_not_checked(tmp_path):
    card = replace(CARD, sizes=(Size(language="deu", split="all", hours=9),))
    assert check(tmp_path, card=card)["size: deu, all"].verdict == "not checked"


@pytest.fixture(scope="module")
def leaking(tmp_path_factory):
    """Checks of a corpus with a sentence and a speaker of its test set in train."""
    rows = [
        *ROWS,
        ("d", "train", "Four fishes, in the sea!", "quatre poissons", "z", "1.00", 1.0),
        ("e", "train", "five more of them", "cinq de plus", "z", "1.00", 1.0),
    ]
    return check(tmp_path_factory.mktemp("leaks"), rows)


@pytest.mark.parametrize("what", ["sentences", "speakers"])
def test_leaks_are_reported(leaking, what):
    assert leaking[f"{what} of train, dev and test"].verdict == "does not hold"


def test_leaked_sentences_are_counted(leaking):
    assert leaking["sentences of train, dev and test"].found.startswith("1 utterances")


@pytest.fixture(scope="module")
def unlicensed(tmp_path_factory):
    """The check of the licence, where the manifest states none and the run needs an open one."""
    found = check(tmp_path_factory.mktemp("licence"), rules=Rules(licences=OPEN_LICENCES))
    return next(row for fact, row in found.items() if "licence" in fact)


def test_a_licence_that_the_run_does_not_allow_is_reported(unlicensed):
    assert unlicensed.verdict == "does not hold"


def test_utterances_without_an_allowed_licence_are_counted(unlicensed):
    assert unlicensed.remedy.startswith("3 utterances were left out")


@pytest.fixture
def own_cards(tmp_path, monkeypatch):
    """An empty folder of cards."""
    monkeypatch.setattr(cards, "CARDS", tmp_path)
    read_card.cache_clear()
    yield tmp_path
    read_card.cache_clear()


@pytest.mark.parametrize(
    "text, cause",
    [
        ("no front matter", "does not start with front matter"),
        ("---\nname: x\n---\n", "not that of a data card"),
        ("---\na: [\n---\n", "not that of a data card"),
    ],
)
def test_an_invalid_card_is_refused(own_cards, text, cause):
    (own_cards / "x.md").write_text(text)
    with pytest.raises(BadCard, match=f"x.md.*{cause}"):
        read_card("x")


@pytest.mark.parametrize(
    "old, new, cause",
    [
        ("name: mls", "name: y", "its name field is 'y'; it must be the name of the file"),
        ("split: train", "split: trian", "unknown split 'trian' in sizes"),
    ],
)
def test_a_card_with_a_wrong_field_is_refused(own_cards, old, new, cause):
    text = (PUBLISHED_CARDS / "mls.md").read_text()
    (own_cards / "mls.md").write_text(text.replace(old, new))
    with pytest.raises(BadCard, match=cause):
        read_card("mls")


def test_a_missing_card_is_refused(own_cards):
    with pytest.raises(BadCard, match="there is no data card .*y.md"):
        read_card("y")
