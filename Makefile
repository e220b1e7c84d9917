# make run: everything from nothing to a served assessment; make test: every test.
PYTHON ?= python3
PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
COMPILE := --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header

export PORT
export BENTOML_DO_NOT_TRACK = True
export MLFLOW_DISABLE_TELEMETRY = true
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: run install serve experiments test lint lock clean

run: $(STAMP)
	@exec $(BIN)/skillscope run --port $(PORT)

install: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml
	@echo "Installing the locked dependencies into $(VENV) ..."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.9"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -r requirements-dev.lock
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --editable .
	@touch $(STAMP)

serve: $(STAMP)
	@exec $(BIN)/skillscope serve --port $(PORT)

experiments: $(STAMP)
	@exec $(BIN)/skillscope experiments

test: $(STAMP)
	@$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(STAMP)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# versions only: an index address in a lock would tie it to one machine
lock:
	@$(BIN)/uv pip compile $(COMPILE) --extra postgres pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile $(COMPILE) --all-extras -c requirements.lock pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
