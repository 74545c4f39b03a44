# Gatewright: PyTorch to FPGA. `make` alone prints this help.
DESIGN ?= mnist_mlp
BOARD  ?= ulx3s_85f
PYTHON ?= python3.11
VENV   ?= .venv
COUNT  ?= 500
SEED   ?= 1
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
OTHERS := $(VENV)/.others

.DEFAULT_GOAL := help
.PHONY: help setup train export hls rtl sim synth bitstream vivado vitis verify test test-all fuzz coverage bench prove lint doctor clean distclean

help: ## Print this help.
	@echo "Gatewright: PyTorch to FPGA, proven at every rung. DESIGN=$(DESIGN)"
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1|\2/' | column -t -s '|'

train export hls rtl sim synth: $(READY)
	@$(BIN)/gatewright build $(DESIGN) --to $@

train: ## Train DESIGN: float, prune, quantise.
export: ## ... and export it to QONNX, equal to PyTorch.
hls: ## ... and generate the hls4ml firmware project, C-simulated.
rtl: ## ... and emit SystemVerilog.
sim: ## ... and simulate inference on Verilator: the main job.
synth: ## ... the same up to rtl, and synthesise, place and route.

bitstream: $(READY) ## Make BOARD's bitstream of DESIGN: open tools, timing met (see `gatewright boards`).
	@$(BIN)/gatewright build $(DESIGN) --to rtl && $(BIN)/gatewright bitstream $(DESIGN) --board $(BOARD)

vivado: $(READY) ## Make BOARD's bitstream of DESIGN with Vivado, where it is installed.
	@$(BIN)/gatewright build $(DESIGN) --to rtl && $(BIN)/gatewright vivado $(DESIGN) --board $(BOARD)

vitis: $(READY) ## Build DESIGN's firmware with Vitis HLS, where it is installed, and check the RTL it makes.
	@$(BIN)/gatewright build $(DESIGN) --to rtl && $(BIN)/gatewright vitis $(DESIGN)

test: $(READY) ## Run the tests.
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-all: $(READY) ## Run the tests and those that take minutes.
	@$(BIN)/python -m pytest -n 2 --dist loadfile

fuzz: $(READY) ## Try COUNT random networks of SEED; what failed stays, small, in tests/fuzz/regressions.
	@PYTHONPATH=tests $(BIN)/python -m fuzz --count $(COUNT) --seed $(SEED)

coverage: $(READY) ## Tell which lines of the RTL library its benches ran.
	@rm -rf build/coverage && GATEWRIGHT_COVERAGE=build/coverage \
	  $(BIN)/python -m pytest -q -n 2 --dist loadfile tests/rtl -m "not slow" \
	  --ignore tests/rtl/test_mutants.py --ignore tests/rtl/test_lint.py
	@PYTHONPATH=tests $(BIN)/python -m rtl_coverage build/coverage

bench: $(OTHERS) ## Measure DESIGN: simulation and training against bare loops, hardware against other tools.
	@$(BIN)/gatewright build $(DESIGN) --to sim && $(BIN)/gatewright bench $(DESIGN)
	@$(BIN)/gatewright compare $(DESIGN)

lint: $(READY) ## Lint and type-check Python; lint SystemVerilog; check the import order.
	@$(BIN)/ruff check && $(BIN)/ruff format --check && $(BIN)/mypy && $(BIN)/lint-imports
	@$(BIN)/python -m pytest -q -n 2 tests/rtl/test_lint.py

verify: $(READY) ## Climb the verification ladder with DESIGN.
	@$(BIN)/gatewright build $(DESIGN) --to rtl && $(BIN)/gatewright verify $(DESIGN)

prove: $(READY) ## Prove the properties of the library's blocks with SymbiYosys.
	@$(BIN)/gatewright prove

doctor: $(READY) ## Tell what is installed and what is missing.
	@$(BIN)/gatewright doctor

setup: $(READY) ## Make the virtual environment (the others do it themselves).

$(READY): requirements.lock pyproject.toml
	@for tool in $(PYTHON) g++ make perl; do command -v $$tool >/dev/null || \
	  { echo "$$tool is missing; install it: sudo apt-get install python3.11-venv g++ make perl"; exit 3; }; done
	@echo "Making the virtual environment $(VENV): some minutes, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar on -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

# The tools that `compare` measures beside ours.
$(OTHERS): $(READY)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable ".[compare]"
	@touch $@

clean: ## Remove what was built for DESIGN.
	rm -rf build/$(DESIGN)

distclean: ## Remove all that was built, and the virtual environment.
	rm -rf build $(VENV)
