# On a fresh machine with Python >= 3.11, git and make:
#   make demo    sets up, starts the service on the embedded default, lets customers chat, shows what was learned
#   make test    sets up, checks style, types and layers, runs every test
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test lint bench tools clean

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml .ci/constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .ci/constraints.txt uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python --constraint .ci/constraints.txt --editable '.[dev]'
	touch $@

demo: setup
	$(BIN)/maitred demo $(ARGS)

tools:
	.ci/tools

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup tools lint
	$(BIN)/python -m pytest $(ARGS)

bench: setup tools
	$(BIN)/python -m benchmarks.run $(ARGS)

clean:
	rm -rf $(VENV) .maitred build *.egg-info
