"""The explorer as a page: from disk, with the network off and without a kernel."""

import csv
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from lib.display.explorer import Matrix, one_by_one, side_by_side
from lib.display.explorer.page import standalone
from tests.browser.conftest import needs_chromium
from tests.display.outputs import output_rows

pytestmark = [pytest.mark.slow, needs_chromium]

ROWS = ".frame tbody tr"
AUDIO = ".detail audio"
MANY = 5_000
HOSTILE = [
    "<script>window.attacked = 1</script><img src=x onerror='window.attacked = 1'>",
    "</script><script>window.attacked = 1</script>",
    "\u202eevil\u202c \u2066isolated\u2069 \x07bell\x00",
    "word " * 20_000,  # 100 kB
    "=HYPERLINK(1)",
    "\u2028 \u2029 ${window.attacked = 1} `",
]
BEHAVIOURS = ["transcribed", "translated"]


def spoken(path, seconds=1.0):
    """A clip that a browser decodes: a tone that swells."""
    time = np.arange(int(16_000 * seconds)) / 16_000
    soundfile.write(path, 0.3 * time * np.sin(700 * time), 16_000)
    return str(path)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clips")
    names = ("plain", "with space & <b>'\"", "тест")
    return [spoken(folder / f"{name}.wav") for name in names]


def two_systems(clips):
    good, bad = output_rows("good", 0.1), output_rows("bad", 0.6)
    both = [replace(row, audio=clips[i % len(clips)]) for i, row in enumerate(good + bad)]
    scores = [float(i % 24) for i in range(len(both))]
    return side_by_side(both, "two systems", {"chrF++": scores})


@pytest.fixture
def shown(browser, tmp_path):
    """Open an explorer from disk, offline; an error of its scripts fails the test."""
    errors: list[str] = []
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})

    def show(explorer):
        path = tmp_path / "page.html"
        path.write_text(standalone(explorer, "a test"), encoding="utf-8")
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector(".dt-info")
        return page

    yield show
    context.close()
    assert errors == []


def is_heard(page):
    """Whether the clip that is open has a duration, and its time advances."""
    page.wait_for_function(f"document.querySelector('{AUDIO}')?.duration > 0")
    page.eval_on_selector(AUDIO, "audio => audio.play()")
    page.wait_for_function(f"document.querySelector('{AUDIO}').currentTime > 0.05")
    return True


def test_a_clip_is_heard(shown, clips, picture):
    page = shown(two_systems(clips))
    page.click(f"{ROWS}:nth-child(2) button.open")
    assert is_heard(page)
    picture(page, "page")


def test_a_slower_clip_takes_longer(shown, clips):
    page = shown(two_systems(clips))
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.select_option(".detail select", "0.5")
    assert page.eval_on_selector(AUDIO, "audio => audio.playbackRate") == 0.5


def test_waveform_and_spectrogram_are_drawn(shown, clips):
    page = shown(two_systems(clips))
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.wait_for_selector(AUDIO)
    drawn = "document.querySelector('[aria-label^=waveform]').firstChild.shadowRoot" \
        ".querySelectorAll('canvas').length"
    page.wait_for_function(f"{drawn} >= 3")


def test_errors_are_marked_by_their_kind(shown, clips):
    page = shown(two_systems(clips))
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.wait_for_selector(".detail dd")
    assert page.locator(".detail dd mark").first.inner_text() == "wrong"
    assert page.locator(".detail dd del").count() == page.locator(".detail dd mark").count()


def test_a_search_narrows_the_table(shown, clips):
    page = shown(two_systems(clips))
    page.fill("input[type=search]", "clip-003")
    assert page.locator(ROWS).count() == 1


def test_a_column_sorts(shown, clips):
    page = shown(two_systems(clips))
    order = page.locator("thead td", has_text="chrF++, good").locator("button").first
    first = f"document.querySelector('{ROWS} td.number').textContent"
    for value in ("0", "23"):  # ascending, then descending
        order.click()
        page.wait_for_function(f"{first} === '{value}'")


def test_a_column_filters_by_a_number(shown, clips):
    page = shown(two_systems(clips))
    page.locator("thead td", has_text="chrF++, good").locator("button").nth(1).click()
    page.select_option(".dtcc-dropdown select", "less")
    page.fill(".dtcc-dropdown input[type=text]", "5")
    page.wait_for_function("document.querySelectorAll('.frame tbody tr').length === 5")


def test_keys_alone_open_a_clip(shown, clips):
    page = shown(two_systems(clips))
    page.focus(f"{ROWS}:nth-child(1) button.open")
    page.keyboard.press("Enter")
    page.wait_for_selector(AUDIO)
    page.focus(".detail button >> text=next")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.detail h3').textContent.includes('clip-001')")


def test_a_tag_survives_closing_the_page(shown, clips):
    explorer = two_systems(clips)
    page = shown(explorer)
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.fill("[aria-label=tag]", "wrong reference")
    page.click(".detail form button >> text=save")
    page.wait_for_selector("text=saved in this browser")
    page.close()
    assert shown(explorer).locator(f"{ROWS}:nth-child(1) td:last-child").inner_text() == (
        "wrong reference"
    )


def test_tags_are_downloaded_as_the_kernel_keeps_them(shown, clips, tmp_path):
    page = shown(two_systems(clips))
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.fill("[aria-label=note]", "=1+1")
    page.click(".detail form button >> text=save")
    page.wait_for_selector("text=saved in this browser")
    with page.expect_download() as download:
        page.click("text=download tags")
    download.value.save_as(tmp_path / "tags.csv")
    (found,) = csv.DictReader((tmp_path / "tags.csv").open(encoding="utf-8"))
    assert (found["explorer"], found["note"]) == ("two systems", "'=1+1")


