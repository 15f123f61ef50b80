#!/usr/bin/env bash
# A thousand calls at once under a ceiling that is worth a hundred, through four gateways on
# one PostgreSQL, one of which is killed: never a nano-dollar too much.
# `make test` does the same in short.
#
#   bench/ceiling.sh
set -euo pipefail
cd "$(dirname "$0")/.."

export BURSAR_CEILING_GATEWAYS=4 BURSAR_CEILING_CALLS=1000 BURSAR_CEILING_WORTH=100
cargo test --package bursar --test main -- ceiling --nocapture --test-threads 1
