# Everything a newcomer needs: `make help`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Python compiles what is imported; pip would compile all that it installs, which takes as long as to install it.
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile
# A lock names everything that is needed, with its digests. A package without a wheel would run its own code, and fetch
# builders that nobody pinned: there is none.
LOCKED := $(PIP) --no-deps --only-binary :all: --require-hashes --requirement
# The one exception: indexes serve other files of torch to other machines, one for a processor alone or for a certain CUDA,
# and what the latter bring (nvidia-*, triton) depends on it. Its version is pinned, its file is not.
TORCH := $(PIP) --only-binary :all: --constraint constraints.txt torch
# The guide says what it needs, and galley's sources are followed. Both are built by the hatchling of the lock.
OWN := $(PIP) --no-deps --no-build-isolation . --editable scripts/galley
# galley's own documentation is a guide too, in a folder of its own. Its pages import nothing but Python and galley.
IN_DOCS := cd scripts/galley && echo "in scripts/galley:" && ../../$(BIN)/galley
LOCKS := scripts/locks
export NO_MKDOCS_2_WARNING := 1
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help site publish serve test tests test-hard test-ray lint types records check run clean constraints sbom audit chromium \
	mutations rerun gpu propose newest audit-report release rehearse llama
.DEFAULT_GOAL := help

help:  ## say what each target does
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

site: $(VENV)/site.done  ## build the site; run the pages whose record is missing or stale first
	@$(BIN)/galley run --dry-run >/dev/null || $(MAKE) --no-print-directory $(VENV)/compiled.done
	@$(IN_DOCS) run
	@$(BIN)/galley build

publish: $(VENV)/site.done  ## build the site for its readers; refuse while site_url in mkdocs.yml is a placeholder
	@$(BIN)/galley run --dry-run >/dev/null || $(MAKE) --no-print-directory $(VENV)/compiled.done
	@$(IN_DOCS) run
	@$(BIN)/galley build --publish

serve: $(VENV)/site.done  ## live preview at http://127.0.0.1:8000 (after `make run` it also runs what you save)
	@$(BIN)/galley serve

run: $(VENV)/compiled.done  ## run the pages whose record is missing or stale, and record what they print
	@$(BIN)/galley run
	@$(IN_DOCS) run

check: $(VENV)/site.done  ## say which records are not true, without running anything
	@$(BIN)/galley check
	@$(IN_DOCS) check

# Three processes share the tests of two processors, since tests often wait: for a process to end, for a browser to be at
# rest, a lock. Each takes a whole module, since its fixtures build sites and start runners, or a whole page of the guide.
# Types are checked beside them: mypy is one process, which would leave the other processor with nothing to do.
test: $(VENV)/dev.done chromium  ## run all checks: lint, types, records, tests, every snippet, the strict site build
	@$(MAKE) --no-print-directory --jobs=2 lint records $(VENV)/compiled.done
	@$(MAKE) --no-print-directory --jobs=2 types tests

tests:
	@$(BIN)/python -m pytest --galley --slow --numprocesses=3 --dist=loadfile --no-loadscope-reorder

# A part of it: make test-hard HARD=0.1. What it did is counted in a table at its end.
HARD ?= 1
HARD_TESTS := $(addprefix tests/galley/,test_fuzz_source.py test_fuzz_svg.py test_fuzz_records.py test_fuzz_values.py \
	test_kill.py test_steps.py test_serve.py test_sandbox.py) tests/guide/test_copies.py tests/guide/test_exports.py \
	tests/guide/test_injection.py

test-hard: $(VENV)/dev.done  ## fuzzers, kills, faults at each step, secrets, a thousand saves: hours; prints counts
	@GALLEY_HARD=$(HARD) COPIES=all EXPORTS=all $(BIN)/python -m pytest --numprocesses=2 --dist=worksteal $(HARD_TESTS)

# Where its files go: 46 GB, which are gone again at the end.
REHEARSAL ?= .cache/rehearsal

rehearse: $(VENV)/compiled.done  ## run the 7B's true shape with random weights: 17 GB of free memory and 48 GB of disk
	@$(BIN)/python scripts/model/rehearse.py $(REHEARSAL)

# Ray is no part of the lock: it is large, and only a cluster needs it. It gets an environment of its own.
RAY := .cache/ray
test-ray: $(RAY)/done  ## pages on a true cluster of two machines, one of which is killed; installs Ray in .cache/ray
	@$(RAY)/bin/python -m pytest tests/galley/test_ray.py

$(RAY)/done: scripts/galley/pyproject.toml constraints.txt
	@$(PYTHON) -m venv $(RAY)
	@$(RAY)/bin/python -m pip install --quiet --disable-pip-version-check --editable "scripts/galley[ray]" pytest \
		--constraint constraints.txt
	@touch $@

# Nor is llama.cpp, which has to be compiled: pip builds it from its sources on the index, which bring its converters.
LLAMA := .cache/llama
LLAMA_VERSION := 0.3.36
llama: $(VENV)/compiled.done $(LLAMA)/done  ## what llama.cpp answers with the guide's model; compiles it in .cache/llama
	@PYTHONPATH=$(LLAMA)/lib $(BIN)/python scripts/model/try_llama_cpp.py $(LLAMA)/llama_cpp_python-$(LLAMA_VERSION)

