# `make run` and `make test` set up all they need in .venv; Python 3.11 or newer with venv and pip is enough.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-hashes --only-binary :all:

SCALE ?=

.PHONY: help run test campaign bench lint format images reference docs lock wheel clean

help: ## show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(VENV)/ready ## watch inbox/ and sort into outbox/
	@exec $(BIN)/watcher run

# The tests take all cores themselves.
test: $(VENV)/ready-dev ## run the tests
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --dist worksteal

# Hours of it. Some need root (disks to mount) or strace; where these are missing, they are skipped and say so.
campaign: $(VENV)/ready-dev ## try to break it, at length, and tell the figures of docs/reliability.md
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -m campaign --capture=no

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

reference: $(VENV)/ready ## write docs/reference/ anew from the program
	$(BIN)/python -m docs.generate

# A warning is a failure: of links, of anchors, of Markdown that is not understood.
docs: $(VENV)/ready-docs ## build docs/_build/html/index.html
	$(BIN)/python -m sphinx -b html --jobs auto --fail-on-warning --keep-going --nitpicky --quiet docs docs/_build/html

lock: $(VENV)/ready-dev ## lock the dependencies anew (needs uv)
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

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)

$(VENV)/ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) -r requirements.txt
	$(BIN)/python -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/ready-dev: requirements-dev.txt $(VENV)/ready
	$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/ready-docs: requirements-docs.txt $(VENV)/ready
	$(PIP) -r requirements-docs.txt
	@touch $@

$(VENV)/ready-bench: requirements-bench.txt $(VENV)/ready-dev
	$(PIP) -r requirements-bench.txt
	@touch $@
