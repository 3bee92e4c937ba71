import pytest

from lib.display.corpus_views import CorpusViews
from tests.display.corpora import TRANSCRIPTS, curate_lines, line
from tests.display.outputs import MARKUP, is_escaped


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus") / "own"
    test_sentence = line(1, "train", "one more line 3")
    lines = [TRANSCRIPTS[0], test_sentence, *TRANSCRIPTS[2:], line(9, "train", "no such file")]
    return CorpusViews(curate_lines(folder, lines)).browser()


@pytest.mark.parametrize(
    "rule, clip", [("shortest", "0"), ("longest", "3"), ("slowest", "3"), ("fastest", "0")]
)
def test_the_extremes_of_what_is_kept(browser, rule, clip):
    ((_, utterance),) = browser.clips[f"kept: {rule}"]
    assert utterance.audio.stem == clip


def test_extremes_state_their_length_and_rate(browser):
    ((reason, _),) = browser.clips["kept: shortest"]
    assert reason == "1.00 s, 15.0 characters per second"


def test_a_finding_shows_its_clip(browser):
    ((_, utterance),) = browser.clips["overlap: dropped"]
    assert utterance.origin == "own.tsv:3"


def test_dropped_clips_come_first(browser):
    assert next(iter(browser.clips)).endswith(": dropped")


def test_texts_are_escaped(tmp_path):
    lines = [line(0, "train", MARKUP, speaker=MARKUP), line(1, "test", "a b c")]
    html = CorpusViews(curate_lines(tmp_path / "own", lines)).browser().to_html()
    assert is_escaped(html)


def test_audio_outside_the_corpus_is_not_played(tmp_path):
    lines = [*TRANSCRIPTS, ("../secret.wav", *line(0, "train", "a secret")[1:])]
    browser = CorpusViews(curate_lines(tmp_path / "own", lines)).browser()
    assert "secret.wav" not in browser.table()["audio"].str.cat()
