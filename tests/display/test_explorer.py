"""The explorer's page as text and data; tests/browser/ looks at it in a browser."""

import base64
import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from lib.display import explorer as package
from lib.display.explorer import Matrix, one_by_one, page, side_by_side
from lib.display.explorer.lines import MAX_ALIGNED_CHARACTERS, MAX_CHARACTERS, visible
from tests.corpora.sources.trees import tone
from tests.display.outputs import MARKUP, output_rows

HOSTILE = [
    MARKUP,
    "</script><script>attack()</script>",
    "<!--<script>",
    "' onmouseover='attack()' \" onfocus=\"attack()\" autofocus",
    "</style></title></textarea><img src=x onerror=attack()>",
    "{id} {0!r} %s ${attack()} `",
    "javascript:attack()",
]
FETCHED = re.compile(
    r"""(?:\bfrom|\bimport|\bimport\(|\bfetch\(|importScripts\(|url\(|\bsrc\s*=)\s*["'`]?https?:"""
)


class Elements(HTMLParser):
    """The tags of a document with their attributes, and the text inside each script and style."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.inside, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.inside.append("")

    def handle_data(self, data):
        if self.cdata_elem:
            self.inside[-1] += data
        else:
            self.text += data

    @property
    def names(self):
        """Tags with the names of their attributes, in their order."""
        return [(tag, sorted(attributes)) for tag, attributes in self.tags]


def data_of(html):
    """What the page's script reads."""
    kinds = [found for found in Elements(html).tags if found[0] in ("script", "style")]
    at = next(n for n, (_, found) in enumerate(kinds) if found.get("type") == "application/json")
    return json.loads(Elements(html).inside[at])


def column(found, name):
    """The cells of a column of a payload."""
    at = [column["name"] for column in found["columns"]].index(name)
    return [row[at] for row in found["rows"]]


@pytest.fixture
def rows(tmp_path):
    """Three outputs of two strategies, with a clip each."""
    audio = [str(tone(tmp_path / f"{n}.wav", 0.2, pitch=200.0 * (n + 1))) for n in range(3)]
    both = (output_rows("good", 0.1)[:3], output_rows("bad", 0.6)[:3])
    return [replace(row, audio=path) for own in both for row, path in zip(own, audio, strict=True)]


def of_text(text):
    """Explorers of both kinds with a text wherever one can come from outside."""
    changed = {
        "reference": text,
        "hypothesis": text,
        "transcript": text,
        "speaker": text,
        "strategy": f"strategy {text}",
        "system": text,
        "audio": f"/nowhere/{text}.wav",
    }
    rows = [replace(r, **changed, id=f"{n} {text}") for n, r in enumerate(output_rows("x")[:3])]
    facts = pd.DataFrame({f"fact {text}": [text] * 3})
    matrix = Matrix(title=text, row="system", column=text, rows=[text], columns=[text],
                    where={"system": text})
    return [
        side_by_side(rows, text, {f"score {text}": [1.0] * 3}, facts),
        one_by_one(rows, text, {text: [text] * 3}, [matrix]),
    ]


# ---- text from corpora and models ----


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_is_never_markup(text):
    for hostile, plain in zip(of_text(text), of_text("plain"), strict=True):
        found = Elements(page.standalone(hostile, text))
        assert found.names == Elements(page.standalone(plain, "plain")).names
        assert not [name for _, names in found.names for name in names if name.startswith("on")]
        assert [tag for tag, _ in found.tags].count("script") == 2
        # nor can "<!--" and "<script" hide their end
        assert not any("<" in inside for inside in found.inside[-2:])
        assert data_of(hostile.to_html())["rows"][0][-1].endswith(f"0 {text}")


def test_a_text_reaches_the_script_as_it_is():
    for text in HOSTILE:
        assert column(data_of(of_text(text)[0].to_html()), "reference") == [text] * 3


