# Sealine's developer interface: `make help` lists it. What builds the firmware is in firmware/Makefile,
# what installs is in tools/setup; this file only says what calls what.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
# OUT and ONCE are the demo's: a firmware build that is made on the way must not take them for its own
MAKEOVERRIDES := $(filter-out OUT=% ONCE=%,$(MAKEOVERRIDES))
BIN := .venv/bin
JOBS ?= $(shell nproc)
# a newcomer's machine may have no locale; an editor or CI may have its own idea of colours
export PYTHONUTF8 := 1
export UV_PYTHON_DOWNLOADS := never

# what the committed generators write
GENERATED := protocol/sealine_protocol/schema.py protocol/vectors firmware/app/wire/schema.py \
             firmware/stubs hil_tests/sealine_hil/window.py docs/call-states.md
OWN_C = $(shell git ls-files 'firmware/*.c' 'firmware/*.h')

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | \
	  awk -F'|' '{printf "  make %-10s %s\n", $$1, $$2}'

.PHONY: setup
setup: ## install what the build needs (nothing to do when all is there; a second run needs no network)
	@python3 tools/setup

.PHONY: firmware
firmware: setup ## build/firmware/qemu/firmware.elf, the image of the emulated wall phone
	@test -e build/firmware/qemu/firmware.elf || echo "firmware: first build, about a minute"
	@$(MAKE) -C firmware -j$(JOBS) qemu

.PHONY: install
install: firmware ## make the built image the one that the emulator board runs
	@cp build/firmware/qemu/firmware.elf build/firmware/qemu/installed.elf
	@echo "installed build/firmware/qemu/installed.elf"

.PHONY: unix
unix: setup ## build/firmware/unix/micropython, the same modules for a host (fast tests, tablet)
	@$(MAKE) -C firmware -j$(JOBS) unix

.PHONY: demo
demo: firmware ## two wall phones, real calls, end to end; ONCE=1 does not wait, OUT=dir keeps the evidence
	@$(BIN)/sealine demo $(if $(ONCE),--once) $(if $(OUT),--out "$(abspath $(OUT))")

.PHONY: bench
bench: firmware unix ## speed, memory and quality beside their limits
	@$(BIN)/sealine bench

.PHONY: test
test: firmware unix ## all tests: pure C, C modules and app in MicroPython, host packages, real firmware in QEMU
	@$(MAKE) -s -C firmware/tests/c
	@$(MAKE) -C firmware size
	@$(MAKE) -C firmware -j$(JOBS) bare
	@$(BIN)/python -m pytest

.PHONY: mp-tests
mp-tests: firmware ## MicroPython's own test suite on the emulated board (about 3 minutes)
	@$(MAKE) -C firmware mp-tests

.PHONY: check
check: lint types floors clean-text gen-check ## style, types, floors, committed text, generated files

.PHONY: lint
lint: setup
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check . || { echo "run: make format"; exit 1; }
	@$(if $(OWN_C),$(BIN)/clang-format --dry-run -Werror $(OWN_C) || { echo "run: make format"; exit 1; })

.PHONY: types
types: setup
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/mypy --no-error-summary tools/setup/*.py tools/checks/*.py
	@$(if $(wildcard firmware/app),$(BIN)/basedpyright --project firmware --pythonpath $(BIN)/python \
	  --typeshedpath $(firstword $(wildcard .venv/lib/python3*/site-packages)))

.PHONY: floors
floors: setup
	@$(BIN)/lint-imports --no-logo > build/log/floors.log || { cat build/log/floors.log; exit 1; }
	@python3 tools/checks/firmware_floors.py .

.PHONY: clean-text
clean-text:
	@python3 tools/checks/clean_text.py .

.PHONY: format
format: setup ## let the formatters rewrite Python and C
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .
	@$(if $(OWN_C),$(BIN)/clang-format -i $(OWN_C))

.PHONY: gen
gen: unix ## write every generated file anew
	@$(BIN)/python -m sealine_protocol.gen
	@$(BIN)/python protocol/vectors/generate.py
	@$(BIN)/python firmware/stubs/generate.py
	@$(BIN)/python firmware/call_states.py
	@$(MAKE) -C firmware window

.PHONY: gen-check
gen-check: setup ## fail if a generated file is not what its generator writes
	@find $(wildcard $(GENERATED)) -type f ! -path '*__pycache__*' -exec sha256sum {} + | sort -k2 > build/gen.before
	@$(MAKE) gen
	@find $(wildcard $(GENERATED)) -type f ! -path '*__pycache__*' -exec sha256sum {} + | sort -k2 > build/gen.after
	@diff build/gen.before build/gen.after || { echo "generated files drifted: they are new now; look, and commit"; exit 1; }

.PHONY: lock
lock: setup ## resolve the Python packages again into tools/setup/requirements.txt (hashes, no address)
	@$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate \
	  $(foreach part,protocol provisioning gateway central hil tools,--no-emit-package sealine-$(part)) \
	  $(foreach group,build check test,--group pyproject.toml:$(group)) \
	  tools/pyproject.toml --output-file tools/setup/requirements.txt > build/log/lock.log

.PHONY: clean
clean: ## remove what make made, the environment and the fetched sources included
	rm -rf build .venv
