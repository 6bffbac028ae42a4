# `make run` and `make test` work on a bare machine with Python 3.11 to 3.13 and make.
PYTHON ?= python3.11
VENV ?= .venv
PORT ?= 8000
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
# The processor-only builds of PyTorch. Asked for only where they can be reached; set TORCH_INDEX= to leave it out.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

BENCHMARK_DATA ?= ../shared/data/benchmark

.PHONY: run test test-fast test-faults test-browser lint format bench bench-encoder bench-quality install

run: install
	@$(BIN)/python manage.py quickstart --port $(PORT)

install: $(STAMP)

$(STAMP): requirements.txt constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Houserules needs Python 3.11 to 3.13: make PYTHON=/path/to/python"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing (a few minutes, once) ..."
	@extra=""; \
	if [ -n "$(TORCH_INDEX)" ] && $(BIN)/python -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1] + "/torch/", timeout=4)' $(TORCH_INDEX) 2>/dev/null; \
	then extra="--extra-index-url $(TORCH_INDEX)"; fi; \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt $$extra
	@touch $(STAMP)

# Lint, types, contracts, then the suite, then killed workers and full disks, then the screens in a real browser.
test: install lint test-fast test-faults test-browser

test-fast:
	$(BIN)/python -m pytest -n auto --maxprocesses 4

# Takes minutes: real processes that are killed and waited for.
test-faults:
	$(BIN)/python -m pytest tests/faults

test-browser:
	DJANGO_ALLOW_ASYNC_UNSAFE=true $(BIN)/python -m pytest tests/browser

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py check --deploy --fail-level WARNING

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Ratios measured side by side. Benchmarks on public sets need BENCHMARK_DATA=<folder>; without it they are skipped.
bench: install
	BENCHMARK_DATA=$(BENCHMARK_DATA) $(BIN)/python -m tests.benchmarks

# The tuned encoder against its plain base.
bench-encoder: install
	BENCHMARK_DATA=$(BENCHMARK_DATA) $(BIN)/python -m tests.benchmarks encoder-quality

# Our trainings against their peers. DATA is a folder with train.csv and test.csv, or of such folders; DEEP=1 adds the
# deep tier, SETFIT_PYTHON=<a Python that has setfit> SetFit. DRAWS=5.
bench-quality: install
	BENCHMARK_DATA=$(or $(DATA),$(BENCHMARK_DATA)) $(BIN)/python -m tests.benchmarks quality
