# On a fresh machine with Python >= 3.11, git and make:
#   make demo    sets up, starts the service on the embedded default, lets customers chat, shows what was learned
#   make test    sets up, checks style, types and layers, runs every test
#   make bench   measures speed beside what is promised (ARGS=--markdown: rows for benchmarks/README.md; ARGS=--json)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: setup demo test coverage faults lint bench fuzz chaos tools clean

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
	failed=0; \
	$(BIN)/python -m pytest -m "not alone" -n 2 --dist loadfile $(ARGS) || test $$? -eq 5 || failed=1; \
	$(BIN)/python -m pytest -m alone $(ARGS) || test $$? -eq 5 || failed=1; \
	exit $$failed

coverage: setup tools
	mkdir -p build
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage json --quiet -o build/coverage.json
	$(BIN)/python -m tests.coverage_gate build/coverage.json

faults: setup
	$(BIN)/python -m tests.faults.run_faults $(ARGS)

bench: setup tools
	$(BIN)/python -m benchmarks.run $(ARGS)

fuzz: setup
	$(BIN)/python -m tests.fuzz.run $(ARGS)

chaos: setup tools
	$(BIN)/python -m tests.chaos.run $(ARGS)

clean:
	rm -rf $(VENV) .maitred build *.egg-info