def test_the_viewer_sets_texts_as_text():
    source = (Path(package.__file__).parent / "explorer.js").read_text("utf-8")
    unsafe = r"(inner|outer)HTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.html\("
    assert not re.search(unsafe, source)
    assert source.count("render:") == 3  # each by `text`, or by `open`, which has a number alone


def test_a_long_text_is_cut_and_the_rest_is_counted():
    shown = visible("word " * 20_000)
    assert shown == "word " * (MAX_CHARACTERS // 5) + " … (96,000 more characters)"
    assert visible("x" * MAX_CHARACTERS) == "x" * MAX_CHARACTERS


def test_no_long_text_is_in_the_page_or_aligned(rows):
    long = side_by_side([replace(row, hypothesis="word " * 20_000) for row in rows], "long", {})
    assert long.alignments() == [[None, None]] * 3
    assert max(map(len, re.findall("(?:word )+", long.to_html()))) == MAX_CHARACTERS


def test_a_text_below_the_limit_is_aligned(rows):
    text = "word " * (MAX_ALIGNED_CHARACTERS // 5)
    found = side_by_side([replace(row, hypothesis=text) for row in rows], "", {})
    assert None not in found.alignments()[0]


def test_what_would_not_be_seen_is_shown_by_its_code_point(rows):
    unseen = "\u202eevil\u2069 \x07bell\x00\x85"
    shown = "⟨U+202E⟩evil⟨U+2069⟩ ⟨U+0007⟩bell⟨U+0000⟩⟨U+0085⟩"
    changed = [replace(r, hypothesis=unseen, id=f"{r.id}{unseen}", speaker=unseen) for r in rows]
    html = side_by_side(changed, "", {}).to_html()
    assert not set(unseen) & set("\u202e\u2069\x07\x00\x85") & set(html)
    assert shown in Elements(html).text  # of the table that needs no script
    found = data_of(html)
    assert column(found, "good") == column(found, "speaker") == [shown] * 3
    assert found["rows"][0][-1].endswith(shown)
    assert shown.split()[0] in json.dumps(found["alignments"], ensure_ascii=False)


def test_marks_of_right_to_left_scripts_and_line_ends_stay():
    assert visible("\u200fمرحبا\u200e\n\tb") == "\u200fمرحبا\u200e\n\tb"


# ---- columns ----


@pytest.mark.parametrize(
    ("values", "cells", "kind"),
    [
        ([0.123, float("nan"), None], [0.12, "", ""], "number"),
        (list(np.array([0.5, 1.0, np.nan], dtype=np.float32)), [0.5, 1.0, ""], "number"),
        ([np.int64(3), np.int64(4), np.int64(-5)], [3, 4, -5], "number"),
        ([np.int64(3), None, np.float64(1.5)], [3.0, "", 1.5], "number"),
        ([np.str_("a"), None, ""], ["a", "", ""], "category"),
        ([True, np.bool_(False), None], ["True", "False", ""], "category"),
        ([None, None, None], ["", "", ""], "category"),
        pytest.param([np.float32(0.75), "a", "b"], [0.75, "a", "b"], "category"),
        pytest.param([pd.NA, 1, 2], ["", 1, 2], "category"),
        pytest.param([float("inf"), 1.0, -float("inf")], None, "number"),
    ],
)
def test_values_of_columns_become_json(rows, values, cells, kind):
    found = page.payload(side_by_side(rows[:3], "x", {"value": values}))
    found = json.loads(json.dumps(found, allow_nan=False))
    assert cells is None or column(found, "value") == cells
    assert {c["name"]: c["kind"] for c in found["columns"]}["value"] == kind
def test_a_strategy_without_an_output_for_a_clip_has_none_there(rows):
    html = side_by_side(rows[:5], "x", {"chrF++": range(5)}).to_html()
    assert "nan" not in Elements(html).text
    found = data_of(html)
    assert column(found, "bad")[-1] == column(found, "chrF++, bad")[-1] == ""
    assert found["alignments"][-1][1] is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: (rows + rows[-1:], {}), "'bad' has two outputs for ST est→eng clip-002"),
        (lambda rows: (rows, {"chrF++": [1.0]}), r"chrF\+\+ has 1 values for 6 outputs"),
        (lambda rows: (rows, {}, pd.DataFrame({"a": [1]})), "facts has 1 values for 6 outputs"),
        (lambda rows: ([], {}), "there is no output to explore; decode a test set first"),
    ],
    ids=["two outputs", "column", "facts", "no row"],
)
def test_what_does_not_fit_is_refused(rows, change, message):
    rows, columns, *facts = change(rows)
    with pytest.raises(ValueError, match=message):
        side_by_side(rows, "x", columns, *facts)


