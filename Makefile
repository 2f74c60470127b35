# make demo   rank the open leads of a real bank campaign and open the pages (SERVE=0: stop before)
# make test   everything that this machine allows
# make wheel  one file in dist/ that `pip install` takes
PYTHON ?= python3
BIN := .venv/bin
SERVE ?= 1

.PHONY: help setup setup-dev demo test wheel lint bench clean

help:
	@sed -n 's/^# //p' $(MAKEFILE_LIST)

setup: .venv/.runtime
setup-dev: .venv/.dev

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Red Umbrella needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.runtime: .venv/bin/python requirements.lock requirements-build.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock -r requirements-build.lock
	@# Built with the pinned tools above: pip would else fetch whatever is newest today.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-build-isolation --editable .
	@# Compiled once here, so that no command waits for a compiler.
	$(BIN)/python -m redumbrella.recommenders.compilation
	@touch $@

.venv/.dev: .venv/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

demo: .venv/.runtime
	$(BIN)/umbrella demo demo-workspace $(if $(filter 0,$(SERVE)),--no-serve,--serve)

test: .venv/.dev
	@# Each core begins with its own part, so that what a file makes once is made once.
	$(BIN)/python -m pytest -n auto --dist worksteal

wheel: .venv/.dev
	@# A `build` left from before would put files into the wheel that are gone from the source.
	rm -rf build
	$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lint: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.dev
	$(BIN)/python benchmarks/lead_tables.py
	$(BIN)/python benchmarks/features.py --size S

clean:
	rm -rf .venv demo-workspace build dist
