#!/bin/sh
# Builds the bench and runs it: run.sh --help.
set -eu
cd "$(dirname "$0")"
command -v go > /dev/null || { echo "bench: needs Go: https://go.dev/dl" >&2; exit 1; }
cache=${TRAWL_BENCH_CACHE:-/tmp/enwiki}
mkdir -p "$cache/bin"
go build -o "$cache/bin/bench" .
exec "$cache/bin/bench" "$@"
