"""The three files that make the environment, held against each other and against what is installed."""

import re
import subprocess
import tomllib
from importlib.metadata import version

import pytest
import yaml
from packaging.requirements import Requirement

from lib.workbook.execute import KERNEL
from lib.workbook.paths import ROOT


@pytest.fixture(scope="module")
def pins():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {r.name.lower().replace("_", "-"): r for r in parsed if r.marker is None or r.marker.evaluate()}


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_every_pin_is_exact_and_installed(pins):
    for name, pin in pins.items():
        assert re.fullmatch(r"==[^,*]+", str(pin.specifier)), pin
        assert version(name) == str(pin.specifier)[2:], name


def test_everything_the_project_needs_is_pinned_within_its_range(pins, project):
    for line in project["dependencies"] + project["optional-dependencies"]["test"]:
        wanted = Requirement(line)
        assert wanted.specifier.contains(str(pins[wanted.name.lower()].specifier)[2:]), line


def test_conda_file_installs_the_same(project):
    file = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert "python=3.11" in file["dependencies"] and project["requires-python"] == "==3.11.*"
    (pip,) = [entry["pip"] for entry in file["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-r requirements.txt", "-e .", "./lib/workbook/kernel"]


def test_the_kernel_is_installed():
    from jupyter_client.kernelspec import KernelSpecManager

    assert KernelSpecManager().get_kernel_spec(KERNEL).argv[1:3] == ["-m", "ipykernel_launcher"]


def test_versions_that_must_live_together(pins):
    assert str(pins["torch"].specifier) == str(pins["torchaudio"].specifier) == "==2.11.0"
    assert str(pins["transformers"].specifier).startswith("==4.") and str(pins["unbabel-comet"].specifier) >= "==2.2.7"
    import comet  # noqa: F401 - COMET, transformers and torchaudio import in one process
    import torchaudio  # noqa: F401


def test_no_registry_and_no_path_of_a_machine_in_the_install_files():
    for name in ("requirements.txt", "environment.yml", "pyproject.toml", "Makefile", ".ci/run"):
        text = (ROOT / name).read_text()
        assert not re.search(r"://|--index|--find-links|(?<![\w.])/(root|work|home|tmp)/", text), name


@pytest.mark.parametrize(
    "python, why",
    [
        ("no-such-python", "is not on the PATH; install Python 3.11"),
        ("/usr/bin/python3", r"is Python 3\.\d+; the workbook needs 3.11"),
    ],
)
def test_make_without_python_3_11_says_what_to_do(tmp_path, python, why):
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    if python.startswith("/"):  # an interpreter that says it is 3.9, where there may be none
        python = tmp_path / "python3.9"
        python.write_text('#!/bin/sh\nexec python3.11 -c "import sys; sys.version_info = (3, 9, 0); exec(sys.argv[1])" "$2"\n')
        python.chmod(0o755)
    done = subprocess.run(["make", "test", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0 and re.search(why, done.stdout + done.stderr) and not (tmp_path / ".venv").exists()
