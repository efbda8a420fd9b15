#!/usr/bin/env bash
# Every check that needs no test: format, vet, staticcheck, builds for other machines.
set -euo pipefail
cd "$(dirname "$0")/.."
bad=$(gofmt -l $(git ls-files '*.go'))
[ -z "$bad" ] || { echo "gofmt would change:"; echo "$bad"; exit 1; }
go vet ./...
if staticcheck=$(command -v staticcheck || ls "$(go env GOPATH)/bin/staticcheck" 2>/dev/null); then :
elif GOFLAGS= go install honnef.co/go/tools/cmd/staticcheck@v0.8.2 2>/tmp/staticcheck.log; then staticcheck=$(go env GOPATH)/bin/staticcheck
else staticcheck=; echo "check: staticcheck cannot be installed: $(tail -n 1 /tmp/staticcheck.log)"
fi
[ -z "$staticcheck" ] || "$staticcheck" ./...
GOARCH=arm64 go vet ./index/... ./search/... ./cmd/trawl
echo "check: format, vet, staticcheck and arm64 are clean"
