"""The glossary is in order, and every link to it resolves."""

import json
import re

import pytest

from lib.workbook.paths import ROOT

FOLDER = ROOT / "notebooks"
GLOSSARY = (FOLDER / "glossary.md").read_text(encoding="utf-8")
TERMS = re.findall(r"^## (.+)$", GLOSSARY, re.MULTILINE)


def anchor(heading):
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


ANCHORS = [anchor(term) for term in TERMS]


def links(text, page):
    return re.findall(rf"\]\({re.escape(page)}#([^)]*)\)", text)


def test_terms_are_in_alphabetical_order():
    assert TERMS == sorted(TERMS, key=str.lower)


def test_every_anchor_is_unique():
    assert len(set(ANCHORS)) == len(ANCHORS)


def test_links_within_the_glossary_resolve():
    assert set(links(GLOSSARY, "")) <= set(ANCHORS)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.ipynb")), ids=lambda path: path.stem)
def test_links_of_the_notebooks_resolve(path):
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells)
    assert set(links(text, "glossary.md")) <= set(ANCHORS)


def test_a_link_without_a_heading_is_found():
    assert links("see [BLEU](glossary.md#bleu)", "glossary.md") == ["bleu"]
