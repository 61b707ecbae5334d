# llmcost: `make demo` and `make test` are the two commands; `make help` lists them all.
.DEFAULT_GOAL := help
.PHONY: help demo test test-full fuzz focus-validator lint format docs pictures bench clean

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell command -v uv 2>/dev/null)
ifneq ($(UV),)
INSTALL := $(UV) pip install --quiet --python $(BIN)/python -c constraints.txt
else
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
endif

help: ## This list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' Makefile

.venv/bin/python:
ifneq ($(UV),)
	$(UV) venv --quiet --allow-existing --python $(PYTHON) .venv
else
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip>=25.1'
endif

.venv/.runtime: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) -e .
	@touch $@

.venv/.dev: .venv/.runtime
	$(INSTALL) --group dev
	@touch $@

demo: .venv/.runtime ## What the example logs cost, in a ledger of its own under .demo/
	@$(BIN)/python examples/demo.py

test: lint ## Everything that needs nothing but Python: format, lint, types, imports, tests
	$(BIN)/python -m pytest -n auto -m "not full"

lint: .venv/.dev ## Format, lint, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test-full: .venv/.dev ## The tests that need a server or root, or take long
	$(BIN)/python -m pytest -n auto -m full

fuzz: .venv/.dev ## 100,000 damaged lines over seventeen formats, and 100 kills
	$(BIN)/python -m pytest -m full tests/sources/test_mutations.py tests/ingest/test_kills.py

PYTHON312 ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python3) python3.12)

.venv/focus/bin/focus-validator:
	$(PYTHON312) -m venv .venv/focus
	.venv/focus/bin/python -m pip install --quiet --disable-pip-version-check 'focus-validator==2.2.1' 'pyarrow<22'

focus-validator: .venv/.runtime .venv/focus/bin/focus-validator ## FOCUS's own validator on an export (nightly)
	$(BIN)/python tests/focus_validator.py .venv/focus/bin/python

format: .venv/.dev ## Rewrite the code in the house's format
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: .venv/.dev ## Rewrite docs/cli.md from the commands' help
	$(BIN)/python docs/make_cli.py

pictures: .venv/.dev ## Draw docs/pictures anew; needs Chromium and a font with Chinese
	$(BIN)/python docs/make_pictures.py

bench: .venv/.dev ## Speed beside named peers, as ratios of CPU time
	$(BIN)/python -m benchmarks

clean: ## Remove the environment, caches and the demo's ledger
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
