# Everything a person types. `make` alone lists it.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
# Most tests wait for processes and conditions: more workers than cores are of use.
WORKERS ?= 4
IMAGE ?= responder

LOCKS := requirements-build.txt requirements-dev.txt
# Named by what the locks say, so that only a changed lock installs again.
STAMP := $(VENV)/.locked-$(shell cat $(LOCKS) pyproject.toml | cksum | tr ' ' '-')
# What the service itself needs: enough for the demo, in half the time.
RUNTIME := $(VENV)/.runtime-$(shell cksum < requirements.txt | tr ' ' '-')
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check

COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet \
	--generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help install demo run test fuzz check bench torture kit lock image clean

help:  ## list what can be made
	@echo "Responder answers a Grafana alert before a person can."
	@echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "Arguments go in ARGS: make demo ARGS=--exit; make test ARGS='-k loki'"

install: $(STAMP)  ## prepare .venv with the locked packages and .venv/bin/responder

demo: $(RUNTIME)  ## play one incident from alert to recovery, with nothing to set up
	@$(BIN)/python -m responder demo $(ARGS)

run: $(STAMP)  ## serve with responder.yaml
	@$(BIN)/responder serve $(if $(wildcard responder.yaml),--config responder.yaml) $(ARGS)

# What a set's order decides is decided the same way every time.
test: export PYTHONHASHSEED = 0
test: $(STAMP)  ## run the tests
	$(BIN)/pytest --numprocesses $(WORKERS) --dist loadfile $(ARGS)

fuzz: $(STAMP)  ## run them in random order, properties with thousands of random examples
	@$(BIN)/python -m tools.fuzz $(ARGS)

check: $(STAMP)  ## lint, format, types and the tests: what CI runs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(MAKE) test

bench: $(STAMP)  ## measure intake and reaction against their floors, about ten minutes
	$(BIN)/python -m tools.bench $(ARGS)

torture: $(STAMP)  ## kill it in every place for an hour and a half, on both databases
	$(BIN)/python -m tools.torture $(ARGS)

kit: $(STAMP)  ## write anew what is generated in grafana/: dashboards, alerts
	$(BIN)/python -m grafana.build

lock: $(STAMP)  ## write the requirements files anew from pyproject.toml
	$(BIN)/pip install --quiet pip-tools
	$(COMPILE) --upgrade --extra postgres --output-file requirements.txt pyproject.toml
	$(COMPILE) --upgrade --extra dev --constraint requirements.txt \
		--output-file requirements-dev.txt pyproject.toml
	$(COMPILE) --upgrade --only-build-deps --build-deps-for wheel \
		--output-file requirements-build.txt pyproject.toml

image:  ## build the container image (IMAGE=responder)
	docker build --tag $(IMAGE) .

clean:  ## remove .venv, caches and what was built
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find responder tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP): | $(VENV)/bin/pip
	@echo "Installing the locked packages into $(VENV) (once, a minute or two)"
	@$(PIP_INSTALL) --require-hashes $(LOCKS:%=-r %)
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@rm -f $(VENV)/.locked-* $(VENV)/.runtime-*
	@touch $@ $(RUNTIME)

$(RUNTIME): | $(VENV)/bin/pip
	@echo "Installing what the service needs into $(VENV) (once, half a minute)"
	@$(PIP_INSTALL) --require-hashes -r requirements.txt
	@rm -f $(VENV)/.runtime-*
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Responder needs Python 3.11 or newer as '$(PYTHON)'." >&2; \
		echo "On Debian 12: apt-get install python3 python3-venv" >&2; \
		echo "Elsewhere name one: make install PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "'$(PYTHON)' cannot make a virtual environment." >&2; \
		echo "On Debian 12: apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
