# What a developer types. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

cache := $(or $(BURSAR_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/bursar)
built := $(or $(CARGO_TARGET_DIR),target)
deny := $(cache)/tools/cargo-deny

.PHONY: help build run test prepare fmt clippy unit doc-tests docs fuzz deny tidy prices bench

help: ## lists the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

build: ## builds the release binary
	cargo build --release --locked --package bursar

run: build ## shows what was spent, from the logs on this machine, or from generated ones
	@bursar=$(built)/release/bursar; \
	if "$$bursar" report --format json | tr -d '[:space:]' | grep -q '"rows":\[\]'; then \
	    "$$bursar" demo; \
	else \
	    "$$bursar" report; \
	fi

test: prepare fmt clippy unit doc-tests docs fuzz deny tidy prices ## checks everything

prepare:
	.ci/prepare

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

bench: build ## measures speed, memory, size and exactness, beside ccusage
	bench/size.sh
	bench/oracle.py
	bench/report.py
