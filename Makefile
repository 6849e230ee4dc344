# The two commands: `make run` and `make test`. Everything they need beyond Python ≥ 3.11 they install into .venv.
PYTHON ?= python3
PORT ?= 8000
DATA ?= var/demo
BIN := .venv/bin
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: run rehearse test check contract fuzz bench bench-quick bench-check load load-quick format lock help wrk

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

rehearse: .venv/run  ## make something that an app must live through happen in the demonstration (SITUATION=transferred)
	@$(BIN)/python -m api demo --data $(DATA) rehearse $(SITUATION)

test: .venv/dev  ## run the whole test suite, PostgreSQL and Valkey included
	$(BIN)/python -m pytest -n 2 --dist worksteal $(ARGS)

check: .venv/dev  ## lint, type-check, hold the import contract
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config pyproject.toml

contract: .venv/dev  ## write an addition to the API into tests/contract/openapi.json
	$(BIN)/python -m tests.contract.snapshot

fuzz: .venv/dev  ## try every operation as everybody, many times
	HANDBOOK_FUZZ=long $(BIN)/python -m pytest tests/contract/test_fuzz.py

.venv-load/ready: requirements-load.lock
	@test -x .venv-load/bin/python || $(PYTHON) -m venv .venv-load
	.venv-load/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-load.lock
	@touch $@

LOAD = .venv-load/bin/python -m tests.load.day $(if $(SIZE),--size $(SIZE)) $(if $(BURST),--burst) \
	$(if $(TARGET),--target $(TARGET) --tokens $(or $(TOKENS),$(DATA)/load-tokens.jsonl)) $(if $(REMOTE),--allow-remote)

load: .venv-load/ready  ## a day of 160,000 accesses in 15 minutes (SIZE=national BURST=1 TARGET=http://127.0.0.1:8000)
	$(LOAD)

load-quick: .venv-load/ready  ## the same rates in 2 minutes
	$(LOAD) --quick

.venv-bench/ready: requirements-bench.lock
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@touch $@

wrk:
	@command -v wrk >/dev/null || { test "$$(id -u)" = 0 && apt-get install -y -qq wrk; } || \
	{ echo "the bench needs wrk: apt-get install wrk"; exit 1; }

BENCH = .venv-bench/bin/python -m tests.load.bench $(if $(SIZE),--size $(SIZE)) $(if $(ONLY),--only $(ONLY))

bench: .venv-bench/ready wrk  ## measure the promises against the baselines (SIZE=national ONLY=hit,304)
	$(BENCH)

bench-quick: .venv-bench/ready wrk  ## the same in under three minutes, what there is no time for left out
	$(BENCH) --quick

bench-check: .venv-bench/ready wrk  ## test what needs the bench's own environment
	.venv-bench/bin/python -m pytest tests/load/check_bench.py

format: .venv/dev  ## format and fix what can be fixed
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

LOCK = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade

lock:  ## resolve the lock files anew (needs uv)
	$(LOCK) --group dev pyproject.toml -o requirements-dev.lock
	$(LOCK) -c requirements-dev.lock pyproject.toml -o requirements.lock
	$(LOCK) -c requirements-dev.lock --group load pyproject.toml -o requirements-load.lock
	$(LOCK) -c requirements-dev.lock --group bench pyproject.toml -o requirements-bench.lock
