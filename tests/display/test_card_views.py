import pytest

from lib.corpora.cards import card_names, read_card
from lib.corpora.defects import CardCheck
from lib.display.card_views import card_page
from tests.display.outputs import MARKUP, is_escaped


def check(fact="hours", verdict="holds"):
    return CardCheck(fact=fact, stated="10", found="9", verdict=verdict, remedy="correct it")


@pytest.mark.parametrize("name", card_names())
def test_every_card_shows_its_licence(name):
    card = read_card(name)
    assert f"<td>licence</td><td>{card.licence}</td>" in card_page(card, []).body


def test_a_corpus_without_a_card_has_its_checks():
    assert "<td>hours</td><td>10</td><td>9</td><td>holds</td>" in card_page(None, [check()]).body


def test_a_fact_that_does_not_hold_stands_out():
    body = card_page(None, [check(verdict="does not hold")]).body
    assert "<td><b>does not hold</b></td>" in body


def test_checks_are_escaped():
    assert is_escaped(card_page(None, [check(fact=MARKUP)]).body)
