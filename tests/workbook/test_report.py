import re
from html import unescape
from urllib.parse import unquote

import pytest

from lib.files import write_text
from lib.workbook.report import report
from tests.workbook.cases import score_row, use_folder, write_notebook, write_record

PNG = b"\x89PNG not a picture"
DATA = {
    "name": "spoken phrasebook",
    "synthetic": True,
    "hours": 1.5,
    "utterances": 20,
    "dropped": 1,
    "licence": "CC0-1.0",
}
CLAIM = {
    "claim": "X-1",
    "paper": "1234.5678",
    "statement": "A beats <B>",
    "predicted_low": 1.0,
    "predicted_high": 5.0,
    "measured": 2.0,
    "low": 1.0,
    "high": 3.0,
    "seeds": 1,
    "verdict": "held",
    "published": "about 2",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    use_folder(monkeypatch, tmp_path)
    parameters = 'scale = "smoke"\nseed = 1'
    write_notebook(tmp_path, parameters=parameters, metadata={"runs": [{}]})
    return tmp_path


def write_figure(run, name="gains"):
    (run.folder / "figures").mkdir(exist_ok=True)
    (run.folder / "figures" / f"{name}.png").write_bytes(PNG + run.name.encode())


@pytest.fixture
def page(folder):
    run = write_record(
        scores=[score_row(), score_row(system="baseline", value=5.0, low=4.0, high=6.0)],
        claims=[CLAIM],
        data=[DATA],
        dropped_counts={"clips_cut": 3},
        figures=[{"name": "gains", "caption": "The gains"}],
        pages=[{"name": "listen", "caption": "Clips"}],
    )
    write_figure(run)
    (run.folder / "pages").mkdir()
    (run.folder / "pages" / "listen.html").write_text("<p>clips</p>")
    return report("smoke").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "Synthetic here: spoken phrasebook. Real recordings here: none.",
        "spoken phrasebook (synthetic, 1.50 h, 20 utterances, 1 left out; CC0-1.0)",
        "clips cut",
        "The gains",
        "<p>clips</p>",
        "about 2",
        "A beats &lt;B&gt;",
        "recorded by an earlier version of the workbook",
        "BLEU on the test sets",
        "href='#77'",
        "0123456789",
        "Where the time went",
        "1.0 core-minutes",
    ],
)
def test_the_page_holds_every_part_of_a_record(page, text):
    assert text in page


def test_the_page_needs_no_network(page):
    assert not re.search(r"""(src|href)\s*=\s*["'](?!data:|#)""", page)


def test_the_page_has_no_scripts(page):
    assert "<script" not in page


def test_a_page_of_its_own_is_linked_and_not_held(folder):
    caption = "Two <b>systems</b>"
    run = write_record(pages=[{"name": "a 'b\" #1", "caption": caption, "standalone": True}])
    path = run.folder / "pages" / "a 'b\" #1.html"
    write_text(path, "<script>1</script>")
    written = report("smoke")
    text = written.read_text(encoding="utf-8")
    (address,) = re.findall("href='(runs/[^']+)'>Two &lt;b&gt;systems&lt;/b&gt;</a>", text)
    assert written.parent / unquote(unescape(address)) == path
    assert "<script" not in text


def test_records_of_an_earlier_version_are_reported(folder):
    run = write_record()
    path = run.folder / "manifest.json"
    path.write_text(path.read_text().replace("dropped_counts", "losses"))
    assert "77: A title" in report("smoke").read_text()


def test_a_page_without_runs_is_written(folder):
    assert "code none." in report("smoke").read_text()
