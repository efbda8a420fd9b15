#!/bin/sh
# Prints where axe-core's script is, fetching it from the npm registry into a
# cache folder the first time. It is a tool of the tests and never committed.
set -eu
dir="${TMPDIR:-/tmp}/trawl-axe"
mkdir -p "$dir"
if [ ! -s "$dir/package/axe.min.js" ]; then
	cd "$dir"
	npm pack axe-core@4 --silent >/dev/null
	tar -xzf axe-core-4.*.tgz package/axe.min.js
fi
echo "$dir/package/axe.min.js"
