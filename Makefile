# make run: everything from nothing to a served assessment; make test: every test.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
CORE := $(VENV)/.installed-core
STAMP := $(VENV)/.installed
TORCH := torch==2.13.0
UV := $(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python
COMPILE := --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header

export PORT
export BENTOML_DO_NOT_TRACK = True
export MLFLOW_DISABLE_TELEMETRY = true
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: run install serve experiments test lint lock clean

run: $(CORE)
	@exec $(BIN)/skillscope run --port $(PORT)

install: $(STAMP)

$(CORE): requirements.lock pyproject.toml
	@echo "Installing the locked dependencies into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@$(UV) -r requirements.lock
	@$(UV) --no-deps --editable .
	@touch $(CORE)

# pip, not uv, brings torch: it takes the CPU build that a machine's pip is configured for
$(STAMP): $(CORE) requirements-dev.lock
	@echo "Installing what tests and the training of language models need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c requirements-dev.lock "$(TORCH)"
	@$(UV) -r requirements-dev.lock
	@touch $(STAMP)

serve: $(CORE)
	@exec $(BIN)/skillscope serve --port $(PORT)

experiments: $(CORE)
	@exec $(BIN)/skillscope experiments

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# Versions only: an index address in a lock would tie it to one machine. Torch stands in pyproject.toml alone, because its
# CPU and CUDA builds need different packages.
lock:
	@$(BIN)/uv pip compile $(COMPILE) --extra postgres --extra lm-serve pyproject.toml -o requirements.lock
	@echo "torch ; sys_platform == 'never'" > $(VENV)/overrides.txt
	@$(BIN)/uv pip compile $(COMPILE) --all-extras -c requirements.lock --overrides $(VENV)/overrides.txt \
		--no-emit-package torch --no-emit-package networkx \
		pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
