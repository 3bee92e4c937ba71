# make workbook    run every notebook headlessly (SCALE=smoke, tiny or lab; JOBS=runs at once;
#                  SCALE=full needs CORPORA=the folder of the corpora)
# make test        run every test (TESTERS=processes side by side; each takes up to 4 GB)
# make test-fast   run the tests that train nothing and start no kernel: about two minutes
# make lab         open JupyterLab
# Each of them builds .venv by itself when it is missing or older than the pins.

PYTHON ?= python3.11
SCALE ?= tiny
JOBS ?=
CORPORA ?=
TESTERS ?= 2
BIN := .venv/bin
CHECKED := lib tests notebooks benchmarks
# the pins and the package descriptions decide the environment: other contents, another stamp
PINS := requirements.txt pyproject.toml \
	lib/workbook/kernel/kernel.json lib/workbook/kernel/pyproject.toml
STAMP := .venv/.ready-$(shell cat $(PINS) | cksum | cut -d' ' -f1)

.DEFAULT_GOAL := help
.PHONY: help workbook test test-fast lab environment lint requirements clean

help:
	@sed -n 's/^# //p' Makefile | head -6

environment: $(STAMP)

$(STAMP):
	@command -v $(PYTHON) >/dev/null || { \
	  echo "error: $(PYTHON) is not on the PATH; install Python 3.11," \
	    "or say make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v[:2] == (3, 11) else \
	  f"error: {sys.executable} is Python {v[0]}.{v[1]}; the workbook needs 3.11 " \
	  "(make PYTHON=/path/to/python3.11)")'
	@echo "Building .venv: 200 packages, 6 GB with torch's GPU libraries; 5 minutes or so, once."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install -qq --disable-pip-version-check -r requirements.txt
	@$(BIN)/pip install -qq --disable-pip-version-check --no-deps --no-build-isolation \
	  --editable . ./lib/workbook/kernel
	@touch $@

workbook: $(STAMP)
	@$(BIN)/python -m lib.workbook run --scale $(SCALE) $(if $(JOBS),--jobs $(JOBS)) \
	  $(if $(CORPORA),-p corpora=$(CORPORA))

test: lint
	@$(BIN)/python -m pytest --numprocesses $(TESTERS) --dist loadfile --no-loadscope-reorder

test-fast: lint
	@$(BIN)/python -m pytest -m "not slow"

lab: $(STAMP)
	@$(BIN)/jupyter lab --notebook-dir=notebooks

lint: $(STAMP)
	@$(BIN)/ruff check $(CHECKED)

# needs uv on the PATH; then read the difference, and run the tests
requirements:
	@{ sed -n 1p requirements.txt; uv pip compile -q --universal --python-version 3.11 \
	  --no-header --no-annotate --extra test pyproject.toml; } > requirements.new
	@mv requirements.new requirements.txt

clean:
	@rm -rf .venv build *.egg-info