def test_a_cell_of_a_matrix_shows_its_outputs(shown, clips, picture):
    rows = [replace(row, audio=clips[0]) for row in output_rows("good", 0.1)]
    behaviour = [BEHAVIOURS[i % 3 == 0] for i in range(len(rows))]
    matrix = Matrix(title="what it did", row="task", column="behaviour", rows=["ST"],
                    columns=BEHAVIOURS)
    page = shown(one_by_one(rows, "matrix", {"behaviour": behaviour}, [matrix]))
    page.click("[aria-label*='translated, 8 of 24']")
    assert page.locator(ROWS).count() == 8
    page.click(f"{ROWS}:nth-child(1) button.open")
    assert is_heard(page)
    picture(page, "matrix")


def test_hostile_text_is_shown_and_never_run(shown, clips, picture):
    rows = output_rows("hostile", hypotheses=[*HOSTILE, *["fine"] * (24 - len(HOSTILE))])
    rows = [
        replace(row, id=f"{row.id}{text}"[:200], reference=text, speaker=text[:90], audio=clips[1])
        for row, text in zip(rows, HOSTILE * 4, strict=True)
    ]
    page = shown(side_by_side(rows, "hostile </script><script>window.attacked=1", {}))
    for number in range(1, 7):
        page.click(f"{ROWS}:nth-child({number}) button.open")
        page.wait_for_selector(AUDIO)
    picture(page, "hostile")
    assert page.evaluate("window.attacked") is None
    page.fill("input[type=search]", "U+202E")
    assert page.locator(ROWS).count() >= 1


def test_a_missing_file_is_named(shown, clips):
    rows = [replace(row, audio="/nowhere/<b>gone.wav") for row in output_rows("good")]
    page = shown(side_by_side(rows, "gone", {}))
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.wait_for_selector(".sound .wrong")
    assert "<b>gone.wav" in page.locator(".sound .wrong").inner_text()


def test_scripts_of_all_directions_are_shown(shown, clips, picture):
    texts = ["مرحبا بالعالم 12", "नमस्ते दुनिया", "你好，世界", "hello"] * 6
    rows = [
        replace(row, reference=text, hypothesis=text, audio=clips[2])
        for row, text in zip(output_rows("many"), texts, strict=True)
    ]
    page = shown(side_by_side(rows, "scripts", {}))
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.wait_for_selector(AUDIO)
    picture(page, "scripts")
    direction = "cell => getComputedStyle(cell).direction"
    cells = [page.eval_on_selector(f"{ROWS}:nth-child({n}) td.text", direction) for n in (1, 2)]
    assert cells == ["rtl", "ltr"]


def timed(step: Callable[[], object]) -> float:
    """Seconds that a step took."""
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def test_5000_outputs_are_quick(browser, clips, tmp_path):
    """First paint under 3 s, a filter under 0.3 s, the page under 25 MB."""
    rows = [
        replace(row, id=f"{row.id}-{copy}", audio=clips[0])
        for copy in range(MANY // 24 + 1)
        for row in output_rows("many", 0.4, seed=copy)
    ][:MANY]
    path = Path(tmp_path / "many.html")
    many = side_by_side(rows, "many", {"chrF++": [float(i) for i in range(MANY)]})
    path.write_text(standalone(many, "many"), encoding="utf-8")
    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(path.as_uri(), wait_until="commit")
    page.wait_for_selector(".dt-info")
    painted = page.evaluate("performance.now()")
    filtered = page.evaluate(
        """() => {
            const box = document.querySelector("input[type=search]");
            const started = performance.now();
            box.value = "clip-003-171";
            box.dispatchEvent(new Event("input", { bubbles: true }));
            box.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }));
            const rows = document.querySelectorAll(".frame tbody tr").length;
            return [performance.now() - started, rows];
        }"""
    )
    print(f"\npage {path.stat().st_size / 1e6:.1f} MB, paint {painted:.0f} ms, filter {filtered}")
    context.close()
    assert path.stat().st_size < 25e6
    assert painted < 3000
    assert filtered[0] < 300
    assert filtered[1] == 1


def test_arrow_keys_walk_through_a_matrix(shown, clips):
    rows = [replace(row, audio=clips[0]) for row in output_rows("good", 0.1)]
    behaviour = [BEHAVIOURS[i % 3 == 0] for i in range(len(rows))]
    matrix = Matrix(title="what it did", row="task", column="behaviour", rows=["ST"],
                    columns=BEHAVIOURS)
    page = shown(one_by_one(rows, "matrix", {"behaviour": behaviour}, [matrix]))
    assert page.locator(".matrices button[tabindex='0']").count() == 1
    page.focus(".matrices button[tabindex='0']")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator(ROWS).count() == 8
    page.click(".chosen button >> text=show all")
    assert "24 rows" in page.locator(".dt-info").inner_text()


def test_the_next_clip_keeps_focus_and_speed(shown, clips):
    page = shown(two_systems(clips))
    page.click(f"{ROWS}:nth-child(1) button.open")
    page.wait_for_selector(AUDIO)
    page.select_option(".detail select", "0.75")
    page.focus(".detail button[name=next]")
    page.keyboard.press("Enter")
    page.wait_for_function("document.querySelector('.detail h3').textContent.includes('clip-001')")
    page.wait_for_function(f"document.querySelector('{AUDIO}')?.playbackRate === 0.75")
    assert page.evaluate("document.activeElement.name") == "next"
    assert page.locator(f"{ROWS}.shown-below").count() == 1
