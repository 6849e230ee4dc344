# The two commands: `make run` and `make test`. Everything they need beyond Python ≥ 3.11 they install into .venv.
PYTHON ?= python3
PORT ?= 8000
DATA ?= var/demo
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: run test check format lock help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.venv/run: requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

.venv/dev: requirements-dev.lock pyproject.toml .venv/run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: .venv/run  ## serve the demonstration organisation (PORT=8000 DATA=var/demo)
	@$(BIN)/python -m api demo --port $(PORT) --data $(DATA)

test: .venv/dev  ## run the whole test suite, PostgreSQL and Valkey included
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: .venv/dev  ## lint, type-check, hold the import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config pyproject.toml

format: .venv/dev  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## resolve the lock files anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade --group dev pyproject.toml -o requirements-dev.lock
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -c requirements-dev.lock pyproject.toml -o requirements.lock
