# Nightshelf: `make` prints this menu. Only python3 (3.11 or newer) and make are needed.

PYTHON ?= python3
AS_OF ?=
FORCE ?=
BIN := .venv/bin
STAMP := .venv/installed
LOCKS := requirements.txt requirements-dev.txt
FAST := requirements-fast.txt
UV := uv==0.13.9
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	--custom-compile-command "make lock"
export PYTHONPATH := $(CURDIR)
# A proxy's own certificate authority is known to the system alone.
export UV_SYSTEM_CERTS := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-loop up down night serve airflow test check sql-lint sql-test bench fuzz clients lock clean

help: ## print this menu
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv and install the pinned packages (a few minutes the first time)

$(STAMP): $(LOCKS) $(FAST)
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Nightshelf needs Python 3.11 or newer, this is " + sys.version.split()[0] + "; name another with: make setup PYTHON=python3.12")'
	@echo "setup: installing into .venv ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check $(UV)
	@$(BIN)/uv pip install --compile-bytecode --python $(BIN)/python $(addprefix -r ,$(LOCKS)) || \
		{ echo "setup: uv could not; once more with pip, which also reads pip.conf ..."; \
		$(BIN)/python -m pip install --disable-pip-version-check $(addprefix -r ,$(LOCKS)); }
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -r $(FAST) 2>/dev/null || \
		echo "setup: no C compiler; the app uses gunicorn's slower parser"
	@touch $@

demo: setup ## store, Airflow, one night, its lists from the running app (FORCE=1 redoes all)
	@$(BIN)/python -m demo run $(if $(FORCE),--force)

demo-loop: setup ## three nights and simulated days of 800 households; ends by itself
	@$(BIN)/python -m demo.loop

up: setup ## start the embedded store
	@$(BIN)/python -m store up

down: setup ## stop app, Airflow and store
	@$(BIN)/python -m demo down

night: setup ## one night without Airflow (AS_OF=2018-01-01, FORCE=1)
	@$(BIN)/python -m pipelines night $(if $(AS_OF),--as-of $(AS_OF)) $(if $(FORCE),--force)

serve: setup ## the app in the foreground
	@$(BIN)/gunicorn -c python:serving.gunicorn_config

airflow: setup ## Airflow with its UI in the foreground; prints the login
	@$(BIN)/python -m demo airflow

test: setup ## all tests
	@$(BIN)/python -m pytest

check: setup sql-lint ## style, types and allowed imports, of SQL too
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

sql-lint: setup ## rules, columns and layout of feature_sql
	@$(BIN)/python -m pipelines features check
	@$(BIN)/sqlfluff lint --disable-progress-bar feature_sql

sql-test: setup ## cases of feature_sql, and what looks ahead
	@$(BIN)/python -m pipelines features test

bench: setup ## the benchmarks, small; each prints one JSON line last
	@for file in benchmarks/*.py; do $(BIN)/python $$file --small || exit 1; done
	@$(BIN)/python -m benchmarks.ranking_quality --small

fuzz: setup ## made-up requests against the app, with every check (EXAMPLES=300 of each route)
	@$(BIN)/python -m tests.serving.fuzz $(if $(EXAMPLES),--examples $(EXAMPLES))

clients: setup ## the description, what is made from it, and the clients' tests (Node 20)
	@$(BIN)/python -m serving --settings /dev/null openapi > clients/typescript/openapi.json
	@cd clients/typescript && npm ci --silent && npm run --silent generate
	@$(BIN)/python -m pytest tests/clients

lock: ## pin the newest versions that requirements*.in allow (UPGRADE=1), else only what changed
	@test -x $(BIN)/uv || $(MAKE) setup
	@$(COMPILE) $(if $(UPGRADE),--upgrade) requirements.in -o requirements.txt
	@$(COMPILE) --constraint requirements.txt requirements-serving.in -o requirements-serving.txt
	@$(COMPILE) requirements-fast.in -o requirements-fast.txt
	@$(COMPILE) requirements-kafka.in -o requirements-kafka.txt
	@$(COMPILE) requirements-mlflow.in -o requirements-mlflow.txt
	@$(COMPILE) requirements-otel.in -o requirements-otel.txt
	@$(COMPILE) requirements-text.in -o requirements-text.txt
	@$(COMPILE) requirements-dev.in -o requirements-dev.txt

clean: ## remove var/ and caches, not .venv
	@test ! -e var || $(BIN)/python -m demo down
	@rm -rf var .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