def test_two_outputs_of_one_request_are_refused_one_by_one(rows):
    with pytest.raises(ValueError, match="1 outputs have the request of another one"):
        one_by_one([*rows, rows[0]], "x", {})


def test_the_worst_of_the_first_strategy_comes_first_with_its_sound(rows):
    scores = {"chrF++": [50.0, 10.0, 30.0, 1.0, 2.0, 3.0]}
    found = side_by_side(rows, "x", scores, worst="chrF++")
    assert list(found.lines["id"]) == ["clip-001", "clip-002", "clip-000"]
    assert list(found.lines["chrF++, bad"]) == [2.0, 3.0, 1.0]
    assert [path.stem for path in found.sounds] == ["1", "2", "0"]
    assert list(found.table()["audio"]) == [str(path) for path in found.sounds]


def test_outputs_without_spaces_are_aligned_by_characters(rows):
    chinese = replace(rows[0], target="zho", reference="你好世界", hypothesis="你好时界")
    empty = replace(rows[0], hypothesis="")
    (spans,), (nothing,) = one_by_one([chinese, empty], "x", {}).alignments()
    assert [span for span in spans if span[0] != "equal"] == [("substitute", "世", "时")]
    assert nothing is None


# ---- sound and network ----


def test_clips_beyond_the_budget_are_counted(rows):
    html = page.fragment(side_by_side(rows, "x", {}), sound_bytes=1)
    counted = "6 outputs, 3 clips, 2 of them without sound here"
    assert counted in Elements(html).text
    assert sorted(data_of(html)["sounds"]) == ["0"]


def test_within_the_budget_each_clip_is_carried_once(rows):
    found = data_of(page.fragment(one_by_one(rows, "x", {})))
    assert found["clips"] == [0, 1, 2, 0, 1, 2]
    assert (sorted(found["sounds"]), found["silent"]) == (["0", "1", "2"], {})
    sound = base64.b64decode(found["sounds"]["2"].removeprefix("data:audio/ogg;base64,"))
    assert soundfile.info(io.BytesIO(sound)).duration == pytest.approx(0.2, abs=0.05)


def test_the_error_of_an_unreadable_file_is_in_the_page(rows):
    broken = [replace(rows[0], audio="/nowhere/gone.wav"), *rows[1:3]]
    html = side_by_side(broken, "x", {}).to_html()
    assert "/nowhere/gone.wav" in data_of(html)["silent"]["0"]
    assert sorted(data_of(html)["sounds"]) == ["1", "2"]
    assert "3 clips, 1 of them without sound" in Elements(html).text


def test_a_browser_fetches_nothing(rows):
    found = Elements(page.standalone(side_by_side(rows, "x", {}), "title"))
    addresses = [a[name] for _, a in found.tags for name in ("src", "href") if name in a]
    assert addresses and all(address.startswith("data:") for address in addresses)
    assert not {"link", "iframe", "base", "object", "embed"} & {tag for tag, _ in found.tags}
    modules = re.findall('"data:text/javascript;base64,([^"]+)"', page.script())
    assert len(modules) == 4  # nothing else is imported
    assert re.findall(r'^import .* from "(?!data:)', page.script(), re.MULTILINE) == []
    for text in (*found.inside, *(base64.b64decode(module).decode() for module in modules)):
        assert not FETCHED.search(text)