$(LLAMA)/done:
	@rm -rf $(LLAMA)
	@$(BIN)/python -m pip download --quiet --no-deps --no-binary :all: --dest $(LLAMA) llama-cpp-python==$(LLAMA_VERSION)
	@tar --extract --gzip --directory $(LLAMA) --file $(LLAMA)/llama_cpp_python-$(LLAMA_VERSION).tar.gz
	@echo "compiling llama.cpp: a quarter of an hour on two cores"
	@CMAKE_ARGS="-DLLAVA_BUILD=OFF" $(PIP) --no-deps --target $(LLAMA)/lib $(LLAMA)/llama_cpp_python-$(LLAMA_VERSION) diskcache==5.6.3
	@touch $@

mutations: $(VENV)/dev.done $(VENV)/compiled.done  ## run every mutation of the libraries, and keep what each broke
	@$(BIN)/python tests/guide/mutate.py --all

lint:
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

types:
	@$(BIN)/mypy

records:
	@$(BIN)/galley check
	@$(IN_DOCS) check

constraints: $(VENV)/dev.done  ## compile constraints.txt and the locks anew from pyproject.toml
	@$(BIN)/python scripts/compile_locks.py

sbom: $(VENV)/dev.done  ## write the bill of materials of a release, in CycloneDX's form
	@$(BIN)/python scripts/sbom.py

audit: $(VENV)/dev.done  ## ask for known vulnerabilities of all that is pinned
	@$(BIN)/python scripts/audit.py

# What the workflows in .github/workflows call; scripts/lanes has what is more than a command.
rerun: $(VENV)/compiled.done  ## run every page again, in the whole sandbox, and compare; write no record
	@$(BIN)/galley test --strict --require-sandbox
	@$(IN_DOCS) test --require-sandbox

gpu: $(VENV)/compiled.done  ## run the pages of a profile and keep what was recorded: PROFILE=cuda, and PAGES="…" if not all
	@$(BIN)/python scripts/lanes/records.py run "$$PROFILE" $$PAGES

propose: $(VENV)/site.done  ## open a pull request of the records of another machine: FOLDER=… BRANCH=…
	@$(BIN)/python scripts/lanes/records.py propose "$(FOLDER)" "$(BRANCH)"

NEWEST := .cache/newest
REPORT ?= report.txt
newest:  ## run every page with the newest release of everything, in an environment of its own: REPORT=report.txt
	@$(PYTHON) -m venv --clear $(NEWEST)
	@$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check packaging
	@$(NEWEST)/bin/python scripts/lanes/newest.py requirements >$(NEWEST)/requirements.txt
	@$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $(NEWEST)/requirements.txt
	@$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --editable scripts/galley
	@$(NEWEST)/bin/python scripts/lanes/newest.py rerun $(REPORT)

audit-report: $(VENV)/dev.done  ## as audit, with what it says in a file; fails where the database is out of reach
	@$(BIN)/python scripts/lanes/audited.py $(REPORT)

DIST ?= dist
release: $(VENV)/dev.done  ## build what a release of galley publishes: TAG=galley-VERSION, and DIST=… for another folder
	@$(BIN)/python scripts/lanes/release.py "$$TAG" "$(DIST)"

clean:  ## remove the environment and the cache; records and the site stay
	@rm -rf $(VENV) $(RAY) $(NEWEST) .cache/pages scripts/galley/.cache/pages

chromium:
	@command -v chromium >/dev/null && command -v curl >/dev/null || scripts/install_chromium.sh

$(VENV)/bin/python:
	@$(PYTHON) -m venv $(VENV)

# Each stamp installs what the one before it has and more; torch comes with `run` and not before.
PINS := pyproject.toml scripts/galley/pyproject.toml constraints.txt $(wildcard $(LOCKS)/*.txt)

$(VENV)/site.done: $(PINS) | $(VENV)/bin/python
	@echo "installing what building the site needs"
	@$(LOCKED) $(LOCKS)/site.txt
	@$(OWN)
	@touch $@

$(VENV)/run.done: $(PINS) | $(VENV)/bin/python
	@echo "installing what running the pages needs (torch among it: this takes a minute)"
	@$(MAKE) --no-print-directory --jobs=2 locked-run torch-alone
	@$(TORCH)
	@$(OWN)
	@touch $@ $(VENV)/site.done

$(VENV)/dev.done: $(PINS) | $(VENV)/bin/python
	@echo "installing what the tests need (torch among it: this takes a minute)"
	@$(MAKE) --no-print-directory --jobs=2 locked-dev torch-alone
	@$(TORCH)
	@$(OWN)
	@touch $@ $(VENV)/site.done $(VENV)/run.done

# torch is a fifth of all files: it is unpacked beside the others. What it brings is found out when they are there.
.PHONY: locked-run locked-dev torch-alone
locked-run locked-dev: locked-%:
	@$(LOCKED) $(LOCKS)/$*.txt

torch-alone:
	@$(TORCH) --no-deps

# A runner writes no bytecode, so that what it imports is compiled before.
$(VENV)/compiled.done: $(VENV)/run.done
	@$(BIN)/python scripts/compile_imports.py
	@touch $@
