import pytest

from lib.corpora import cldr
from lib.corpora.cldr import Item, NotInLocale
from lib.corpora.phrasebook import ALL_OF_CLDR, Breadth, Phrasebook, split_of
from lib.languages import LANGUAGES

PROMISED = "est gle mlt mar que eng hin spa fra deu zho cat nld ita por swa ara".split()


def test_at_least_fourteen_languages_can_be_spoken_and_written():
    able = [row.code for row in LANGUAGES.values() if row.locale and row.voice]
    assert set(PROMISED) <= set(able) and len(able) >= 14
    texts = Phrasebook(tuple(PROMISED), (), 3, 1, 1).sentences(3)
    assert all(set(text) == set(PROMISED) and all(text.values()) for text in texts)


def test_known_phrases():
    assert cldr.say(Item("unit", "length-kilometer", 12), "eng") == "12 kilometers"
    assert cldr.say(Item("unit", "length-kilometer", 1), "est") == "1 kilomeeter"
    assert cldr.say(Item("relative", "day", -3), "spa") == "hace 3 días"
    assert cldr.say(Item("territory", "FR"), "que") == "Francia"
    assert cldr.say(Item("date", "11", 11), "eng") == "November 11"
    assert cldr.join(["A", "B", "C"], "fra") == "A, B et C"


@pytest.mark.parametrize(
    "item, code",
    [(Item("unit", "length-kilometer", 12), "mlt"), (Item("territory", "FR"), "bem"), (Item("unit", "no-such-unit", 2), "eng")],
)
def test_cldrs_root_fallback_is_refused(item, code):
    with pytest.raises(NotInLocale, match=code):
        cldr.say(item, code)


def test_no_content_is_in_two_splits_whatever_the_seed():
    contents = {}
    for seed in (1, 2):
        for split in ("train", "dev", "test"):
            for content in Phrasebook(("est",), ("eng",), 1, 1, 1, seed=seed).contents(split, 150):
                assert contents.setdefault(tuple(sorted(content)), split) == split


def test_order_of_items_does_not_move_a_content_and_single_items_train():
    one, other = Item("territory", "FR"), Item("weekday", "3")
    assert split_of((one, other)) == split_of((other, one))
    assert split_of((one,)) == "train"


def test_same_spec_same_contents_and_another_seed_others():
    spec = dict(spoken=("est",), written=("eng",), train=1, dev=1, test=1)
    assert Phrasebook(**spec).contents("test", 20) == Phrasebook(**spec).contents("test", 20)
    assert Phrasebook(**spec).contents("test", 20) != Phrasebook(**spec, seed=2).contents("test", 20)
    assert Phrasebook(**spec).hash != Phrasebook(**spec, seed=2).hash


def test_breadth_widens_the_words():
    def words(breadth):
        sentences = Phrasebook(("est",), ("eng",), 1, 1, 1, breadth).sentences(400)
        return {word for sentence in sentences for word in sentence["eng"].split()}

    assert len(words(ALL_OF_CLDR)) > 3 * len(words(Breadth()))


def test_too_narrow_a_breadth_says_so():
    narrow = Breadth(territories=2, languages=0, units=0, currencies=0, largest=2, items=(1, 1))
    with pytest.raises(ValueError, match="holds only .* widen"):
        Phrasebook(("est",), ("eng",), 1, 1, 1, narrow).contents("train", 500)


@pytest.mark.parametrize("spoken, why", [(("aeb",), "no CLDR"), (("xxx",), "unknown language"), (("mdw",), "no CLDR")])
def test_languages_that_cannot_be_spoken(spoken, why):
    with pytest.raises(ValueError, match=why):
        Phrasebook(spoken, ("eng",), 1, 1, 1)
