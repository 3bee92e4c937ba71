"""The files that define the environment agree with each other and with what is installed."""

import re
import subprocess
import tomllib
from importlib.metadata import version

import pytest
import yaml
from jupyter_client.kernelspec import KernelSpecManager
from packaging.requirements import Requirement

from lib.workbook.execute import KERNEL
from lib.workbook.paths import ROOT


def parse_pins():
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        pin.name.lower().replace("_", "-"): pin
        for pin in parsed
        if pin.marker is None or pin.marker.evaluate()
    }


PINS = parse_pins()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
CONDA = yaml.safe_load((ROOT / "environment.yml").read_text())
DEPENDENCIES = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]


@pytest.mark.parametrize("name", PINS)
def test_every_pin_is_exact(name):
    assert re.fullmatch(r"==[^,*]+", str(PINS[name].specifier))


@pytest.mark.parametrize("name", PINS)
def test_every_pin_is_installed(name):
    assert f"=={version(name)}" == str(PINS[name].specifier)


@pytest.mark.parametrize("line", DEPENDENCIES)
def test_every_dependency_is_pinned_within_its_range(line):
    dependency = Requirement(line)
    pin = str(PINS[dependency.name.lower()].specifier).removeprefix("==")
    assert dependency.specifier.contains(pin)


def test_conda_has_the_python_of_the_project():
    assert "python=3.11" in CONDA["dependencies"]


def test_the_project_needs_python_3_11():
    assert PROJECT["requires-python"] == "==3.11.*"


def test_conda_installs_what_make_installs():
    (pip,) = [entry["pip"] for entry in CONDA["dependencies"] if isinstance(entry, dict)]
    assert pip == ["-r requirements.txt", "-e .", "./lib/workbook/kernel"]


def test_the_kernel_is_installed():
    command = KernelSpecManager().get_kernel_spec(KERNEL).argv
    assert command[1:3] == ["-m", "ipykernel_launcher"]


@pytest.mark.parametrize(
    "name, specifier",
    [
        ("torch", r"==2\.11\.0"),
        ("torchaudio", r"==2\.11\.0"),
        ("transformers", r"==4\..*"),
        ("unbabel-comet", r"==2\.2\.[7-9]"),
    ],
)
def test_versions_that_work_together(name, specifier):
    assert re.fullmatch(specifier, str(PINS[name].specifier))


def test_comet_and_torchaudio_import_in_one_process():
    import comet  # noqa: F401
    import torchaudio  # noqa: F401


@pytest.mark.parametrize(
    "name", ["requirements.txt", "environment.yml", "pyproject.toml", "Makefile", ".ci/run"]
)
def test_install_files_name_no_registry_and_no_machine_path(name):
    forbidden = r"://|--index|--find-links|(?<![\w.])/(root|work|home|tmp)/"
    assert not re.search(forbidden, (ROOT / name).read_text())


@pytest.fixture(params=["missing", "other version"])
def failed_make(request, tmp_path):
    """`make test` without Python 3.11: which Python there is, the result and the folder."""
    for name in ("Makefile", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    python = "no-such-python"
    if request.param == "other version":  # an interpreter that claims to be 3.9
        python = tmp_path / "python3.9"
        claim = "import sys; sys.version_info = (3, 9, 0); exec(sys.argv[1])"
        python.write_text(f'#!/bin/sh\nexec python3.11 -c "{claim}" "$2"\n')
        python.chmod(0o755)
    command = ["make", "test", f"PYTHON={python}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    return request.param, done, tmp_path


def test_make_without_python_3_11_fails(failed_make):
    assert failed_make[1].returncode != 0


def test_make_without_python_3_11_names_the_remedy(failed_make):
    remedy = {
        "missing": "is not on the PATH; install Python 3.11",
        "other version": r"is Python 3\.\d+; the workbook needs 3.11",
    }[failed_make[0]]
    assert re.search(remedy, failed_make[1].stdout + failed_make[1].stderr)


def test_make_without_python_3_11_builds_nothing(failed_make):
    assert not (failed_make[2] / ".venv").exists()
