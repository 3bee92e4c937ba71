"""A data card and the checks of its facts against the data."""

from __future__ import annotations

from collections.abc import Sequence

from lib.corpora.cards import Card
from lib.corpora.defects import CardCheck
from lib.display.html import Page, escape, table


def card_page(card: Card | None, checks: Sequence[CardCheck]) -> Page:
    """The facts of a data card, and each of them beside what the data shows.

    Args:
        card: None for a corpus without one.
    """
    facts = table(_facts(card)) if card else ""
    rows = [
        {
            "fact": escape(check.fact),
            "card": escape(check.stated),
            "data": escape(check.found),
            "verdict": check.verdict if check.verdict == "holds" else f"<b>{check.verdict}</b>",
            "remedy": escape(check.remedy),
        }
        for check in checks
    ]
    return Page(facts + table(rows, frozenset(rows[0]) if rows else frozenset()))


def _facts(card: Card) -> list[dict]:
    facts = {
        "licence": card.licence,
        "account": card.account,
        "splits": card.splits,
        "intended use": card.intended_use,
        "known defects": "; ".join(card.known_defects),
        "layout": "verified" if card.layout_certain else "not verified",
    }
    return [{"field": name, card.title: value} for name, value in facts.items()]
