#!/usr/bin/env bash
# Measures a release build from nothing, and the binary that comes out.
set -euo pipefail

case ${1:-} in
    -h | --help)
        echo "usage: bench/size.sh [TARGET_DIR]"
        echo
        echo "Builds bursar for release from nothing and prints the build's CPU time and the"
        echo "binary's size. Builds in TARGET_DIR, which must not exist yet, or else in a"
        echo "scratch folder that is removed afterwards."
        exit 0
        ;;
esac

cd "$(dirname "$0")/.."
if [ -n "${1:-}" ]; then
    target=$1
    [ ! -e "$target" ] || { echo "size.sh: $target is there already; a clean build needs a new folder" >&2; exit 1; }
else
    target=$(mktemp -d)
    trap 'rm -rf "$target"' EXIT
fi

cargo fetch --locked --quiet
TIMEFORMAT='%U %S %R'
times=$({ time CARGO_TARGET_DIR=$target cargo build --quiet --release --locked --package bursar >&2; } 2>&1 | tail -n 1)
bytes=$(stat --format %s "$target/release/bursar")

awk -v bytes="$bytes" -v times="$times" 'BEGIN {
    split(times, t, " ")
    print "| clean release build |         |         target |"
    print "| ------------------- | ------: | -------------: |"
    printf "| CPU                 | %5.0f s | at most  240 s |\n", t[1] + t[2]
    printf "| wall                | %5.0f s |                |\n", t[3]
    printf "| binary              | %4.1f MB | at most  12 MB |\n", bytes / 1e6
}'
