# A bare Python >= 3.11 (with venv) and make are enough: everything else is set up here, in .venv.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN = .venv/bin
# One file of tests on each processor at a time.
AT_ONCE = -n logical --dist loadfile

.PHONY: run test check lint docs bench board clean

run: .venv/.runs ## Install what it needs and run the main job.
	$(BIN)/python -m bench.run generator.anomaly_ratio=0.05 detector=iforest

test: .venv/.tests ## Install what it needs and run all tests.
	$(BIN)/python -m pytest $(AT_ONCE) --durations=40

check: lint ## What every commit passes: style, types, direction of imports, the quick tests.
	$(BIN)/python -m pytest $(AT_ONCE) -m "not slow"

lint: .venv/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: .venv/.docs ## Build the documentation: build/site/index.html. Warnings are errors.
	$(BIN)/python -m sphinx -W --keep-going -q -E -b html -c docs/site . build/site

bench: .venv/.tests ## Measure speed, each figure beside something in the same run.
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

board: .venv/.runs ## Run the suite, and write its results, their page, README's table and picture anew (the last three alone: python docs/board.py).
	$(BIN)/python -m bench.run suite=core hydra.sweep.dir=runs/board tracking=none audit=none report.run_figures=null
	$(BIN)/python docs/board.py runs/board

clean: ## Remove the environment and what the tools left; worlds, runs and mlflow.db stay.
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "make: no Python >= 3.11 was found; name one: make PYTHON=/path/to/python" >&2; exit 2; }
	$(PYTHON) -m venv .venv

# Bytecode is compiled at once: else the first start of every program pays for it.
.venv/.runs: .venv/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	$(BIN)/python -m compileall -q -j 0 .venv/lib bench conf detectors generators reports >/dev/null || true
	touch $@

.venv/.tests: .venv/.runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,search,verify,docs,kafka]'
	touch $@

.venv/.docs: .venv/.runs
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	touch $@
