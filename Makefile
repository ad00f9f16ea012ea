# Whip-round: everything sets itself up. Needs Python >= 3.11, git and make, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help demo test soak check bench lock venv clean
.DEFAULT_GOAL := help

help: ## Say what can be made
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 10

venv: $(STAMP) ## Make the virtual environment from the locked, hashed requirements

$(STAMP): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Whip-round needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 ...")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $(STAMP)

demo: venv ## A rally, a premises fund and a fighting fund, moving by themselves
	@$(BIN)/python -m whipround.demo

test: venv ## Every test: books, pages, browser, contract, faults
	@$(BIN)/python -m tests.run

soak: venv ## A storm of 10,000 payments, with all that the site stands on killed at random
	@$(BIN)/python -m tests.storm $(STORM)

check: venv ## Style, types, structure, migrations
	@$(BIN)/python -m tests.check

bench: venv ## The figures, each beside a reference measured in the same run
	@$(BIN)/python -m bench

lock: venv ## Lock the requirements anew, with hashes and without addresses
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --upgrade -o requirements/run.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --group dev -c requirements/run.txt -o requirements/dev.txt pyproject.toml

clean: ## Remove the virtual environment and all local data
	rm -rf $(VENV) var
