import pytest
from matplotlib.figure import Figure

from lib.display.html import Page, data_uri, escape, note, number, picture, table
from tests.display.outputs import MARKUP, is_escaped


@pytest.mark.parametrize(
    "value, text",
    [
        (None, ""),
        (float("nan"), ""),
        (3.14159, "3.14"),
        (1234.5, "1,234.50"),
        (9999, "9999"),
        (12345, "12,345"),
        (True, "True"),
        ("a<b", "a&lt;b"),
    ],
)
def test_numbers(value, text):
    assert number(value) == text


def test_quotes_are_escaped():
    assert escape("'\"<>&") == "&#x27;&quot;&lt;&gt;&amp;"


def test_a_data_uri_holds_the_bytes():
    assert data_uri(b"abc", "image/png") == "data:image/png;base64,YWJj"


def test_markup_in_cells_and_headings_is_escaped():
    assert is_escaped(table([{MARKUP: MARKUP}]))


def test_safe_columns_keep_their_html():
    assert "<td><b>x</b></td>" in table([{"a": "<b>x</b>"}], safe=frozenset({"a"}))


def test_numeric_columns_are_aligned_right():
    assert "<td class='number'>1.00</td>" in table([{"a": 1.0}, {"a": None}])


def test_a_table_without_rows_says_so():
    assert "no rows" in table([])


def test_a_note_is_escaped():
    assert note("a < b").body == "<p>a &lt; b</p>"


def test_a_page_brings_its_style():
    assert Page("x")._repr_html_().startswith("<style>")


def test_a_picture_embeds_its_image():
    assert "src='data:image/png;base64," in picture(Figure(), "caption").to_html()


def test_the_caption_of_a_picture_is_escaped():
    assert is_escaped(picture(Figure(), MARKUP).to_html())
