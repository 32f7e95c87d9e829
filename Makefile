# The developer interface: `make help` lists it. Only Python 3.11+ and make are needed; everything else goes into $(VENV).
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url
ARGS ?=
unexport PYTHONDONTWRITEBYTECODE # without its bytecode, each command would compile every library anew

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test proof check format lint types imports docs lock check-lock bench clean

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

run: $(RUNTIME) ## set up, do the main job on demo data, serve API and console on 127.0.0.1:8000
	@$(BIN)/evenflow demo $(ARGS)

setup: $(RUNTIME) ## only install what the product needs
setup-dev: $(DEV) ## install what developing needs, too

test: $(DEV) ## set up and run the tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

proof: $(DEV) ## long races, kill rounds and soaks
	@$(BIN)/python -m pytest -m proof $(ARGS)

check: format lint types imports docs check-lock ## everything that must be green before a commit, tests apart

format: $(DEV) ## check the formatting (mend it with: ruff format .)
	@$(BIN)/ruff format --check --quiet . && echo "format: ok"

lint: $(DEV) ## ruff
	@$(BIN)/ruff check --quiet . && echo "lint: ok"

types: $(DEV) ## mypy, strict
	@$(BIN)/mypy

imports: $(DEV) ## layers point down
	@$(BIN)/lint-imports --no-cache > $(VENV)/imports.log 2>&1 || { cat $(VENV)/imports.log; exit 1; }
	@tail -n 1 $(VENV)/imports.log

docs: $(DEV) ## build the documentation; a warning is an error
	@$(BIN)/python scripts/reference_pages.py --check
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet --site-dir site && echo "docs: ok"

lock: $(DEV) ## write both lock files anew, keeping versions that still fit
	@$(LOCK) --generate-hashes --group build --extra console --extra demo --extra train -o requirements.lock
	@$(LOCK) --generate-hashes --extra dev --extra cluster -c requirements.lock -o requirements-dev.lock

check-lock: $(DEV) ## the lock files still answer pyproject.toml
	@$(BIN)/python scripts/check_lock.py $(LOCK)

bench: $(DEV) ## every number the docs claim (minutes)
	@for name in graph reputation matching matching_terms planning forecast signals launch launch_simulated service; do echo "== $$name" >&2; $(BIN)/python -m benchmarks.$$name --json || exit 1; done

clean: ## remove what the commands above made
	rm -rf $(VENV) .evenflow site dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV) (about a minute the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --no-compile --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	@echo "Installing the developer's tools ..."
	@$(PIP) install --no-compile --require-hashes -r requirements-dev.lock
	@touch $@
