#!/usr/bin/env bash
# Tortures the server in long: 20 collectors and 5 exporters send while it is killed 50
# times, and PostgreSQL 5 times. Afterwards not one call may be missing or doubled.
# `make test` does the same in short.
#
#   bench/torture.sh [SEED]
set -euo pipefail
cd "$(dirname "$0")/.."

export BURSAR_TORTURE_SEED=${1:-1}
export BURSAR_TORTURE_COLLECTORS=20 BURSAR_TORTURE_EXPORTERS=5 BURSAR_TORTURE_CALLS=500
export BURSAR_TORTURE_KILLS=50 BURSAR_TORTURE_RESTARTS=5
cargo test --package bursar --test main -- torture --nocapture --test-threads 1
