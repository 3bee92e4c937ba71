"""Notebook 01's views on corpora of every shape, the odd ones too."""

import pytest

from lib.corpora import catalogue
from lib.corpora.curation.curate import curate
from lib.corpora.curation.rules import Rules
from lib.corpora.sources.own import read
from lib.display.corpus_views import CorpusViews, card_page
from tests.corpora.sources.trees import tone

EVIL = "<script>alert('x')</script>"


def curated(
    folder, lines, columns="audio source split transcript target translation question speaker", rules=Rules(language=False)
):
    folder.mkdir()
    text = "\n".join("\t".join(line) for line in [columns.split(), *lines])
    (folder / "own.tsv").write_text(text + "\n", encoding="utf-8")
    for number in range(4):
        tone(folder / f"{number}.wav", 1.0 + number / 10, pitch=120 + 9 * number)
    return curate("own", folder, read(folder / "own.tsv"), rules, folder.parent / "cache")


def line(number, split="train", transcript="", target="", translation="", question="", speaker="x"):
    return (f"{number}.wav", "eng", split, transcript, target, translation, question, speaker)


SHAPES = {
    "transcripts": [line(n, s, f"one more line {n}") for n, s in enumerate(("train", "train", "dev", "test"))],
    "translations only": [
        line(n, s, "", "fra", f"encore une ligne {n}") for n, s in enumerate(("train", "train", "dev", "test"))
    ],
    "questions only": [line(n, s, question="who speaks?") for n, s in enumerate(("train", "train", "dev", "test"))],
    "nothing is kept": [line(9, "train", "there is no such file")],
    "nothing is listed": [],
    "nothing can be read": [("0.wav", "nobody", "train", "", "", "", "", "")],
}


@pytest.mark.parametrize("lines", SHAPES.values(), ids=SHAPES)
def test_every_view_shows_every_shape(tmp_path, lines):
    look = CorpusViews(curated(tmp_path / "own", lines))
    for view in (
        look.funnel,
        look.steps,
        look.findings,
        look.splits,
        look.language_map,
        look.durations,
        look.rates,
        look.growth,
        look.speakers,
    ):
        assert view() is not None
    assert look.leaks() == 0 and 0 <= look.left_out() <= 100
    assert look.fastest_check("eng").body and look.browser().to_html() is not None


def test_questions_alone_are_no_duplicates(tmp_path):
    assert len(curated(tmp_path / "own", SHAPES["questions only"]).store) == 4


def test_lines_that_cannot_be_read_are_in_the_picture_and_in_the_table(tmp_path):
    made = curated(tmp_path / "own", [*SHAPES["transcripts"], ("0.wav", "nobody", "train", "", "", "", "", "")])
    look = CorpusViews(made)
    (axes,) = look.funnel().axes
    assert [label.get_text() for label in axes.get_legend().get_texts()] == ["train", "dev", "test", "not readable"]
    assert axes.texts[0].get_text().startswith("4") and axes.texts[-1].get_text().startswith("5")
    assert "not readable" in look.steps().body and look.left_out() == pytest.approx(20.0)


def test_leaks_are_counted_by_curations_own_rule(tmp_path):
    short = [line(0, "train", "Ça va ?"), line(1, "test", "Ça va ?"), line(2, "dev", "something of its own")]
    assert CorpusViews(curated(tmp_path / "short", short)).leaks() == 0  # short sentences may be on both sides
    same = [line(0, "train", "one and the same line"), line(1, "test", "One, and the same line!")]
    lenient = Rules(language=False, overlap_words=5, repeats=0)
    assert CorpusViews(curated(tmp_path / "kept", same, rules=lenient)).leaks() == 0  # curation took the one in train
    assert len(curated(tmp_path / "other", same, rules=lenient).store) == 1


def test_text_of_a_corpus_cannot_become_markup(tmp_path):
    made = curated(tmp_path / "own", [line(0, "train", EVIL), line(1, "train", EVIL, speaker=EVIL), line(2, "test", "a b c")])
    look = CorpusViews(made)
    shown = [look.findings().body, look.browser().to_html(), look.splits().body, card_page(None, catalogue.checked(made)).body]
    assert all("<script" not in html for html in shown) and "&lt;script" in shown[1]


def test_a_relative_folder_is_the_same_folder(tmp_path, monkeypatch):
    curated(tmp_path / "own", SHAPES["transcripts"])
    monkeypatch.chdir(tmp_path)
    assert len(catalogue.load_curated("own", "own/own.tsv", tmp_path / "cache", Rules(language=False)).store) == 4


def test_the_browser_lives_in_a_widget(tmp_path):
    browser = CorpusViews(curated(tmp_path / "own", SHAPES["transcripts"])).browser()
    rules, page = browser.live().children
    assert rules.value == "kept: shortest" and "one more line 0" in page.children[0].children[1].value
    rules.value = "kept: longest"
    assert "one more line 3" in page.children[0].children[1].value
    assert set(browser.table()["rule"]) == set(browser.clips)
