import numpy as np
import pytest
from matplotlib import font_manager

from lib.display.attribution_views import FONT, _font_with, drawable, over_spectrogram
from lib.models.attribution import Attribution
from tests.corpora.sources.trees import tone

NOWHERE = "\uf8fe"  # for private use: no font has it


def found(tokens=("one", " two", " three"), audio_share=None):
    weights = np.eye(len(tokens), 4) * 0.6 + 0.1
    seconds = np.arange(4) * 0.5 + 0.25
    return Attribution(tokens, seconds, weights / weights.sum(1, keepdims=True), audio_share)


@pytest.fixture
def audio(tmp_path):
    return tone(tmp_path / "a.wav", 2.0)


def labels(axes):
    return [label.get_text() for label in axes.get_yticklabels()]


def test_sound_and_tokens_share_the_axis_of_time(audio):
    top, below = over_spectrogram(found(), audio).axes
    assert top.get_xlim() == below.get_xlim() == (0, 2.0)
    assert below.images[0].get_extent() == [0, 2.0, 2.5, -0.5]


def test_tokens_stand_beside_their_rows(audio):
    _, below = over_spectrogram(found(("one", " two", " ")), audio).axes
    assert labels(below) == ["one", "two", "\N{OPEN BOX}"]


def test_centres_of_mass_are_a_line(audio):
    shown = found()
    (line,) = over_spectrogram(shown, audio).axes[1].lines
    assert line.get_xdata().tolist() == shown.centres.tolist()
    assert line.get_ydata().tolist() == [0, 1, 2]


def test_the_title_says_in_which_order_it_reads(audio):
    title = over_spectrogram(found(), audio).axes[0].get_title(loc="left")
    expected = "order 1.00 (1: monotone); 100% of the weight on sound, which is 100% of the time"
    assert title == expected


def test_the_share_of_audio_stands_beside_each_token(audio):
    figure = over_spectrogram(found(audio_share=np.array([0.25, 0.5, 1.0])), audio)
    (right,) = figure.axes[1].child_axes
    assert labels(right) == ["25%", "50%", "100%"]


def test_a_formula_is_no_markup(audio, tmp_path):
    figure = over_spectrogram(found(("$x^{$", "b", "c")), audio)
    figure.savefig(tmp_path / "a.png")
    assert labels(figure.axes[1])[0] == "$x^{$"


@pytest.mark.filterwarnings("error:Glyph")
@pytest.mark.parametrize("text", ["a", "नमस्ते", "مرحبا", "日本", f"a{NOWHERE}"])
def test_no_label_is_drawn_as_boxes(audio, tmp_path, text):
    figure = over_spectrogram(found((text, "b", "c")), audio)
    figure.savefig(tmp_path / "a.png")


def test_a_text_that_no_font_has_is_escaped():
    assert drawable(f"a{NOWHERE}") == ("a\\uf8fe", [FONT])


def test_a_font_of_the_machine_is_used():
    if not any("NotoSansDevanagari" in path for path in font_manager.findSystemFonts()):
        pytest.skip("no Noto font for Devanagari on this machine")
    text, fonts = drawable(" नमस्ते ")
    assert text == "नमस्ते"
    assert fonts[0] == FONT
    assert "Devanagari" in fonts[1]


def test_a_damaged_font_is_passed_over(tmp_path, monkeypatch):
    (tmp_path / "a-Regular.ttf").write_bytes(b"no font")
    path = str(tmp_path / "a-Regular.ttf")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [path])
    assert _font_with(frozenset({0xF8FD})) is None
