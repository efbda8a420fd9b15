#!/usr/bin/env bash
# Runs every check and every test; installs what they need first.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup-test.sh
scripts/check.sh
go test -timeout 20m ./...
# The race detector, on all that is concurrent. -short leaves out the suites that have one goroutine.
go test -race -short -timeout 20m ./bus ./blob ./store ./crawl/frontier ./crawl/fetch ./crawl ./index ./index/stored ./search ./shard ./node ./web
