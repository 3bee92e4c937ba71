# make workbook   run every notebook headlessly (SCALE=smoke, tiny, lab or full; tiny unless given)
# make test       run every test
# make lab        open JupyterLab
# Each of them builds .venv by itself when it is missing or older than the pins.

PYTHON ?= python3.11
SCALE ?= tiny
BIN := .venv/bin
# the pins and the package's own description decide the environment: another content is another stamp
STAMP := .venv/.ready-$(shell cat requirements.txt pyproject.toml lib/workbook/kernel/kernel.json lib/workbook/kernel/pyproject.toml | cksum | cut -d' ' -f1)

.DEFAULT_GOAL := help
.PHONY: help workbook test lab environment lint requirements clean

help:
	@sed -n 's/^# //p' Makefile | head -4

environment: $(STAMP)

$(STAMP):
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not on the PATH; install Python 3.11, or say make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v[:2] == (3, 11) else f"error: {sys.executable} is Python {v[0]}.{v[1]}; the workbook needs 3.11 (make PYTHON=/path/to/python3.11)")'
	@echo "Building .venv: about 200 packages, some 6 GB with the GPU libraries of torch; five minutes or so, once."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check -r requirements.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable . ./lib/workbook/kernel
	@touch $@

workbook: $(STAMP)
	@$(BIN)/python -m lib.workbook run --scale $(SCALE)

test: $(STAMP)
	@$(BIN)/ruff check lib tests notebooks benchmarks
	@$(BIN)/python -m pytest

lab: $(STAMP)
	@$(BIN)/jupyter lab --notebook-dir=notebooks

lint: $(STAMP)
	@$(BIN)/ruff check lib tests notebooks benchmarks

# needs uv on the PATH; then read the difference, and run the tests
requirements:
	@{ sed -n 1p requirements.txt; uv pip compile -q --universal --python-version 3.11 --no-header --no-annotate --extra test pyproject.toml; } > requirements.new
	@mv requirements.new requirements.txt

clean:
	@rm -rf .venv build *.egg-info
