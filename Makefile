PYTHON ?= python3
VENV ?= .venv
NEWEST ?= .venv-newest
BIN := $(VENV)/bin
export OPENBLAS_NUM_THREADS ?= 1
export OMP_NUM_THREADS ?= 1
# Hundreds of processes start: what one of them has compiled the next one reads.
unexport PYTHONDONTWRITEBYTECODE
# A file's tests share what its fixtures start. The files keep the order that tests/conftest.py gives them: the slow ones first.
BY_FILE := --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help demo test check test-services faults honest newest bench types layers collected format lock deploy clean

help:  ## This list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | column -t -s "$$(printf '\t')"

# Exact versions come from config/constraints.txt, bounds from pyproject.toml.
$(VENV)/.product: pyproject.toml config/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "portopt needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12 " + "demo")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing portopt into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint config/constraints.txt --editable '.[sample]'
	@touch $@

$(VENV)/.tests: $(VENV)/.product
	@echo "installing what the tests need …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --constraint config/constraints.txt --editable '.[sample,dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.tests
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint config/constraints.txt --editable '.[sample,dev,bench]'
	@touch $@

demo: $(VENV)/.product  ## Run the rebalance flow on real prices and show the proposal
	@PORTOPT_HOME=$${PORTOPT_HOME:-.portopt} $(BIN)/portopt demo

test: $(VENV)/.tests  ## Style, types, import contracts, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs 2 types layers collected
	$(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2} $(BY_FILE)

types: $(VENV)/.tests
	$(BIN)/mypy

layers: $(VENV)/.tests
	$(BIN)/lint-imports --no-cache

# Once, so that each process of the tests finds their modules compiled.
collected: $(VENV)/.tests
	$(BIN)/python -m pytest --collect-only --quiet | tail -n 1

# SINCE=REF: changed since then. Tests that are marked slow are left to `make test`.
check: $(VENV)/.tests  ## Style, types, contracts and the tests of what was changed: two minutes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@tests=$$($(BIN)/python tests/changed.py $${SINCE:+--since $$SINCE}); \
	if [ -z "$$tests" ]; then echo "nothing was changed: no tests"; else echo "tests of what was changed: $$(echo "$$tests" | wc -l) files or folders"; \
	$(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2} $(BY_FILE) -m "not slow" $$tests; fi

test-services: $(VENV)/.tests  ## Start PostgreSQL and a Pulsar broker on loopback; the tests that need them
	@PYTHON=$(BIN)/python PORTOPT_TEST_SERVICES="postgres pulsar" bash -c 'set -euo pipefail; . .ci/services.sh; CI=true $(BIN)/python -m pytest -n $${PYTEST_WORKERS:-2} $(BY_FILE) -m "postgres or pulsar"'

faults: $(VENV)/.tests  ## Kill, cut, fill and overload; what was promised (docs/promise.md), and the counts. FAULTS="--only R2"
	$(BIN)/python tests/faults/run.py $(FAULTS)

honest: $(VENV)/.tests  ## What went wrong in other backtesters, asked of this one; HONEST="--peers" asks others too
	$(BIN)/portopt honest $(HONEST)

# The newest versions that the bounds allow, in an environment of its own: no constraints file. What is used of them is compiled
# when it is used.
$(NEWEST)/.newest: pyproject.toml
	@test -x $(NEWEST)/bin/python || $(PYTHON) -m venv $(NEWEST)
	@echo "installing the newest versions into $(NEWEST) …"
	@$(NEWEST)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile --upgrade --upgrade-strategy eager --editable '.[sample,newest]'
	@touch $@

# What is generated from the gRPC contract is checked in as the locked versions write it: that test is not for others. What pages
# name is the same whatever the versions.
newest: $(NEWEST)/.newest  ## The main job, the contracts and a long-lived process on the newest versions the bounds allow
	rm -rf $(NEWEST)/home
	PORTOPT_HOME=$(NEWEST)/home $(NEWEST)/bin/portopt demo --json >$(NEWEST)/demo.json
	$(NEWEST)/bin/python -m json.tool $(NEWEST)/demo.json >/dev/null
	$(NEWEST)/bin/python -m pytest -n $${PYTEST_WORKERS:-2} $(BY_FILE) --ignore=tests/contracts/test_rpc_contract.py --ignore=tests/contracts/test_pages_name_what_there_is.py tests/contracts tests/unit/optimization/test_branch_and_cut.py tests/unit/doors tests/integration/test_same_answers.py

bench: $(VENV)/.bench  ## Time ours against the peers in one run
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python tests/benchmarks/ledger_rows.py
	$(BIN)/python tests/benchmarks/service_rows.py
	$(BIN)/python tests/benchmarks/service_doors.py
	$(BIN)/python tests/benchmarks/backtest_rows.py

format: $(VENV)/.tests  ## Rewrite the code in its one style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(VENV)/.bench  ## Write the exact versions of this environment to config/constraints.txt
	@$(BIN)/python -m pip list --format=freeze --exclude-editable --exclude pip --exclude setuptools --exclude uv > config/constraints.txt
	@wc -l config/constraints.txt

deploy: $(VENV)/.product  ## Register the deployments with the Prefect server in PREFECT_API_URL
	@$(BIN)/prefect work-pool inspect portopt >/dev/null 2>&1 || $(BIN)/prefect work-pool create portopt --type process
	$(BIN)/prefect --no-prompt deploy --all

clean:  ## Remove the environment and the demonstration's files
	rm -rf $(VENV) $(NEWEST) .portopt
