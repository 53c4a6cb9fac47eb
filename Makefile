# One command for each thing you do here; `make` alone lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV := $(or $(shell command -v uv 2>/dev/null),.tools/bin/uv)
export UV_LINK_MODE ?= hardlink

.DEFAULT_GOAL := help
.PHONY: help setup demo stop test test-all fuzz check format lock clean

help:  ## list these commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

setup: $(READY)  ## make the virtual environment (done by the others when needed)

demo: $(READY)  ## start Modelyard, train, register, deploy and call a model
	@$(BIN)/python examples/demo/demo.py

stop: $(READY)  ## end what `make demo` started
	@$(BIN)/modelyard down

test: $(READY)  ## pass every quick test
	$(BIN)/python -m pytest -m "not slow"

test-all: $(READY)  ## also those that need a peer, an oracle or a heavy framework
	$(BIN)/python -m pytest

SECONDS_EACH ?= 60
FUZZ := .tools/fuzz/bin/python

fuzz: $(READY)  ## look for input that breaks what reads HTTP, frames and numbers (SECONDS_EACH=60)
	@test -x $(FUZZ) || $(UV) venv -q --python $(BIN)/python .tools/fuzz
	@$(UV) pip install -q --python $(FUZZ) atheris msgspec httptools uvloop
	@mkdir -p .tools/findings
	PYTHONPATH=src $(FUZZ) -m tests.fuzz.frames -max_total_time=$(SECONDS_EACH) -artifact_prefix=.tools/findings/
	PYTHONPATH=src $(FUZZ) -m tests.fuzz.numbers -max_total_time=$(SECONDS_EACH) -artifact_prefix=.tools/findings/
	PYTHONPATH=src $(FUZZ) -m tests.fuzz.http -max_total_time=$(SECONDS_EACH) -artifact_prefix=.tools/findings/

check: $(READY)  ## ruff, mypy --strict, import-linter
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(READY)  ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(UV)  ## resolve the dependencies anew into requirements.lock
	$(UV) pip compile -q --universal --all-extras --group dev --generate-hashes --upgrade \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml -o requirements.lock

clean:  ## remove what was built here (not your Modelyard home)
	rm -rf $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build
	rm -f src/modelyard/serving/tensors/*.so

NATIVE := hatch_build.py $(wildcard src/modelyard/serving/tensors/native/*)

$(READY): requirements.lock pyproject.toml $(NATIVE) | $(UV)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Modelyard needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Say which: make PYTHON=python3.12 …")'
	@echo "Setting up $(VENV) … (a minute or two: about 90 packages)"
	@test -x $(BIN)/python || $(UV) venv -q --python "$$(command -v $(PYTHON))" $(VENV)
	@$(UV) pip sync -q --python $(BIN)/python --compile-bytecode requirements.lock
	@$(UV) pip install -q --python $(BIN)/python --no-deps --editable .
	@touch $@

.tools/bin/uv:
	@echo "Installing uv into .tools … (half a minute)"
	@$(PYTHON) -m venv .tools 2>/dev/null || $(PYTHON) -m venv --without-pip .tools
	@.tools/bin/python -m pip install -q uv 2>/dev/null || { \
	  $(PYTHON) -m pip install -q --target .tools/lib uv && mkdir -p .tools/bin && ln -sf ../lib/bin/uv .tools/bin/uv; }
