# Everything a newcomer needs: `make help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Python compiles what is imported; pip would compile all that it installs, which takes as long as to install it.
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint constraints.txt
# The guide's own pyproject.toml brings galley as it stood when it was installed; this has its sources followed.
GALLEY := $(INSTALL) --no-deps --editable scripts/galley
export NO_MKDOCS_2_WARNING := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help site publish serve test lint types records check run clean constraints chromium mutations
.DEFAULT_GOAL := help

help:  ## say what each target does
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

site: $(VENV)/site.done  ## build the site; run the pages whose record is missing or stale first
	@$(BIN)/galley run --dry-run >/dev/null || $(MAKE) --no-print-directory $(VENV)/compiled.done
	@$(BIN)/galley build

publish: $(VENV)/site.done  ## build the site for its readers; refuse while site_url in mkdocs.yml is a placeholder
	@$(BIN)/galley run --dry-run >/dev/null || $(MAKE) --no-print-directory $(VENV)/compiled.done
	@$(BIN)/galley build --publish

serve: $(VENV)/site.done  ## live preview at http://127.0.0.1:8000 (after `make run` it also runs what you save)
	@$(BIN)/galley serve

run: $(VENV)/compiled.done  ## run the pages whose record is missing or stale, and record what they print
	@$(BIN)/galley run

check: $(VENV)/site.done  ## say which records are not true, without running anything
	@$(BIN)/galley check

# Two processes share the tests: each takes a whole module, since its fixtures build sites and start runners.
test: $(VENV)/dev.done chromium  ## run all checks: lint, types, records, tests, every snippet, the strict site build
	@$(MAKE) --no-print-directory --jobs=2 lint types records $(VENV)/compiled.done
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

mutations: $(VENV)/dev.done $(VENV)/compiled.done  ## run every mutation of the libraries, and keep what each broke
	@$(BIN)/python tests/guide/mutate.py --all

lint:
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types:
	@$(BIN)/mypy

records:
	@$(BIN)/galley check

constraints: $(VENV)/dev.done  ## compile constraints.txt anew from pyproject.toml
	@scripts/compile_constraints.sh $(BIN)

clean:  ## remove the environment and the cache; records and the site stay
	@rm -rf $(VENV) .cache/pages

chromium:
	@command -v chromium >/dev/null || scripts/install_chromium.sh

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV)

# Each stamp installs what the one before it has and more; torch comes with `run` and not before.
$(VENV)/site.done: pyproject.toml scripts/galley/pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing what building the site needs"
	@$(INSTALL) .
	@$(GALLEY)
	@touch $@

$(VENV)/run.done: pyproject.toml scripts/galley/pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing what running the pages needs (torch among it: this takes a minute)"
	@$(INSTALL) '.[run]'
	@$(GALLEY)
	@touch $@ $(VENV)/site.done

$(VENV)/dev.done: pyproject.toml scripts/galley/pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing what the tests need (torch among it: this takes a minute)"
	@$(INSTALL) '.[run,dev]'
	@$(GALLEY)
	@touch $@ $(VENV)/site.done $(VENV)/run.done

# A runner writes no bytecode, so that what it imports is compiled before.
$(VENV)/compiled.done: $(VENV)/run.done
	@$(BIN)/python scripts/compile_imports.py
	@touch $@
