# make demo     see everything at work, on real data
# make test     run the tests
# make test-clients   build the clients of other languages and test them, as far as their tools are here
# make soak     run the long tests: kills, overload, cancellations, restarts; about half an hour
# make check    lint, types, the wire, the layering: what a change must pass besides the tests
# make bench    list the benchmarks
# make protos   generate the modules of the wire anew
# make lock     pin what a server is deployed with, by versions and hashes: deploy/requirements.lock
# make sbom     list it as a bill of materials (CycloneDX): dist/footlight.cdx.json
# make audit    ask PyPI whether anything in it is known to be vulnerable; needs the network
# make reference  write docs/plugin-reference.md anew
# make clean    remove what was built; .venv and data stay
#
# PYTHON=python3.12 make demo   takes another interpreter, for a .venv that does not exist yet

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUPPLY := $(VENV)/supply
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check --quiet -c constraints.txt

# real data sets beside the checkout, where present
ifndef FOOTLIGHT_DATA
ifneq ($(wildcard ../shared/data/.),)
export FOOTLIGHT_DATA := $(abspath ../shared/data)
endif
endif

LAST_TAG = $(shell git describe --tags --abbrev=0 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help demo test test-clients soak check bench protos reference lock sbom audit clean

help:
	@sed -n 's/^# \{0,1\}//p;/^$$/q' Makefile

demo: $(VENV)/.demo
	$(BIN)/footlight demo $(ARGS)

test: $(VENV)/.dev
	$(BIN)/pytest -q -n auto --dist worksteal $(ARGS)

test-clients: $(VENV)/.dev
	$(BIN)/pytest -q -rs -m clients tests/clients $(ARGS)

soak: $(VENV)/.dev
	$(BIN)/pytest -v -m soak $(or $(ARGS),tests/soak)

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	for plugin in plugins/footlight-*/; do (cd "$$plugin" && ../../$(BIN)/mypy) || exit 1; done
	$(BIN)/buf lint
	$(if $(LAST_TAG),$(BIN)/buf breaking --against '.git#tag=$(LAST_TAG)',@echo 'buf breaking: there is no tag to compare with yet')
	$(BIN)/pytest -q tests/architecture  # layering, layout, and the committed modules against fresh ones

bench: $(VENV)/.dev
	@echo 'pip install -c constraints.txt -r benchmarks/requirements.txt, then one of:'
	@for file in benchmarks/[a-z]*.py; do \
	  [ ! -f "$$file" ] || printf '  %s %-40s %s\n' $(BIN)/python "$$file" "$$(sed -n '1s/"""//gp' "$$file")"; \
	done

protos: $(VENV)/.dev
	$(BIN)/python protos

# What a server needs, with signatures and PostgreSQL; torch is left out, because its build depends on the machine.
lock: $(SUPPLY)/.done
	$(SUPPLY)/bin/uv pip compile --quiet pyproject.toml --extra server --extra provenance --extra postgresql \
	  --constraint constraints.txt --generate-hashes --universal --python-version 3.11 \
	  --custom-compile-command 'make lock' --output-file deploy/requirements.lock

sbom: $(SUPPLY)/.done
	mkdir -p dist
	$(SUPPLY)/bin/cyclonedx-py requirements deploy/requirements.lock --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o dist/footlight.cdx.json

audit: $(SUPPLY)/.done
	$(SUPPLY)/bin/pip-audit --require-hashes --disable-pip -r deploy/requirements.lock

$(SUPPLY)/.done: | $(BIN)/python
	$(BIN)/python -m venv $(SUPPLY)
	$(SUPPLY)/bin/pip install --disable-pip-version-check --quiet uv==0.13.9 cyclonedx-bom==7.5.0 pip-audit==2.10.1
	@touch $@

reference: $(VENV)/.dev
	$(BIN)/python docs/reference.py
	$(BIN)/python docs/client_reference.py

clean:
	rm -rf build dist footlight-demo .pytest_cache .ruff_cache .hypothesis .mypy_cache plugins/*/.mypy_cache plugins/*/.pytest_cache
	find clients engines plugins server tests benchmarks protos -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Footlight needs Python 3.11 or later: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing what the demo needs into $(VENV), about a minute ...'
	$(PIP_INSTALL) -e '.[demo]'
	@touch $@

$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing what the tests need into $(VENV), about a minute ...'
	$(PIP_INSTALL) -e '.[dev]'
	@touch $(VENV)/.demo $@
