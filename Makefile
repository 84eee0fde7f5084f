# Needs Python 3.11 or newer, make and git. No root, no docker.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

# The first Python on PATH that is new enough and can make a virtual environment; PYTHON= overrides.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 \
	&& echo "$$p" && break; done)

FAULT ?=
PYTEST_ARGS ?=
SWEEP ?=
BENCH ?=

.PHONY: help setup demo up lab test sweep bench check docs format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv with the exact versions of constraints.txt (done once)

$(STAMP): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11 or newer was found that can make a virtual environment." \
		"Install one (on Debian and Ubuntu also python3-venv), or name it: PYTHON=/path/to/python3."; exit 1; }
	"$(PYTHON)" -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP) ## Play the life of a simulated pair under a real Airflow; FAULT=<id> breaks the pair first
	$(PY) -m include.demo run $(if $(FAULT),--fault "$(FAULT)")

up: $(STAMP) ## Keep lab and Airflow running on loopback; prints address and logins, Ctrl-C ends it
	$(PY) -m include.demo up

lab: $(STAMP) ## Keep the simulated pair alone running
	$(PY) -m include.lab up

# Tests of a real Airflow wait most of their time, so there is one worker more than there are cores.
test: $(STAMP) ## Run every test, slow ones included; PYTEST_ARGS= adds arguments
	$(PY) -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: $(STAMP) ## Format, lint, types and import contracts
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo

sweep: $(STAMP) ## Every cut, every kill, 10,000 random steps (hours); writes docs/sweep.md. SWEEP= names files
	$(PY) -m tests.lab.sweep $(SWEEP)

bench: $(STAMP) ## Measure cost and growth beside rivals; prints numbers (a quarter of an hour). BENCH= names sections
	$(PY) -m benchmarks $(BENCH)

docs: $(STAMP) ## Write the reference pages that are made from the code
	$(PY) docs/generate.py

format: $(STAMP) ## Rewrite the code as `make check` wants it
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

clean: ## Remove everything that was installed or left by a run
	rm -rf $(VENV) .demo .lab dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
