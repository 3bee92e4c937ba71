"""A real browser, Debian's chromium, without a network; pictures of what was tested are kept."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from lib.workbook.paths import ROOT

CHROMIUM = shutil.which("chromium")
# pictures are for people to look at; BROWSER_PICTURES moves them
PICTURES = Path(os.environ.get("BROWSER_PICTURES") or ROOT / "outputs" / "browser")
needs_chromium = pytest.mark.skipif(
    not CHROMIUM, reason="no chromium on the PATH: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser():
    # while it runs, no other event loop may: so it ends with the module
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield started
        started.close()


@pytest.fixture
def picture():
    """Keep a picture of a page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=PICTURES / f"{name}.png", full_page=True)
