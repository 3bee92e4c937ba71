"""Notebooks 60 and 61 as people use them: a real JupyterLab in a real browser, at `smoke`."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

import pandas as pd
import pytest
from playwright.sync_api import TimeoutError

from lib.workbook.paths import HEADLESS, NOTEBOOKS, ROOT
from tests.browser.conftest import needs_chromium

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), needs_chromium]
BOOKS = ("60_error_analysis", "61_task_confusion")
PATIENCE = 120_000  # milliseconds for a notebook at `smoke`, whose systems are trained
ROWS = ".jp-OutputArea .explorer .frame tbody tr"
AUDIO = ".jp-OutputArea .explorer .detail audio"
TOKEN = "for-tests"
SETTINGS = {
    # outputs stay in the page when they are scrolled out of sight
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
}


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@pytest.fixture(scope="module")
def outputs(smoke_workbook, tmp_path_factory):
    """Outputs of their own, with the systems that are trained already."""
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "cache").symlink_to(smoke_workbook[0] / "cache")
    return folder


@pytest.fixture(scope="module")
def lab(outputs, tmp_path_factory):
    """The address of a JupyterLab with both notebooks, whose scale is `smoke`."""
    books, settings = tmp_path_factory.mktemp("books"), tmp_path_factory.mktemp("settings")
    (settings / "overrides.json").write_text(json.dumps(SETTINGS))
    for name in BOOKS:
        text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
        (books / f"{name}.ipynb").write_text(
            re.sub(r'scale = \\"tiny\\"', r'scale = \\"smoke\\"', text, count=1), encoding="utf-8"
        )
    port = free_port()
    environment = os.environ | {"WORKBOOK_OUTPUTS": str(outputs), "PYTHONPATH": str(ROOT)}
    environment.pop(HEADLESS, None)
    environment["JUPYTER_CONFIG_DIR"] = str(tmp_path_factory.mktemp("config"))
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--port={port}"]
    command += [f"--notebook-dir={books}", f"--LabApp.app_settings_dir={settings}"]
    command += ["--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}"]
    log = (outputs / "jupyterlab.log").open("w")
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(120):
            try:
                urllib.request.urlopen(f"{address}/api", timeout=1)
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def sessions(address, method="GET", path=""):
    """The running sessions, by JupyterLab's own interface."""
    url, headers = f"{address}/api/sessions{path}", {"Authorization": f"token {TOKEN}"}
    request = urllib.request.Request(url, method=method, headers=headers)
    return json.loads(urllib.request.urlopen(request).read() or "null")


def stop_kernels(address):
    for session in sessions(address):
        sessions(address, "DELETE", f"/{session['id']}")


def wait_for_kernel(address):
    """Until the notebook has a kernel; before, JupyterLab would ask which one it should start."""
    for _ in range(240):
        if any(s["kernel"]["execution_state"] == "idle" for s in sessions(address)):
            return
        time.sleep(0.25)


@pytest.fixture
def opened(browser, lab, picture):
    """Open a notebook, and run all of its cells in a kernel of its own, to the last."""
    context = browser.new_context(viewport={"width": 1500, "height": 1100})

    def open_notebook(name, number):
        stop_kernels(lab)
        page = context.new_page()
        page.goto(f"{lab}/lab/tree/{name}.ipynb?reset&token={TOKEN}")
        page.wait_for_selector(".jp-Notebook .jp-CodeCell", timeout=60_000)
        wait_for_kernel(lab)
        page.wait_for_selector(".jp-Notebook-ExecutionIndicator[data-status=idle]", timeout=60_000)
        page.wait_for_timeout(1000)  # the page learns of its kernel by itself
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        try:
            page.wait_for_selector(f"text=/Run {number} finished in/", timeout=PATIENCE)
        except TimeoutError:
            picture(page, f"jupyterlab-{number}-unfinished")
            raise
        return page

    yield open_notebook
    context.close()


def hear(page):
    """Play the clip that is open; its time must advance."""
    page.wait_for_function(f"document.querySelector('{AUDIO}')?.duration > 0")
    page.eval_on_selector(AUDIO, "audio => audio.play()")
    page.wait_for_function(f"document.querySelector('{AUDIO}').currentTime > 0.05")


def test_error_analysis_is_used_by_hand(opened, outputs, picture):
    """A filter narrows the table, a clip plays, and a tag survives a restart of the kernel."""
    page = opened(BOOKS[0], 60)
    page.wait_for_selector(ROWS)
    rows = page.locator(ROWS)
    everything = rows.count()
    search = page.locator(".jp-OutputArea .explorer input[type=search]")
    search.fill(page.locator(f"{ROWS}:nth-child(1) td.text").first.inner_text())
    page.wait_for_function(f"document.querySelectorAll('{ROWS}').length < {everything}")
    assert rows.count() >= 1
    rows.first.locator("button.open").click()
    hear(page)
    page.fill(".explorer [aria-label=tag]", "wrong reference")
    page.locator(".explorer .detail form button", has_text="save").first.click()
    page.wait_for_selector(".explorer .detail form >> text=saved")
    picture(page, "jupyterlab-60")
    (tag,) = pd.read_csv(outputs / "smoke" / "tags.csv").to_dict("records")
    assert (tag["explorer"], tag["tag"]) == ("outputs", "wrong reference")
    page.close()
    again = opened(BOOKS[0], 60)
    again.wait_for_selector(ROWS)
    again.wait_for_selector(f"{ROWS} >> text=wrong reference")


def test_a_cell_of_the_confusion_matrix_is_heard(opened, picture):
    page = opened(BOOKS[1], 61)
    page.wait_for_selector(ROWS)
    everything = page.locator(".explorer .dt-info").inner_text()
    cell = page.locator(".explorer .matrices button:not([disabled])").first
    cell.click()
    page.wait_for_function(
        f"document.querySelector('.explorer .dt-info').innerText !== {json.dumps(everything)}"
    )
    shown = page.locator(".explorer .dt-info").inner_text()
    assert "(of " in shown
    page.locator(f"{ROWS} button.open").first.click()
    hear(page)
    picture(page, "jupyterlab-61")
