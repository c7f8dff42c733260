# Works on a machine with only Python 3.11, 3.12 or 3.13: every target makes the virtual environment it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test lint docs linkcheck notebooks screenshots bench bench-train clean

# A stamp per requirements file: installed again only when the file changes.
$(VENV)/.installed: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Causette needs Python 3.11, 3.12 or 3.13: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.installed-dev: requirements-dev.txt $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

demo: $(VENV)/.installed
	$(BIN)/causette demo $(ARGS)

test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The guide as a site, docs/_build/html/index.html: French, and a short English version.
docs: $(VENV)/.installed-dev
	$(BIN)/python -m docs.reference
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html docs docs/_build/html
	$(BIN)/python -m sphinx -W --keep-going -n -q -b html -c docs -D language=en docs/en docs/_build/html/en

# For who has a network: every address in the guide answers.
linkcheck: $(VENV)/.installed-dev
	$(BIN)/python -m sphinx -q -b linkcheck docs docs/_build/linkcheck
	$(BIN)/python -m sphinx -q -b linkcheck -c docs -D language=en docs/en docs/_build/linkcheck/en

# The five notebooks again, from notebooks/sources.
notebooks: $(VENV)/.installed-dev
	$(BIN)/python -m notebooks.make

# Of the page that `make demo` has trained a model for; needs a Chromium (playwright install chromium, or CHROMIUM=path).
screenshots: $(VENV)/.installed-dev
	$(BIN)/python -m docs.screenshots $(or $(RUN),runs/demo/run) $(ARGS)

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.generate $(ARGS)

# Ten minutes and 12 GB of memory; the peers on PyTorch: ARGS="--peer-python …", see requirements-bench.txt.
bench-train: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.train $(ARGS)

clean:
	rm -rf $(VENV) docs/_build build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
