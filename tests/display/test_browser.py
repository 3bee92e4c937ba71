import pytest

from lib.display.browser import ClipBrowser
from lib.utterance import Utterance
from tests.corpora.sources.trees import tone
from tests.display.outputs import MARKUP, is_escaped


@pytest.fixture
def browser(tmp_path):
    def utterance(name, start=None):
        return Utterance(
            id=name,
            audio=tone(tmp_path / f"{name}.wav", 2.0),
            seconds=0.5,
            language="eng",
            speaker="s",
            split="train",
            texts={"eng": f"text of {name}"},
            start=start,
        )

    return ClipBrowser(
        {
            "short": [("0.5 s", utterance("a"))],
            "long": [("2.0 s", utterance("b", start=1.0))],
            MARKUP: [(MARKUP, utterance("c"))],
        }
    )


def test_each_rule_is_a_section(browser):
    assert browser.to_html().count("<details") == 3


def test_the_first_two_sections_are_open(browser):
    assert browser.to_html().count("<details open>") == 2


def test_rules_and_reasons_are_escaped(browser):
    assert is_escaped(browser.to_html())


def test_a_part_of_a_recording_is_played_alone(browser):
    assert str(browser.clips_of("long").audio[0]).endswith("b.wav#t=1.000,1.500")


def test_clips_of_a_rule_are_rendered_once(browser):
    assert browser.clips_of("short") is browser.clips_of("short")


def test_the_table_names_the_rule_of_each_clip(browser):
    assert list(browser.table()["rule"]) == ["short", "long", MARKUP]


def test_the_widget_starts_with_the_first_rule(browser):
    _, page = browser.live().children
    assert "text of a" in page.children[0].children[1].value


def test_the_widget_shows_the_selected_rule(browser):
    menu, page = browser.live().children
    menu.value = "long"
    assert "text of b" in page.children[0].children[1].value
