# What a developer types. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

cache := $(or $(BURSAR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bursar)
built := $(or $(CARGO_TARGET_DIR),target)
deny := $(cache)/tools/cargo-deny

# What the page is made of: all of web/ but what is made there.
page_sources := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' \
    -not -path 'web/tests/*' -not -path 'web/test-results/*' -not -path 'web/playwright-report/*' -not -name schema.d.ts 2>/dev/null)
npm := npm --prefix web --no-update-notifier

.PHONY: help build run test prepare page fmt clippy unit doc-tests docs fuzz deny tidy prices web bench

help: ## lists the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

build: page ## builds the release binary, with the page where there is npm
	cargo build --release --locked --package bursar

run: build ## starts the server on this machine, imports its logs and opens the page
	$(built)/release/bursar up

test: prepare page fmt clippy unit doc-tests docs fuzz deny tidy prices web ## checks everything

prepare:
	.ci/prepare

# Cargo does not see a folder come into being: the build script that takes it in is touched.
page: ## builds the page, which the next build of the binary takes in
	@if command -v npm >/dev/null; then \
	    $(MAKE) --no-print-directory web/dist/index.html; \
	    if [ web/dist/index.html -nt crates/server/build.rs ]; then touch crates/server/build.rs; fi; \
	else \
	    echo "page: NOT BUILT, there is no npm; install node 20.19 or newer with npm for the dashboard"; \
	fi

web/node_modules/.package-lock.json: web/package-lock.json
	$(npm) ci --cache "$(cache)/npm" --prefer-offline --no-audit --no-fund

web/dist/index.html: web/node_modules/.package-lock.json $(page_sources)
	$(npm) run build
	@touch $@

fmt: ## checks the formatting
	cargo fmt --all --check

clippy: ## checks the lints
	cargo clippy --locked --workspace --all-targets -- --deny warnings

unit: ## runs the tests
	@if cargo nextest --version >/dev/null 2>&1; then \
	    cargo nextest run --locked --workspace; \
	else \
	    cargo test --locked --workspace --bins --lib --tests; \
	fi

doc-tests:
	cargo test --locked --workspace --doc --quiet

docs: ## builds the documentation of the code
	RUSTDOCFLAGS='--deny warnings' cargo doc --locked --workspace --no-deps

fuzz: ## checks that the fuzz targets still build
	cargo check --locked --quiet --manifest-path fuzz/Cargo.toml

deny: ## checks licences, sources and duplicates of dependencies, and known holes in them
	cargo fetch --locked --quiet
	$(deny) --offline --locked check bans licenses sources
	@if timeout 60 $(deny) --locked fetch db >/dev/null 2>&1; then \
	    $(deny) --locked check advisories; \
	else \
	    echo "advisories: NOT CHECKED, their database cannot be reached from here"; \
	fi

tidy: ## checks the house rules that no compiler checks
	cargo xtask tidy

prices: ## checks that the price book is what its sources make
	cargo xtask prices --check

web: page ## checks the page: types, its own tests, and each screen in a browser
	$(npm) run check
	$(npm) run unit
	cargo build --locked --package bursar
	BURSAR_BIN="$(abspath $(built))/debug/bursar" $(npm) run browser

bench: build ## measures speed, memory, size and exactness, beside ccusage
	bench/size.sh
	bench/oracle.py
	bench/report.py
