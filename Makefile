.DEFAULT_GOAL := help
.PHONY: help install demo survey test check bench crash screenshots format clean
PYTHON ?= python3
BIN := .venv/bin
# Real calls and browsers, one at a time: beside anything else Asterisk tells no machine from a person.
ALONE := tests/pbx tests/asterisk tests/browser
export PYTHON

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:[^#]*## /\t/' | expand -t 12

install: ## set everything up: Python packages, Asterisk, PostgreSQL, Redis, SIPp, Chromium, voices, the pages' scripts (a second run does nothing)
	@scripts/prepare.sh
	@scripts/assets.sh
	@$(BIN)/trunkline pbx install
	@scripts/servers.sh

demo: ## set everything up, dial a list and survey a hundred people on two real Asterisks (about six minutes)
	@scripts/prepare.sh
	@scripts/assets.sh
	@$(BIN)/trunkline pbx install
	@scripts/servers.sh demo
	@$(BIN)/trunkline demo

survey: ## the demo's second half alone: the infobot asks a hundred people by voice (about three minutes)
	@scripts/prepare.sh
	@$(BIN)/trunkline pbx install
	@scripts/servers.sh demo
	@scripts/assets.sh
	@$(BIN)/trunkline demo --survey

test: install check ## set everything up and run all checks and tests
	@failed=0; \
	$(BIN)/python -m pytest -n 2 --dist loadfile tests $(ALONE:%=--ignore=%) || failed=1; \
	$(BIN)/python -m pytest $(ALONE) || failed=1; \
	exit $$failed

check: ## format, lint, types, import contracts (no servers needed)
	@scripts/prepare.sh
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@scripts/assets.sh check

bench: install ## measure against the bounds; writes var/bench.json
	@scripts/servers.sh bench
	@$(BIN)/python -m tests.bench

crash: install ## kill the service, cut the link, restart Asterisk and the database, ten times over
	@for n in 1 2 3 4 5 6 7 8 9 10; do $(BIN)/python -m pytest tests/asterisk/test_crash.py -q || exit 1; done

screenshots: install ## every page in both themes and directions, on a phone and a desk: var/screenshots/index.html
	@$(BIN)/python -m tests.browser.screenshots

format: ## let ruff format and mend what it can
	@$(BIN)/ruff check -q --fix-only .
	@$(BIN)/ruff format -q .

clean: ## remove what was built here (the cache of Asterisk stays)
	@rm -rf var build crm_core/web/static/built crm_core/web/assets/node_modules .asterisk .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
