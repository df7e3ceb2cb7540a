# `make run` and `make test` set up all they need in .venv; Python 3.11 or newer with venv and pip is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all:

SCALE ?=

# With compiled modules kept, each program that the tests start is there sooner.
TESTED := PYTHONDONTWRITEBYTECODE= OPENBLAS_NUM_THREADS=1
PYTEST := $(BIN)/python -m pytest
ON_ALL_CORES := --numprocesses auto --dist worksteal
SHORT := --ignore=tests/campaigns --ignore=tests/manual/test_commands.py

.PHONY: help run test test-manual test-campaigns coverage campaign bench lint format images reference docs lock wheel clean

help: ## show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/ready ## watch inbox/ and sort into outbox/
	@exec $(BIN)/watcher run

test: $(VENV)/ready-dev ## run the tests, in a minute or two
	$(TESTED) $(PYTEST) $(ON_ALL_CORES) $(SHORT)

test-manual: $(VENV)/ready-dev ## try every command of the README and of docs/
	$(TESTED) $(PYTEST) $(ON_ALL_CORES) tests/manual

test-campaigns: $(VENV)/ready-dev ## run the campaigns in their short form
	$(TESTED) $(PYTEST) $(ON_ALL_CORES) tests/campaigns

# What runs is noted in every process, also in those that the tests start. So some tests are too slow for the time they have:
# whether they pass is for `make test` to say.
coverage: $(VENV)/ready-dev ## run the tests and show how much of the code they reach
	rm -rf build/coverage
	mkdir -p build/coverage
	-CI= $(TESTED) $(BIN)/coverage run -m pytest --quiet $(ON_ALL_CORES) $(SHORT)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# Hours of it. Some need root (disks to mount) or strace; where these are missing, they are skipped and say so.
campaign: $(VENV)/ready-dev ## try to break it, at length, and show the figures of docs/reliability.md
	$(TESTED) $(PYTEST) -m campaign --capture=no

bench: $(VENV)/ready-bench ## measure how fast it is, in an hour; SCALE=--short: see that measuring works
	OPENBLAS_NUM_THREADS=1 $(BIN)/python tests/benchmarks $(SCALE)

lint: $(VENV)/ready-dev ## run the linters and the type checker
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/ready-dev ## bring the code into form
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

images: $(VENV)/ready ## draw the reference images again
	$(BIN)/python -m watcher.pen images --per-digit 40 --force

wheel: $(VENV)/ready-dev ## build dist/*.whl and try it in an empty environment
	PYTHON=$(BIN)/python .ci/try-wheel

reference: $(VENV)/ready ## write docs/reference/ again from the program
	$(BIN)/python -m docs.generate

# A warning is a failure: of links, of anchors, of Markdown that is not understood.
docs: $(VENV)/ready-docs ## build docs/_build/html/index.html
	$(BIN)/python -m sphinx -b html --jobs auto --fail-on-warning --keep-going --nitpicky --quiet docs docs/_build/html

lock: $(VENV)/ready-dev ## lock the dependencies again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --group build pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --group dev pyproject.toml -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --group bench pyproject.toml -o requirements-bench.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--no-emit-index-url --constraint requirements.txt --group docs -o requirements-docs.txt

clean: ## remove what make made; inbox, outbox and database stay
	rm -rf $(VENV) dist build docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Each of these says what it does, as it takes a while; where nothing is to be done, nothing is said.
$(VENV)/bin/python:
	@echo "making $(VENV), an environment for Python's packages …"
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	@echo "installing what watcher needs into $(VENV) (a minute or so) …"
	@$(PIP) -r requirements.txt
	@echo "installing watcher itself into $(VENV) …"
	@$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/ready-dev: requirements-dev.txt $(VENV)/ready
	@echo "installing what the tests and linters need into $(VENV) …"
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/ready-docs: requirements-docs.txt $(VENV)/ready
	@echo "installing what the pages are built with into $(VENV) …"
	@$(PIP) -r requirements-docs.txt
	@touch $@

$(VENV)/ready-bench: requirements-bench.txt $(VENV)/ready-dev
	@echo "installing what the measurements need into $(VENV) …"
	@$(PIP) -r requirements-bench.txt
	@touch $@
