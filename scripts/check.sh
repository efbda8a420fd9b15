#!/usr/bin/env bash
# Every check but the tests: format, vet, staticcheck, what other machines build and run, generated assembly.
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
GOOS=linux GOARCH=arm64 go vet ./index/... ./search/... ./cmd/trawl
go vet -tags purego ./index/bitpack/... ./search/kernel/...
go test -tags purego ./index/bitpack/... ./search/kernel/...

# Assembly is what its generator writes. That is a module of its own, which comes from the module proxy.
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
cp go.mod "$fresh"
for pkg in index/bitpack search/kernel; do
    if ! go -C "$pkg/_asm" mod download 2>"$fresh/log"; then
        echo "check: $pkg is not generated anew, its modules cannot be had: $(tail -n 1 "$fresh/log")"
        continue
    fi
    mkdir -p "$fresh/$pkg"
    cp -r "$pkg/_asm" "$pkg/generate.go" "$fresh/$pkg"
    (cd "$fresh" && go generate "./$pkg")
    for f in $(cd "$fresh/$pkg" && ls ./*_amd64.s ./*_amd64.go ./*_gen.go 2>/dev/null); do
        cmp "$fresh/$pkg/$f" "$pkg/$f" || { echo "check: go generate ./$pkg, and commit what it writes"; exit 1; }
    done
done
echo "check: format, vet, staticcheck, arm64, purego and generated assembly are clean"
